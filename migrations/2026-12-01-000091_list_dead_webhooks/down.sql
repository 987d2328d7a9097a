SET LOCAL lock_timeout = '2s';

DROP INDEX deliveries_dead_of_endpoint;
