SET LOCAL lock_timeout = '2s';

ALTER TABLE events DROP COLUMN traceparent;
