-- What belongs to an order names its merchant too, and cannot name another.
CREATE UNIQUE INDEX CONCURRENTLY orders_of_merchant ON orders (id, merchant_id);
