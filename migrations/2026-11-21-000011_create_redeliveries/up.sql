-- A merchant's wish to have the events of a range sent again, worked off in steps; at most one at a
-- time for each merchant. The step after the last event done begins at (done_until, done_id).
SET LOCAL lock_timeout = '2s';

CREATE TABLE redeliveries (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants (id),
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL CHECK (to_at > from_at),
    event_type text,
    done_until timestamptz NOT NULL,
    done_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);

CREATE UNIQUE INDEX redeliveries_running ON redeliveries (merchant_id) WHERE finished_at IS NULL;

CREATE INDEX events_of_merchant ON events (merchant_id, created_at, id);
