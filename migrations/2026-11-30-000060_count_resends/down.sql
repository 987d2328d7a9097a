SET LOCAL lock_timeout = '2s';

ALTER TABLE provider_work
    DROP COLUMN resends,
    DROP COLUMN alike,
    DROP COLUMN unanswered,
    DROP COLUMN last_end,
    DROP COLUMN reply_code,
    DROP COLUMN reply_message;
