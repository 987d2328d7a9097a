-- A refund that waits can be cancelled, by the shop or since less than it is left. Who makes the
-- transfer needs to know where to: sealed, since it names the payer.
SET LOCAL lock_timeout = '500ms';

ALTER TABLE refunds
    ADD COLUMN payee_sealed bytea,
    ADD COLUMN cancelled_by text CHECK (cancelled_by IN ('merchant', 'operator', 'gateway')),
    ADD COLUMN cancelled_at timestamptz;
CREATE INDEX refunds_with_payee ON refunds (order_id) WHERE payee_sealed IS NOT NULL;

-- contract: the check is replaced by one that allows more, in the same transaction.
ALTER TABLE refunds DROP CONSTRAINT refunds_state_check;
ALTER TABLE refunds
    ADD CONSTRAINT refunds_state_check
        CHECK (state IN ('manual_required', 'completed', 'cancelled')),
    ADD CONSTRAINT refunds_cancelled_check
        CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL)
               AND (state = 'cancelled') = (cancelled_by IS NOT NULL));
