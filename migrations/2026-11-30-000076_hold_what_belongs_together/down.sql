SET LOCAL lock_timeout = '500ms';

-- contract: nothing counts on these.
ALTER TABLE creations DROP CONSTRAINT creations_of_their_order;
-- contract: as above.
ALTER TABLE refunds DROP CONSTRAINT refunds_of_their_payment;
-- contract: as above.
ALTER TABLE journals DROP CONSTRAINT journals_of_their_payment;
-- contract: as above.
ALTER TABLE payments DROP CONSTRAINT payments_of_their_order;
