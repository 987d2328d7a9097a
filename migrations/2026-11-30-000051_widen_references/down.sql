SET LOCAL lock_timeout = '2s';

ALTER TABLE orders DROP CONSTRAINT orders_reference_check;
ALTER TABLE orders ADD CONSTRAINT orders_reference_check
    CHECK (reference ~ '^[A-Za-z0-9._-]{1,64}$') NOT VALID;
