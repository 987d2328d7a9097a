//! The checker's own log inside the database while the run goes on: every change of a lease
//! (deliveries, provider work, calls), recorded by its own triggers. The product keeps only the
//! last owner, so that overlapping owners can be seen in no other way.

use devstack::{Trouble, run_sql};

/// SQL that installs the log. The services may not write here: the triggers do it as their owner.
/// `at` is the start of the transaction, which is the time that the product's claims compare with.
const INSTALL: &str = "
CREATE SCHEMA IF NOT EXISTS lease_watch;
CREATE TABLE lease_watch.changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    key text NOT NULL,
    before_owner uuid,
    before_until timestamptz,
    owner uuid,
    until timestamptz,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION lease_watch.delivery() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO lease_watch.changes (subject, key, before_owner, before_until, owner, until) VALUES
        ('delivery', NEW.event_id || '/' || NEW.endpoint_id, OLD.lease_token, OLD.leased_until,
         NEW.lease_token, NEW.leased_until);
    RETURN NULL;
END
$$;
CREATE FUNCTION lease_watch.work() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO lease_watch.changes (subject, key, before_owner, before_until, owner, until) VALUES
        ('work', NEW.payment_id || '/' || NEW.kind, OLD.lease_token, OLD.leased_until,
         NEW.lease_token, NEW.leased_until);
    RETURN NULL;
END
$$;
CREATE FUNCTION lease_watch.call() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO lease_watch.changes (subject, key, before_owner, before_until, owner, until) VALUES
        ('call', NEW.id::text, OLD.call_token, OLD.call_leased_until, NEW.call_token,
         NEW.call_leased_until);
    RETURN NULL;
END
$$;
CREATE TRIGGER lease_watch AFTER UPDATE ON deliveries FOR EACH ROW
    WHEN (OLD.lease_token IS DISTINCT FROM NEW.lease_token) EXECUTE FUNCTION lease_watch.delivery();
CREATE TRIGGER lease_watch AFTER UPDATE ON provider_work FOR EACH ROW
    WHEN (OLD.lease_token IS DISTINCT FROM NEW.lease_token) EXECUTE FUNCTION lease_watch.work();
CREATE TRIGGER lease_watch AFTER UPDATE ON payments FOR EACH ROW
    WHEN (OLD.call_token IS DISTINCT FROM NEW.call_token) EXECUTE FUNCTION lease_watch.call()";

/// Begins to record leases.
///
/// # Errors
/// Fails when the database refuses.
pub fn watch(url: &str) -> Result<(), Trouble> {
    run_sql(url, INSTALL).map(drop)
}
