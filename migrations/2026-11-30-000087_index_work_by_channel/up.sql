-- The work of one channel that is due first, however much is due of the others; outside a transaction, so that writers
-- do not wait.
CREATE INDEX CONCURRENTLY provider_work_due_by_channel ON provider_work (kind, channel, due_at);
