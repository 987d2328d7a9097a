-- A payment, journal, refund or creation is of the merchant of its order. Rows of before are looked at by
-- the migration after this one.
SET LOCAL lock_timeout = '500ms';

ALTER TABLE payments ADD CONSTRAINT payments_of_their_order
    FOREIGN KEY (order_id, merchant_id) REFERENCES orders (id, merchant_id) NOT VALID;
ALTER TABLE journals ADD CONSTRAINT journals_of_their_payment
    FOREIGN KEY (payment_id, order_id, merchant_id)
    REFERENCES payments (id, order_id, merchant_id) NOT VALID;
ALTER TABLE refunds ADD CONSTRAINT refunds_of_their_payment
    FOREIGN KEY (payment_id, order_id, merchant_id)
    REFERENCES payments (id, order_id, merchant_id) NOT VALID;
ALTER TABLE creations ADD CONSTRAINT creations_of_their_order
    FOREIGN KEY (order_id, merchant_id) REFERENCES orders (id, merchant_id) NOT VALID;
