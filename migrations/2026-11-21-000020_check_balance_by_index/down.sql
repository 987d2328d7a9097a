SET LOCAL lock_timeout = '2s';

CREATE OR REPLACE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
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
