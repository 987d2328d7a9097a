-- A receipt is looked for among the movements that name it; outside a transaction, so that writers
-- do not wait.
CREATE INDEX CONCURRENTLY journals_of_receipt ON journals (receipt_id) WHERE receipt_id IS NOT NULL;
