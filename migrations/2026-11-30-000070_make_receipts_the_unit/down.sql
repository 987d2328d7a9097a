-- contract: the version before knows none of these.
SET LOCAL lock_timeout = '500ms';

-- contract: as above.
ALTER TABLE journals DROP CONSTRAINT journals_booking_check, DROP COLUMN receipt_id;
ALTER TABLE journals ADD CONSTRAINT journals_booking_check
    CHECK (booking IN ('receive_for_merchant', 'receive_into_suspense', 'suspense_to_merchant',
                       'release_suspense', 'refund_from_merchant')) NOT VALID;
-- contract: as above.
ALTER TABLE orders DROP COLUMN base_state;
-- contract: as above.
ALTER TABLE payments DROP COLUMN base_state;
-- contract: as above.
DROP TABLE receipt_notices;
-- contract: as above.
ALTER TABLE receipts
    DROP CONSTRAINT receipts_held_is_what_is_left,
    DROP CONSTRAINT receipts_verdict_check,
    DROP CONSTRAINT receipts_sums_are_none_below_zero,
    DROP COLUMN received_minor,
    DROP COLUMN returned_minor,
    DROP COLUMN given_back_minor,
    DROP COLUMN given_back_whole,
    DROP COLUMN is_right,
    DROP COLUMN verdict,
    DROP COLUMN provider_reference,
    DROP COLUMN fee_minor,
    DROP COLUMN rrn,
    DROP COLUMN issuer,
    DROP COLUMN settles_on,
    DROP COLUMN finished_at;
