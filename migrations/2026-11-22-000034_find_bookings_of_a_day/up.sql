-- The daily report reads a merchant's bookings of a day. Made beside writers; this statement stands
-- alone, since it may be in no transaction, and the migrator sets its lock_timeout.
CREATE INDEX CONCURRENTLY journals_of_merchant ON journals (merchant_id, created_at);
