DROP TABLE provider_aliases;
DROP TABLE receipts;
DROP TABLE payments;
DROP SEQUENCE virtual_account_customers;
DROP TABLE payers;
DROP TABLE orders;
