SET LOCAL lock_timeout = '2s';

CREATE SCHEMA parted;
ALTER TABLE history SET SCHEMA parted;
ALTER TABLE notifications SET SCHEMA parted;
ALTER TABLE events SET SCHEMA parted;
ALTER TABLE deliveries SET SCHEMA parted;
ALTER TABLE delivery_tries SET SCHEMA parted;

CREATE TABLE history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL,
    payment_id uuid,
    at timestamptz NOT NULL DEFAULT now(),
    source text NOT NULL,
    fact text NOT NULL,
    payment_from text,
    payment_to text,
    order_from text,
    order_to text,
    order_version integer,
    detail text
);

CREATE INDEX history_of_order ON history (order_id, id);

CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    path text NOT NULL,
    body_digest bytea NOT NULL CHECK (octet_length(body_digest) = 32),
    body_sealed bytea NOT NULL,
    headers text NOT NULL,
    matched_route text NOT NULL,
    verdict text NOT NULL
        CHECK (verdict IN ('applied', 'no_change', 'stale', 'unknown_reference', 'unreadable',
                           'asked', 'dismissed')),
    payment_id uuid,
    seen integer NOT NULL DEFAULT 1,
    received_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    rematch_due_at timestamptz,
    UNIQUE (path, body_digest)
);

CREATE INDEX notifications_of_payment ON notifications (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX notifications_rematch_due ON notifications (rematch_due_at)
    WHERE rematch_due_at IS NOT NULL;
CREATE INDEX notifications_quarantined ON notifications (received_at)
    WHERE verdict IN ('unknown_reference', 'unreadable');

CREATE TABLE events (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants (id),
    order_id uuid REFERENCES orders (id),
    type text NOT NULL,
    order_version integer,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id()
);

CREATE INDEX events_feed ON events (merchant_id, transaction, id);
CREATE INDEX events_of_order ON events (order_id);
CREATE INDEX events_of_merchant ON events (merchant_id, created_at, id);

CREATE TABLE deliveries (
    event_id uuid NOT NULL REFERENCES events (id),
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoints (id),
    state text NOT NULL CHECK (state IN ('due', 'delivered', 'dead')),
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    lease_token uuid,
    leased_until timestamptz,
    last_status smallint,
    last_error text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, endpoint_id)
) WITH (fillfactor = 80);

CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at) WHERE state = 'due';
CREATE INDEX deliveries_dead ON deliveries (endpoint_id) WHERE state = 'dead';
CREATE INDEX deliveries_leased ON deliveries (endpoint_id, leased_until)
    WHERE leased_until IS NOT NULL;

CREATE TABLE delivery_tries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    try_no integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    outcome text NOT NULL,
    status smallint,
    duration_ms integer NOT NULL
);

CREATE INDEX delivery_tries_of_event ON delivery_tries (event_id, id);

INSERT INTO history OVERRIDING SYSTEM VALUE SELECT * FROM parted.history;
-- Of a callback that stands in two months the first row is kept.
INSERT INTO notifications
    SELECT id, path, body_digest, body_sealed, headers, matched_route, verdict, payment_id, seen,
        received_at, last_seen_at, rematch_due_at FROM parted.notifications ORDER BY month
    ON CONFLICT (path, body_digest) DO NOTHING;
INSERT INTO events SELECT * FROM parted.events;
INSERT INTO deliveries SELECT * FROM parted.deliveries;
INSERT INTO delivery_tries OVERRIDING SYSTEM VALUE SELECT * FROM parted.delivery_tries;

SELECT setval(pg_get_serial_sequence('history', 'id'), (SELECT max(id) FROM history))
    WHERE EXISTS (SELECT FROM history);
SELECT setval(pg_get_serial_sequence('delivery_tries', 'id'), (SELECT max(id) FROM delivery_tries))
    WHERE EXISTS (SELECT FROM delivery_tries);

DROP TABLE parted.history, parted.notifications, parted.delivery_tries, parted.deliveries,
    parted.events CASCADE;
DROP SCHEMA parted CASCADE;
DROP FUNCTION drop_partitions(text, date);
DROP FUNCTION deliveries_waiting(text, date);
DROP FUNCTION make_partitions(integer);
DROP FUNCTION stray_months();
DROP FUNCTION make_month(text, date);
DROP FUNCTION empty_default(text, text, date, boolean);
DROP FUNCTION make_partition(text, date);
DROP FUNCTION partition_list();
DROP FUNCTION partition_bound(text, date);
DROP FUNCTION partitioned_tables();
DROP FUNCTION kept_since(text);
DROP TABLE partition_drops;
