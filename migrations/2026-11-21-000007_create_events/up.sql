-- The outbox: events are written in the transaction that causes them; a delivery is one event on
-- its way to one endpoint, claimed by lease, never by a cursor over ids.
SET LOCAL lock_timeout = '2s';

CREATE TABLE webhook_endpoints (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants (id),
    url text NOT NULL,
    event_types text[],
    enabled boolean NOT NULL DEFAULT true,
    disabled_reason text,
    secret_sealed bytea NOT NULL,
    previous_secret_sealed bytea,
    previous_secret_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);

CREATE INDEX webhook_endpoints_of_merchant ON webhook_endpoints (merchant_id)
    WHERE deleted_at IS NULL;

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

-- The loop asks endpoint by endpoint, so that the backlog of one costs the others nothing.
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at) WHERE state = 'due';
CREATE INDEX deliveries_dead ON deliveries (endpoint_id) WHERE state = 'dead';

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
