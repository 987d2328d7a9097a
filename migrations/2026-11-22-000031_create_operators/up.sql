-- Who may use the operator's console; their sessions, of whose tokens only digests are stored; failed
-- attempts to sign in, under digests of what was tried; and what operators did, which only grows. They
-- belong to no merchant, and a session that works for one sees nothing of them.
SET LOCAL lock_timeout = '500ms';

CREATE TABLE operators (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (char_length(email) BETWEEN 3 AND 254 AND email = lower(email)),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    role text NOT NULL CHECK (role IN ('viewer', 'operator')),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    created_at timestamptz NOT NULL DEFAULT now(),
    signed_in_at timestamptz,
    disabled_at timestamptz
);

CREATE TABLE operator_sessions (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    operator_id uuid NOT NULL REFERENCES operators (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

CREATE INDEX operator_sessions_of_operator ON operator_sessions (operator_id, created_at);
CREATE INDEX operator_sessions_expiry ON operator_sessions (expires_at);

CREATE TABLE sign_in_attempts (
    subject bytea PRIMARY KEY CHECK (octet_length(subject) = 32),
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    last_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX sign_in_attempts_last ON sign_in_attempts (last_at);

-- A row is written with its effect. Where the provider is asked, one is written before and says `begun`,
-- and another after it, which names the one it follows.
CREATE TABLE operator_actions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    operator_id uuid REFERENCES operators (id),
    action text NOT NULL,
    target text,
    outcome text NOT NULL,
    address text NOT NULL,
    follows bigint
);

CREATE TRIGGER operator_actions_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_actions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE POLICY of_the_house ON operators USING (sees_every_merchant());
CREATE POLICY of_the_house ON operator_sessions USING (sees_every_merchant());
CREATE POLICY of_the_house ON sign_in_attempts USING (sees_every_merchant());
CREATE POLICY of_the_house ON operator_actions USING (sees_every_merchant());

ALTER TABLE operators ENABLE ROW LEVEL SECURITY;
ALTER TABLE operator_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sign_in_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE operator_actions ENABLE ROW LEVEL SECURITY;
