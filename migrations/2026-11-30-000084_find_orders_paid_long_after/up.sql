-- What was paid on a day was mostly made then: whoever asks for it looks at the orders of that day, and here at the
-- few that waited longer. Outside a transaction, so that writers do not wait.
CREATE INDEX CONCURRENTLY orders_paid_long_after ON orders (merchant_id, created_at, id)
    WHERE paid_at - created_at > interval '1 day';
