-- A bank asks for a payment by its RRN.
CREATE INDEX CONCURRENTLY receipts_by_rrn ON receipts (rrn) WHERE rrn IS NOT NULL;
