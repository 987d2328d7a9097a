-- Erasing a payer finds the kept replies of an order's further payments. Made beside writers; this
-- statement stands alone, since it may be in no transaction, and the migrator sets its lock_timeout.
CREATE INDEX CONCURRENTLY creations_of_further_payments ON creations (order_id) WHERE NOT makes_order;
