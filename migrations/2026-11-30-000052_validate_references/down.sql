-- A rule that was held once stays true.
SET LOCAL lock_timeout = '2s';
