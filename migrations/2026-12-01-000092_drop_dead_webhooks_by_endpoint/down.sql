SET LOCAL lock_timeout = '2s';

-- lock: a way back, with the services stopped.
CREATE INDEX deliveries_dead ON deliveries (endpoint_id) WHERE state = 'dead';
