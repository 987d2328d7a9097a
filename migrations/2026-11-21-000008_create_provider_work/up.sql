-- What is to be done with the provider about a payment, and when: resolve an unknown create, look
-- for money, close at the provider, let it expire. Claimed by lease in database time; the token
-- fences a worker that wakes up late.
SET LOCAL lock_timeout = '2s';

CREATE TABLE provider_work (
    payment_id uuid NOT NULL REFERENCES payments (id),
    kind text NOT NULL CHECK (kind IN ('resolve', 'inquire', 'close', 'expire')),
    due_at timestamptz NOT NULL,
    began_at timestamptz NOT NULL,
    steps integer NOT NULL DEFAULT 0,
    asked_at timestamptz,
    not_found_at timestamptz,
    lease_token uuid,
    leased_until timestamptz,
    PRIMARY KEY (payment_id, kind)
) WITH (fillfactor = 80);

CREATE INDEX provider_work_due ON provider_work (kind, due_at);
