SET LOCAL lock_timeout = '2s';

DROP INDEX events_of_merchant_by_type;
DROP INDEX events_feed_of_type;
