SET LOCAL lock_timeout = '2s';

DROP INDEX deliveries_leased;
ALTER TABLE webhook_endpoints DROP COLUMN failures_in_row;
