-- What came of sending a create again: who does not answer is knocked at ever more seldom, and what is always
-- answered alike, though it is not there, fails. Only of the kind `resolve`; services of before write none of it.
SET LOCAL lock_timeout = '2s';

ALTER TABLE provider_work
    ADD COLUMN resends smallint NOT NULL DEFAULT 0,
    ADD COLUMN alike smallint NOT NULL DEFAULT 0,
    ADD COLUMN unanswered smallint NOT NULL DEFAULT 0,
    ADD COLUMN last_end text,
    ADD COLUMN reply_code text,
    ADD COLUMN reply_message text;
