-- That a key was looked at is no state of its own: there is nothing to take back.
SELECT 1;
