-- The inbox: what the provider told us, the very bytes, sealed since they may name the payer, stored
-- before it is acknowledged. Uniqueness is over signed material (path and the SHA-256 of the
-- minified body), never over a header.
SET LOCAL lock_timeout = '2s';

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

-- The newest refused callbacks, for gatewayctl verify --rejected; never with their Authorization.
CREATE TABLE rejected_notifications (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    path text NOT NULL,
    query text,
    headers text NOT NULL,
    body_sealed bytea NOT NULL,
    reason text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
);

-- Tokens we issued to the provider for SNAP callbacks, as digests.
CREATE TABLE snap_tokens (
    digest bytea PRIMARY KEY CHECK (octet_length(digest) = 32),
    client_key text NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

CREATE INDEX snap_tokens_expiry ON snap_tokens (expires_at);
