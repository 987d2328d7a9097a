-- A payment says when its order was made, so that one index tells the orders of a method or channel in the order of
-- the lists. The version before does not say it: the trigger does then. An order that is written in one statement with
-- its payment cannot be seen yet, and was made at the same time. Payments of before are told in short transactions, so
-- that nobody waits for more than a few thousand of them; a migration that is broken off goes on where it was.
DO $$
DECLARE
    last uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
    SET LOCAL lock_timeout = '500ms';
    ALTER TABLE payments ADD COLUMN IF NOT EXISTS order_created_at timestamptz;
    CREATE OR REPLACE FUNCTION tell_payment_of_its_order() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $body$
    BEGIN
        NEW.order_created_at := coalesce(
            (SELECT created_at FROM orders WHERE id = NEW.order_id), NEW.created_at);
        RETURN NEW;
    END
    $body$;
    CREATE OR REPLACE TRIGGER payments_know_their_order BEFORE INSERT ON payments
        FOR EACH ROW WHEN (NEW.order_created_at IS NULL) EXECUTE FUNCTION tell_payment_of_its_order();
    COMMIT;
    WHILE last IS NOT NULL LOOP
        SET LOCAL lock_timeout = '2s';
        WITH next AS (SELECT id, order_id FROM payments WHERE id > last ORDER BY id LIMIT 5000),
        told AS (UPDATE payments SET order_created_at = orders.created_at
            FROM next JOIN orders ON orders.id = next.order_id
            WHERE payments.id = next.id AND payments.order_created_at IS NULL)
        SELECT (SELECT id FROM next ORDER BY id DESC LIMIT 1) INTO last;
        COMMIT;
    END LOOP;
END
$$;
