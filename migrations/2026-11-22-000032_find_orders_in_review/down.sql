DROP INDEX orders_in_review;
