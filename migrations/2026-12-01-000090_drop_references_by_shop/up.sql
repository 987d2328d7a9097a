-- orders_by_reference holds that a shop uses a number once, and finds it as well.
SET LOCAL lock_timeout = '500ms';

-- contract: no version names the constraint; who looks for a shop's number, or makes it, names both columns.
ALTER TABLE orders DROP CONSTRAINT orders_merchant_id_reference_key;
