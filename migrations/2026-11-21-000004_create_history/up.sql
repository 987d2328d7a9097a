-- Everything that happened to an order, oldest first; append-only.
SET LOCAL lock_timeout = '2s';

CREATE TABLE history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL,
    payment_id uuid,
    at timestamptz NOT NULL DEFAULT now(),
    source text NOT NULL,
    fact text NOT NULL,
    payment_from text,
    payment_to text,
    order_from text,
    order_to text,
    order_version integer,
    detail text
);

CREATE INDEX history_of_order ON history (order_id, id);

CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
