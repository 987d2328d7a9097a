-- The console lists what a person has to look at, of all merchants, by id: few among very many. Made beside
-- writers; this statement stands alone, since it may be in no transaction.
CREATE INDEX CONCURRENTLY orders_in_review ON orders (id) WHERE state = 'review';
