-- When a callback last asked for an inquiry that has not been made since: whatever plans the payment anew neither drops
-- nor postpones it.
SET LOCAL lock_timeout = '2s';

ALTER TABLE provider_work ADD COLUMN wanted_at timestamptz;
