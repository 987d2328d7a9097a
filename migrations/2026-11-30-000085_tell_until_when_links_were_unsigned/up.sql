-- Until when orders were made whose checkout links are not signed: a day from now on, in which replicas of
-- the version before may still make some; no row where no order was made before. Links that nobody
-- signed are looked up for orders of before that, and for no others.
SET LOCAL lock_timeout = '500ms';

CREATE TABLE checkout_links (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    unsigned_until timestamptz NOT NULL
);

INSERT INTO checkout_links (unsigned_until)
SELECT now() + interval '1 day' WHERE EXISTS (SELECT FROM orders);
