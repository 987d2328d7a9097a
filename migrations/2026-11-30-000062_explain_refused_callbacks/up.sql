-- Which known confusion explains the signature of a refused callback: found out by the worker, which alone still held its
-- token. Never the token.
SET LOCAL lock_timeout = '2s';

ALTER TABLE rejected_notifications ADD COLUMN explanation text;
