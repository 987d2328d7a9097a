-- The rows of before are held to the keys of the migrations before this one. Reading and writing go on.
SET LOCAL lock_timeout = '500ms';

-- lock: only against other changes of the schema; readers and writers pass.
ALTER TABLE payments VALIDATE CONSTRAINT payments_of_their_order;
-- lock: as above.
ALTER TABLE journals VALIDATE CONSTRAINT journals_of_their_payment;
-- lock: as above.
ALTER TABLE journals VALIDATE CONSTRAINT journals_receipt;
-- lock: as above.
ALTER TABLE refunds VALIDATE CONSTRAINT refunds_of_their_payment;
-- lock: as above.
ALTER TABLE creations VALIDATE CONSTRAINT creations_of_their_order;
-- lock: as above.
ALTER TABLE receipts VALIDATE CONSTRAINT receipts_sums_are_none_below_zero;
-- lock: as above.
ALTER TABLE receipts VALIDATE CONSTRAINT receipts_verdict_check;
-- lock: as above.
ALTER TABLE receipts VALIDATE CONSTRAINT receipts_held_is_what_is_left;
-- lock: as above.
ALTER TABLE payments VALIDATE CONSTRAINT payments_base_state_check;
-- lock: as above.
ALTER TABLE orders VALIDATE CONSTRAINT orders_base_state_check;
-- lock: as above.
ALTER TABLE journals VALIDATE CONSTRAINT journals_booking_check;
