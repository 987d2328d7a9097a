-- The console lists late money. That an order is late seldom changes, and its id never: writers pay
-- nothing for this. It stands alone, since it may be in no transaction.
CREATE INDEX CONCURRENTLY orders_paid_late ON orders (id) WHERE paid_late;
