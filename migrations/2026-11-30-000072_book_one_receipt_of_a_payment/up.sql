-- One right sum of a payment at most is the merchant's; more only where a person accepted them.
CREATE UNIQUE INDEX CONCURRENTLY receipts_booked ON receipts (payment_id)
    WHERE held = 'merchant' AND verdict IS NULL;
