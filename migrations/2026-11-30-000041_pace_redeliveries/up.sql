-- A range whose step fails comes again later and lets the others pass; after a bounded number of failures it is
-- given up, and says so. Each says who asked for it; those of before do not.
SET LOCAL lock_timeout = '2s';

ALTER TABLE redeliveries
    ADD COLUMN attempts integer NOT NULL DEFAULT 0,
    ADD COLUMN due_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN gave_up boolean NOT NULL DEFAULT false,
    ADD COLUMN asked_by text;

CREATE INDEX redeliveries_due ON redeliveries (due_at) WHERE finished_at IS NULL;
