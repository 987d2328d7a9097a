-- As the migration before, for what belongs to a payment.
CREATE UNIQUE INDEX CONCURRENTLY payments_of_order ON payments (id, order_id, merchant_id);
