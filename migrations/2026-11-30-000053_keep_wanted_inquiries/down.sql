SET LOCAL lock_timeout = '2s';

ALTER TABLE provider_work DROP COLUMN wanted_at;
