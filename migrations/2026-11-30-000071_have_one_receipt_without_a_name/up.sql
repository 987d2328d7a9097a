-- A payment has one receipt at most that the provider did not name (contract 4.2). This statement stands
-- alone, since it may be in no transaction, and the migrator sets its lock_timeout.
CREATE UNIQUE INDEX CONCURRENTLY receipts_without_a_name ON receipts (payment_id)
    WHERE request_key IS NULL AND received_minor IS NOT NULL;
