-- An endpoint that fails gets one try at a time until one succeeds. What is under way to an endpoint
-- is counted before more is claimed: the index holds only what is claimed, however long the backlog.
SET LOCAL lock_timeout = '2s';

ALTER TABLE webhook_endpoints
    ADD COLUMN failures_in_row integer NOT NULL DEFAULT 0 CHECK (failures_in_row >= 0);

CREATE INDEX deliveries_leased ON deliveries (endpoint_id, leased_until)
    WHERE leased_until IS NOT NULL;
