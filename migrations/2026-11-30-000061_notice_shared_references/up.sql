-- The provider's own number of a payment on two payments of ours: it mixes payments up, and what it pays out will not fit.
-- The database notices it, whoever writes and in whatever order, also where a shop may not see the other payment. Equal
-- numbers wait for each other, so that two that come in one moment do not pass each other unseen.
SET LOCAL lock_timeout = '2s';

CREATE TABLE shared_references (
    payment_id uuid NOT NULL REFERENCES payments (id),
    provider_reference text NOT NULL,
    other_payment_id uuid NOT NULL REFERENCES payments (id),
    noticed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (payment_id, provider_reference)
);

CREATE INDEX shared_references_noticed ON shared_references (noticed_at);
CREATE INDEX shared_references_of_other ON shared_references (other_payment_id);

ALTER TABLE shared_references ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_all ON shared_references USING (sees_every_merchant());

CREATE FUNCTION notice_shared_reference(of_payment uuid, reference text) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    other uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(reference, 0));
    SELECT id INTO other FROM payments
        WHERE payments.provider_reference = reference AND id <> of_payment LIMIT 1;
    IF other IS NULL THEN
        SELECT payment_id INTO other FROM provider_aliases
            WHERE provider_aliases.provider_reference = reference AND payment_id <> of_payment LIMIT 1;
    END IF;
    IF other IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO shared_references (payment_id, provider_reference, other_payment_id)
        VALUES (of_payment, reference, other) ON CONFLICT DO NOTHING;
    -- The other may be another shop's: its id stands only in the table.
    INSERT INTO history (order_id, payment_id, source, fact, detail)
        SELECT order_id, id, 'gateway', 'provider_reference_shared',
            'the provider names another payment of ours so too' FROM payments WHERE id = of_payment;
END
$$;

CREATE FUNCTION notice_reference_of_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notice_shared_reference(NEW.id, NEW.provider_reference);
    RETURN NULL;
END
$$;

CREATE FUNCTION notice_reference_of_alias() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notice_shared_reference(NEW.payment_id, NEW.provider_reference);
    RETURN NULL;
END
$$;

CREATE TRIGGER payments_share_no_reference AFTER UPDATE OF provider_reference ON payments
    FOR EACH ROW WHEN (NEW.provider_reference IS NOT NULL
        AND NEW.provider_reference IS DISTINCT FROM OLD.provider_reference)
    EXECUTE FUNCTION notice_reference_of_payment();
CREATE TRIGGER aliases_share_no_reference AFTER INSERT ON provider_aliases
    FOR EACH ROW EXECUTE FUNCTION notice_reference_of_alias();
