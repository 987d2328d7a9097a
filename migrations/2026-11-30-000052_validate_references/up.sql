-- Reads every order once, and lets others write meanwhile. It is apart, so that the rule is there before.
SET LOCAL lock_timeout = '2s';

ALTER TABLE orders VALIDATE CONSTRAINT orders_reference_check;
