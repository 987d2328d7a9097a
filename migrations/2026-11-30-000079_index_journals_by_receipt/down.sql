DROP INDEX CONCURRENTLY journals_of_receipt;
