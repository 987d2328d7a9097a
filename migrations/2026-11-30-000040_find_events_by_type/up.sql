-- The feed and the ranges of one type read that type alone, however rare it is among the rest. No index can be
-- made beside writers on a table with partitions: this makes the two for all months to come, and
-- `gatewayctl migrate` then makes those of the months that are there, each beside writers.
SET LOCAL lock_timeout = '500ms';

-- lock: ON ONLY reads no row; it waits for its lock no longer than above.
CREATE INDEX events_feed_of_type ON ONLY events (merchant_id, type, transaction, id);
-- lock: as above.
CREATE INDEX events_of_merchant_by_type ON ONLY events (merchant_id, type, created_at, id);
