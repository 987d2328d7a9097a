DROP TABLE operator_actions, sign_in_attempts, operator_sessions, operators;
