-- Who took a callback out of quarantine, when and why. What the provider sent stays as it was sent. A callback that
-- comes again is judged anew and keeps what was said of it before.
SET LOCAL lock_timeout = '500ms';

ALTER TABLE notifications
    ADD COLUMN dismissed_at timestamptz,
    ADD COLUMN dismissed_by text,
    ADD COLUMN dismissed_reason text;
