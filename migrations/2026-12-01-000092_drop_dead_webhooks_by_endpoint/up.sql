-- deliveries_dead_of_endpoint begins with the same column and serves whatever this one did.
SET LOCAL lock_timeout = '500ms';

-- contract: statements name tables and columns, no index.
DROP INDEX deliveries_dead;
