DROP INDEX CONCURRENTLY payments_of_order;
