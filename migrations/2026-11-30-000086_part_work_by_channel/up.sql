-- Whose turn a piece of work is: each channel is asked about beside the others. The services of before write none;
-- such a piece is told its channel when it is leased for the first time.
SET LOCAL lock_timeout = '2s';

ALTER TABLE provider_work ADD COLUMN channel text NOT NULL DEFAULT '';
