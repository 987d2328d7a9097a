DROP INDEX orders_paid_late;
