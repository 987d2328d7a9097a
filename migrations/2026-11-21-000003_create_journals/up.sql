-- The books: append-only journals whose entries sum to zero. The rule is held in Rust before the
-- write and here by triggers, whoever writes.
SET LOCAL lock_timeout = '2s';

CREATE TABLE journals (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants (id),
    order_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    booking text NOT NULL
        CHECK (booking IN ('receive_for_merchant', 'receive_into_suspense', 'suspense_to_merchant',
                           'release_suspense', 'refund_from_merchant')),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX journals_of_payment ON journals (payment_id);

CREATE TABLE entries (
    journal_id uuid NOT NULL REFERENCES journals (id),
    line smallint NOT NULL,
    merchant_id uuid NOT NULL,
    account text NOT NULL
        CHECK (account IN ('provider_receivable', 'merchant_payable', 'suspense')),
    minor bigint NOT NULL CHECK (minor <> 0),
    currency text NOT NULL CHECK (currency = 'IDR'),
    PRIMARY KEY (journal_id, line)
);

CREATE INDEX entries_of_account ON entries (merchant_id, account);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER journals_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entries_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A journal's entries come in one statement, and are at least two that sum to zero.
CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken uuid;
BEGIN
    SELECT entries.journal_id INTO broken
    FROM entries
    WHERE entries.journal_id IN (SELECT journal_id FROM added)
    GROUP BY entries.journal_id, entries.currency
    HAVING sum(entries.minor) <> 0 OR count(*) < 2
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % does not sum to zero', broken USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER entries_balance AFTER INSERT ON entries
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unbalanced();
