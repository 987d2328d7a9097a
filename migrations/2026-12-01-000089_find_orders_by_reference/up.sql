-- An operator knows an order's number at its shop, and not always the shop: the number comes first, so that it is
-- found without asking shop by shop. Outside a transaction, so that writers do not wait.
CREATE UNIQUE INDEX CONCURRENTLY orders_by_reference ON orders (reference, merchant_id);
