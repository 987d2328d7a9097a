-- Refunds that a shop asked for. The provider has no call for them: a person gives the money back and
-- says so, or the provider announces it (status 04).
SET LOCAL lock_timeout = '500ms';

CREATE TABLE refunds (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants (id),
    order_id uuid NOT NULL REFERENCES orders (id),
    payment_id uuid NOT NULL REFERENCES payments (id),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL CHECK (currency = 'IDR'),
    reason text NOT NULL,
    state text NOT NULL CHECK (state IN ('manual_required', 'completed')),
    evidence text,
    completed_by text CHECK (completed_by IN ('merchant', 'operator', 'provider')),
    created_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz,
    CHECK ((state = 'completed') = (completed_at IS NOT NULL)),
    CHECK ((state = 'completed') = (completed_by IS NOT NULL))
);

CREATE INDEX refunds_of_order ON refunds (order_id, created_at, id);
CREATE INDEX refunds_of_payment ON refunds (payment_id, created_at, id);
CREATE INDEX refunds_waiting ON refunds (created_at) WHERE state = 'manual_required';

CREATE POLICY of_merchant ON refunds USING (sees_merchant(merchant_id));
ALTER TABLE refunds ENABLE ROW LEVEL SECURITY;
