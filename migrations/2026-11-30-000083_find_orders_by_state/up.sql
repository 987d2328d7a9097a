-- A shop's orders of one state, newest last; outside a transaction, so that writers do not wait.
CREATE INDEX CONCURRENTLY orders_by_state ON orders (merchant_id, state, created_at, id);
