-- A page of dead webhooks is read in its order, however many there are; what was given up untried, since its endpoint
-- was disabled for too long or deleted, is none of them. `gatewayctl migrate` makes the
-- indexes of the months that are there, each beside writers.
SET LOCAL lock_timeout = '500ms';

-- lock: ON ONLY reads no row; it waits for its lock no longer than above.
CREATE INDEX deliveries_dead_of_endpoint ON ONLY deliveries (endpoint_id, event_id)
    WHERE state = 'dead' AND (last_error IS NULL OR last_error NOT IN ('endpoint_disabled', 'endpoint_deleted'));
