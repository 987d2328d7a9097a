-- Whether new journals sum to zero is looked up journal by journal. Joined as a set, a plan made while
-- the table was young reads all entries at every booking until the server counts them.
SET LOCAL lock_timeout = '2s';

CREATE OR REPLACE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken uuid;
BEGIN
    SELECT written.journal_id INTO broken
    FROM (SELECT DISTINCT journal_id FROM added) AS written
    CROSS JOIN LATERAL (
        SELECT FROM entries
        WHERE entries.journal_id = written.journal_id
        GROUP BY entries.currency
        HAVING sum(entries.minor) <> 0 OR count(*) < 2
    ) AS wrong
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal % does not sum to zero', broken USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
