-- The version before may make orders for longer than a day after the migration that foresaw one day: while it is rolled
-- out slowly, or after a way back to it. Whatever version makes an order whose link nobody signed (64 characters of
-- hex), the database notes it; a row is written twice a day at most, so that makers of orders do not wait for each other.
SET LOCAL lock_timeout = '500ms';

CREATE FUNCTION note_unsigned_link() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM checkout_links WHERE unsigned_until > now() + interval '12 hours') THEN
        INSERT INTO checkout_links (unsigned_until) VALUES (now() + interval '1 day')
        ON CONFLICT (one) DO UPDATE SET unsigned_until = greatest(checkout_links.unsigned_until, excluded.unsigned_until);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER note_unsigned_link AFTER INSERT ON orders
    FOR EACH ROW WHEN (length(NEW.checkout_token) = 64) EXECUTE FUNCTION note_unsigned_link();
