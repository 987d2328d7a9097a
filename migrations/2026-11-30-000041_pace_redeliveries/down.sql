SET LOCAL lock_timeout = '2s';

DROP INDEX redeliveries_due;
ALTER TABLE redeliveries DROP COLUMN attempts, DROP COLUMN due_at, DROP COLUMN gave_up,
    DROP COLUMN asked_by;
