SET LOCAL lock_timeout = '500ms';

-- contract: the version before does not know of it.
DROP TRIGGER note_disabled ON webhook_endpoints;
-- contract: as above.
DROP FUNCTION note_disabled();
-- contract: as above.
ALTER TABLE webhook_endpoints DROP COLUMN disabled_at;
