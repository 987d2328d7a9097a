DO $$
BEGIN
    SET LOCAL lock_timeout = '500ms';
    DROP TRIGGER payments_know_their_order ON payments;
    DROP FUNCTION tell_payment_of_its_order();
    ALTER TABLE payments DROP COLUMN order_created_at;
END
$$;
