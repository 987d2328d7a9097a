-- The services' role may change no text of an order or event, and no sequence. Erasing a payer and the step
-- after a restore go through these, which run as their owner and only take away or go forward. Who may not
-- delete a payer may not call them.
SET LOCAL lock_timeout = '500ms';

CREATE FUNCTION refuse_unless_eraser() RETURNS void LANGUAGE plpgsql STABLE
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT has_table_privilege(session_user, 'payers', 'DELETE') THEN
        RAISE EXCEPTION '% may not erase', session_user USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

CREATE FUNCTION erase_order_texts(of_order uuid, fields text[]) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM refuse_unless_eraser();
    UPDATE orders SET
        description = CASE WHEN 'description' = ANY (fields) THEN NULL ELSE description END,
        return_url = CASE WHEN 'return_url' = ANY (fields) THEN NULL ELSE return_url END,
        metadata = CASE WHEN 'metadata' = ANY (fields) THEN NULL ELSE metadata END,
        items = CASE WHEN 'items' = ANY (fields) THEN NULL ELSE items END
    WHERE id = of_order;
END
$$;

-- Of an order whose payer is there no more.
CREATE FUNCTION erase_event_texts(of_event uuid, body_without text) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM refuse_unless_eraser();
    UPDATE events SET body = body_without WHERE id = of_event
        AND NOT EXISTS (SELECT FROM payers WHERE payers.order_id = events.order_id);
END
$$;

CREATE FUNCTION skip_account_numbers(by bigint, OUT known bigint, OUT skipped_to bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM refuse_unless_eraser();
    SELECT last_value INTO known FROM virtual_account_customers;
    skipped_to := setval('virtual_account_customers', known + greatest(by, 0));
END
$$;
