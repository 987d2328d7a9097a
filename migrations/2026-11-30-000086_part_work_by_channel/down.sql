SET LOCAL lock_timeout = '2s';

-- contract: only the services that are taken back with it use it.
ALTER TABLE provider_work DROP COLUMN channel;
