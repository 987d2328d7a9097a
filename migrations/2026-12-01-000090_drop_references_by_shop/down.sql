SET LOCAL lock_timeout = '2s';

-- lock: a way back, with the services stopped.
ALTER TABLE orders ADD CONSTRAINT orders_merchant_id_reference_key UNIQUE (merchant_id, reference);
