-- Since when an endpoint is disabled: what waits for one that was for longer than all tries take is given up.
-- The database notes it, whatever version of the services enables and disables. Of those that are disabled
-- already the last change is known.
SET LOCAL lock_timeout = '500ms';

ALTER TABLE webhook_endpoints ADD COLUMN disabled_at timestamptz;
UPDATE webhook_endpoints SET disabled_at = updated_at WHERE NOT enabled;

CREATE FUNCTION note_disabled() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.enabled THEN
        NEW.disabled_at := NULL;
    ELSIF TG_OP = 'INSERT' OR OLD.enabled THEN
        NEW.disabled_at := now();
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER note_disabled BEFORE INSERT OR UPDATE OF enabled ON webhook_endpoints
    FOR EACH ROW EXECUTE FUNCTION note_disabled();
