-- The orders that a shop asked to be paid by one method and channel, newest last, whichever of their payments it was;
-- outside a transaction, so that writers do not wait. With coalesce, no session behind a wall could search by it.
CREATE INDEX CONCURRENTLY payments_by_way ON payments
    (merchant_id, method, (CASE WHEN channel IS NULL THEN '' ELSE channel END), order_created_at, order_id);
