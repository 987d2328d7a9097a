SET LOCAL lock_timeout = '2s';

ALTER TABLE rejected_notifications DROP COLUMN explanation;
