-- Not only orders and payments are created by a POST that may be repeated: a creation may belong to
-- no order.
SET LOCAL lock_timeout = '2s';

ALTER TABLE creations
    ALTER COLUMN order_id DROP NOT NULL,
    ADD CONSTRAINT creations_of_orders_name_them CHECK (order_id IS NOT NULL OR NOT makes_order);
