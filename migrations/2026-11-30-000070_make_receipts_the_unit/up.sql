-- Receipts carry all that the provider said of them, so that payments, orders and books follow from
-- them. A receipt of before has no `received_minor`: the services read it by `held` and what its payment
-- says. They also write `held` as the version before reads it.
SET LOCAL lock_timeout = '500ms';

ALTER TABLE receipts
    ADD COLUMN received_minor bigint,
    ADD COLUMN returned_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN given_back_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN given_back_whole boolean NOT NULL DEFAULT false,
    ADD COLUMN is_right boolean NOT NULL DEFAULT false,
    ADD COLUMN verdict text,
    ADD COLUMN provider_reference text,
    ADD COLUMN fee_minor bigint,
    ADD COLUMN rrn text,
    ADD COLUMN issuer text,
    ADD COLUMN settles_on date,
    ADD COLUMN finished_at timestamptz,
    ADD CONSTRAINT receipts_sums_are_none_below_zero
        CHECK (received_minor > 0 AND returned_minor BETWEEN 0 AND amount_minor
               AND given_back_minor >= 0 AND fee_minor >= 0) NOT VALID,
    ADD CONSTRAINT receipts_verdict_check CHECK (verdict IN ('accepted', 'returned', 'rejected')) NOT VALID,
    ADD CONSTRAINT receipts_held_is_what_is_left
        CHECK (received_minor IS NULL OR CASE held
            WHEN 'merchant' THEN returned_minor < amount_minor AND verdict IS DISTINCT FROM 'rejected'
                AND (is_right OR verdict IS NOT DISTINCT FROM 'accepted')
            WHEN 'suspense' THEN returned_minor < amount_minor AND verdict IS NULL
            WHEN 'refunded' THEN returned_minor = amount_minor
            ELSE returned_minor = amount_minor OR verdict IS NOT DISTINCT FROM 'rejected' END) NOT VALID;

-- What the provider said of a receipt without its sum: so much of it went back (status 04), or it came
-- and nobody can say how much. The name says which receipt, which may not have been heard of yet.
CREATE TABLE receipt_notices (
    payment_id uuid NOT NULL REFERENCES payments (id),
    says text NOT NULL CHECK (says IN ('paid', 'returned')),
    named_by text NOT NULL CHECK (named_by IN ('nothing', 'key', 'reference', 'inquiry')),
    name text NOT NULL CHECK ((named_by = 'nothing') = (name = '')),
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    whole boolean NOT NULL,
    verdict text CHECK (verdict IN ('settled', 'rejected')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (payment_id, says, named_by, name)
);

CREATE POLICY of_merchant ON receipt_notices USING (sees_every_merchant()
    OR EXISTS (SELECT FROM payments WHERE payments.id = receipt_notices.payment_id)) WITH CHECK (true);
ALTER TABLE receipt_notices ENABLE ROW LEVEL SECURITY;

-- Where they stand apart from money, once money was heard of.
ALTER TABLE payments
    ADD COLUMN base_state text,
    ADD CONSTRAINT payments_base_state_check CHECK (base_state IN
        ('creating', 'unknown', 'pending', 'expired', 'cancelled', 'failed')) NOT VALID;
ALTER TABLE orders
    ADD COLUMN base_state text,
    ADD CONSTRAINT orders_base_state_check CHECK (base_state IN
        ('pending', 'expired', 'cancelled', 'failed')) NOT VALID;

-- Each movement of the books names its receipt. The version before names none.
ALTER TABLE journals
    ADD COLUMN receipt_id uuid,
    ADD CONSTRAINT journals_receipt FOREIGN KEY (receipt_id) REFERENCES receipts (id) NOT VALID;
-- contract: the check is replaced by one that allows more, in the same transaction.
ALTER TABLE journals DROP CONSTRAINT journals_booking_check;
ALTER TABLE journals ADD CONSTRAINT journals_booking_check
    CHECK (booking IN ('receive_for_merchant', 'receive_into_suspense', 'suspense_to_merchant',
                       'merchant_to_suspense', 'release_suspense', 'refund_from_merchant')) NOT VALID;
