SET LOCAL lock_timeout = '2s';

ALTER TABLE notifications DROP COLUMN dismissed_at, DROP COLUMN dismissed_by, DROP COLUMN dismissed_reason;
