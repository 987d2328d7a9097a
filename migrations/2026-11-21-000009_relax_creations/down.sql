SET LOCAL lock_timeout = '2s';

DELETE FROM creations WHERE order_id IS NULL;
ALTER TABLE creations
    DROP CONSTRAINT creations_of_orders_name_them,
    ALTER COLUMN order_id SET NOT NULL;
