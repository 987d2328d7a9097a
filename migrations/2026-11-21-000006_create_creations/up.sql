-- One row for each POST that created something: its fingerprint, its key, and its first final
-- reply, sealed, so that the same request gets the same bytes again.
SET LOCAL lock_timeout = '2s';

CREATE TABLE creations (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants (id),
    order_id uuid NOT NULL REFERENCES orders (id),
    payment_id uuid REFERENCES payments (id),
    endpoint text NOT NULL,
    makes_order boolean NOT NULL,
    idempotency_key text CHECK (char_length(idempotency_key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    reply_status smallint,
    reply_sealed bytea,
    replays integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (merchant_id, idempotency_key)
);

CREATE UNIQUE INDEX creations_of_order ON creations (order_id) WHERE makes_order;
CREATE INDEX creations_age ON creations (created_at);
