DROP INDEX CONCURRENTLY orders_paid_long_after;
