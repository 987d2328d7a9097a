-- History, inbox and outbox by month, so that what is old goes by dropping tables and what is new stays
-- small. The services of before cannot write this inbox: its key has the month in it. They are stopped
-- while this runs.
SET LOCAL lock_timeout = '2s';

CREATE SCHEMA unparted;
ALTER TABLE history SET SCHEMA unparted;
ALTER TABLE notifications SET SCHEMA unparted;
ALTER TABLE events SET SCHEMA unparted;
ALTER TABLE deliveries SET SCHEMA unparted;
ALTER TABLE delivery_tries SET SCHEMA unparted;

CREATE TABLE history (
    id bigint GENERATED ALWAYS AS IDENTITY,
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
    detail text,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);

CREATE INDEX history_of_order ON history (order_id, id);

-- A callback is known by its path and digest in the month of its first arrival. What came in the month
-- before is looked up there, and counted there.
CREATE TABLE notifications (
    id uuid NOT NULL,
    path text NOT NULL,
    body_digest bytea NOT NULL CHECK (octet_length(body_digest) = 32),
    body_sealed bytea NOT NULL,
    headers text NOT NULL,
    matched_route text NOT NULL,
    verdict text NOT NULL
        CHECK (verdict IN ('applied', 'no_change', 'stale', 'unknown_reference', 'unreadable',
                           'asked', 'dismissed')),
    payment_id uuid,
    seen integer NOT NULL DEFAULT 1,
    received_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    rematch_due_at timestamptz,
    month date NOT NULL DEFAULT date_trunc('month', now() AT TIME ZONE 'UTC')::date
        CHECK (date_part('day', month) = 1),
    PRIMARY KEY (id, month),
    UNIQUE (path, body_digest, month)
) PARTITION BY RANGE (month);

CREATE INDEX notifications_of_payment ON notifications (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX notifications_rematch_due ON notifications (rematch_due_at)
    WHERE rematch_due_at IS NOT NULL;
CREATE INDEX notifications_quarantined ON notifications (received_at)
    WHERE verdict IN ('unknown_reference', 'unreadable');

-- An event's id begins with its time (UUIDv7): the outbox is divided by it, and keeps its keys. That a
-- delivery has its event is held between the partitions of a month, so that both can be dropped
-- without reading the rest.
CREATE TABLE events (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants (id),
    order_id uuid REFERENCES orders (id),
    type text NOT NULL,
    order_version integer,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id()
) PARTITION BY RANGE (id);

CREATE INDEX events_feed ON events (merchant_id, transaction, id);
CREATE INDEX events_of_order ON events (order_id);
CREATE INDEX events_of_merchant ON events (merchant_id, created_at, id);

CREATE TABLE deliveries (
    event_id uuid NOT NULL,
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoints (id),
    state text NOT NULL CHECK (state IN ('due', 'delivered', 'dead')),
    tries integer NOT NULL DEFAULT 0,
    due_at timestamptz,
    lease_token uuid,
    leased_until timestamptz,
    last_status smallint,
    last_error text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (event_id, endpoint_id)
) PARTITION BY RANGE (event_id);

CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at) WHERE state = 'due';
CREATE INDEX deliveries_dead ON deliveries (endpoint_id) WHERE state = 'dead';
CREATE INDEX deliveries_leased ON deliveries (endpoint_id, leased_until)
    WHERE leased_until IS NOT NULL;

CREATE TABLE delivery_tries (
    id bigint GENERATED ALWAYS AS IDENTITY,
    event_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    try_no integer NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    outcome text NOT NULL,
    status smallint,
    duration_ms integer NOT NULL,
    PRIMARY KEY (event_id, id)
) PARTITION BY RANGE (event_id);

CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What no partition was made for is taken in all the same.
CREATE TABLE history_default PARTITION OF history DEFAULT;
CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON history_default
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TABLE notifications_default PARTITION OF notifications DEFAULT;
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE TABLE deliveries_default PARTITION OF deliveries DEFAULT WITH (fillfactor = 80);
ALTER TABLE deliveries_default ADD FOREIGN KEY (event_id) REFERENCES events_default (id);
CREATE TABLE delivery_tries_default PARTITION OF delivery_tries DEFAULT;

-- Up to when a family was dropped: who proves the books must not miss what rightly went.
CREATE TABLE partition_drops (
    family text PRIMARY KEY,
    before date NOT NULL
);

CREATE FUNCTION kept_since(wanted text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT before::timestamp AT TIME ZONE 'UTC' FROM partition_drops
                     WHERE family = wanted), '-infinity')
$$;

-- The divided tables, parents before children; a family is made and dropped as one.
CREATE FUNCTION partitioned_tables() RETURNS TABLE (family text, parent text, key text, place integer)
    LANGUAGE sql IMMUTABLE AS $$
    VALUES ('history', 'history', 'at', 1), ('inbox', 'notifications', 'month', 2),
           ('outbox', 'events', 'id', 3), ('outbox', 'deliveries', 'event_id', 4),
           ('outbox', 'delivery_tries', 'event_id', 5)
$$;

-- Where a month begins, as a literal of a table's key. For ids: the smallest UUIDv7 of that time.
CREATE FUNCTION partition_bound(parent text, month date) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE parent
        WHEN 'notifications' THEN format('%L', to_char(month, 'YYYY-MM-DD'))
        WHEN 'history' THEN format('%L', to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00')
        ELSE format('%L::uuid', lpad(to_hex((extract(epoch FROM month) * 1000)::bigint), 12, '0')
                         || repeat('0', 20)) END
$$;

CREATE FUNCTION make_partition(of_table text, month date) RETURNS boolean LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
DECLARE
    made text := of_table || to_char(month, '_YYYY_MM');
BEGIN
    IF to_regclass(made) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING IDENTITY)', made, of_table);
    IF of_table = 'deliveries' THEN
        EXECUTE format('ALTER TABLE %I SET (fillfactor = 80)', made);
    ELSIF of_table = 'history' THEN
        EXECUTE format('CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
            'ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', made);
    END IF;
    RETURN true;
END
$$;

-- One month of a family, with the rows that the default partitions took in for want of it.
CREATE FUNCTION make_month(of_family text, month date) RETURNS SETOF text LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
DECLARE
    made text[] := '{}';
    part record;
BEGIN
    FOR part IN SELECT t.parent FROM partitioned_tables() t WHERE t.family = of_family ORDER BY t.place
    LOOP
        IF make_partition(part.parent, month) THEN
            made := made || part.parent;
        END IF;
    END LOOP;
    IF made = '{}' THEN
        RETURN;
    END IF;
    IF of_family = 'outbox' THEN
        -- First what writers of payments lock first, so that nobody waits crosswise.
        LOCK TABLE merchants, orders, webhook_endpoints IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    PERFORM empty_default(t.parent, t.key, month, true)
        FROM (SELECT * FROM partitioned_tables() ORDER BY place) t WHERE t.parent = ANY (made);
    PERFORM empty_default(t.parent, t.key, month, false)
        FROM (SELECT * FROM partitioned_tables() ORDER BY place DESC) t WHERE t.parent = ANY (made);
    IF 'deliveries' = ANY (made) THEN
        EXECUTE format('ALTER TABLE %I ADD FOREIGN KEY (event_id) REFERENCES %I (id)',
            'deliveries' || to_char(month, '_YYYY_MM'), 'events' || to_char(month, '_YYYY_MM'));
    END IF;
    FOR part IN SELECT t.parent, t.parent || to_char(month, '_YYYY_MM') AS name
        FROM partitioned_tables() t WHERE t.parent = ANY (made) ORDER BY t.place
    LOOP
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)', part.parent,
            part.name, partition_bound(part.parent, month),
            partition_bound(part.parent, (month + interval '1 month')::date));
        RETURN NEXT part.name;
    END LOOP;
END
$$;

-- Copies a month's rows out of a default partition, or deletes them there.
CREATE FUNCTION empty_default(of_table text, key text, month date, copies boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    strays text := of_table || '_default';
    is_of_month text := format('%I >= %s AND %I < %s', key, partition_bound(of_table, month), key,
        partition_bound(of_table, (month + interval '1 month')::date));
    found_any boolean;
BEGIN
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', strays);
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %s)', strays, is_of_month) INTO found_any;
    IF NOT found_any THEN
        RETURN;
    END IF;
    IF copies THEN
        EXECUTE format('INSERT INTO %I SELECT * FROM %I WHERE %s',
            of_table || to_char(month, '_YYYY_MM'), strays, is_of_month);
        RETURN;
    END IF;
    EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', strays);
    EXECUTE format('DELETE FROM %I WHERE %s', strays, is_of_month);
    EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', strays);
END
$$;

-- This month and so many after it, and those of strays in the default partitions. May run at any time
-- and any number of times; who cannot get a lock soon gives up, lest payments queue up behind it.
CREATE FUNCTION make_partitions(months_ahead integer) RETURNS SETOF text LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    this_month date := date_trunc('month', now() AT TIME ZONE 'UTC')::date;
    last_month date := (this_month + make_interval(months => least(greatest(months_ahead, 0), 24)))::date;
    wanted record;
BEGIN
    PERFORM pg_advisory_xact_lock(7016012027);
    FOR wanted IN
        SELECT f.family, m.month::date AS month FROM (SELECT DISTINCT family FROM partitioned_tables()) f
            CROSS JOIN generate_series(this_month, last_month, interval '1 month') AS m (month)
        UNION SELECT s.family, s.month FROM stray_months() s
            WHERE s.month BETWEEN '2020-01-01' AND last_month
        ORDER BY 2, 1
    LOOP
        RETURN QUERY SELECT make_month(wanted.family, wanted.month);
    END LOOP;
END
$$;

CREATE FUNCTION stray_months() RETURNS TABLE (family text, month date) LANGUAGE sql STABLE
    SET search_path = public, pg_temp AS $$
    SELECT DISTINCT 'history', date_trunc('month', at AT TIME ZONE 'UTC')::date FROM history_default
    UNION SELECT 'inbox', n.month FROM notifications_default n
    UNION SELECT 'outbox', date_trunc('month', to_timestamp(
            ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
            AT TIME ZONE 'UTC')::date
        FROM (SELECT id FROM events_default UNION SELECT event_id FROM deliveries_default
              UNION SELECT event_id FROM delivery_tries_default) strays
$$;

-- How many deliveries of a month are still to be made, to whom they can be made.
CREATE FUNCTION deliveries_waiting(of_family text, month date) RETURNS bigint LANGUAGE plpgsql STABLE
    SET search_path = public, pg_temp AS $$
DECLARE
    waiting bigint := 0;
BEGIN
    IF of_family = 'outbox' THEN
        EXECUTE format('SELECT count(*) FROM %I d JOIN webhook_endpoints e ON e.id = d.endpoint_id '
            'WHERE d.state = ''due'' AND e.deleted_at IS NULL',
            'deliveries' || to_char(month, '_YYYY_MM')) INTO waiting;
    END IF;
    RETURN waiting;
END
$$;

-- Drops what lies wholly before a month, oldest first. A month with deliveries that are still to be
-- made stays whole: its row says how many. Never drops what the services count on.
CREATE FUNCTION drop_partitions(of_family text, kept_from date)
    RETURNS TABLE (name text, due bigint) LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    least_kept interval := CASE of_family WHEN 'history' THEN interval '12 months'
        ELSE interval '2 months' END;
    old record;
    part record;
    waiting bigint;
BEGIN
    IF kept_from IS NULL OR kept_from > date_trunc('month', now() AT TIME ZONE 'UTC') - least_kept THEN
        RAISE EXCEPTION '% is kept for % at least', of_family, least_kept
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(7016012027);
    FOR old IN SELECT DISTINCT l.month FROM partition_list() l
        WHERE l.family = of_family AND l.month < kept_from ORDER BY l.month
    LOOP
        waiting := deliveries_waiting(of_family, old.month);
        IF waiting = 0 AND of_family = 'outbox' THEN
            LOCK TABLE events, deliveries, delivery_tries IN ACCESS EXCLUSIVE MODE;
            -- One may have been made due while the lock was waited for.
            waiting := deliveries_waiting(of_family, old.month);
        END IF;
        FOR part IN SELECT l.name FROM partition_list() l
            WHERE l.family = of_family AND l.month = old.month ORDER BY l.place DESC
        LOOP
            IF waiting = 0 THEN
                EXECUTE format('DROP TABLE %I', part.name);
            END IF;
            RETURN QUERY SELECT part.name, nullif(waiting, 0);
        END LOOP;
        IF waiting = 0 THEN
            INSERT INTO partition_drops VALUES (of_family, (old.month + interval '1 month')::date)
                ON CONFLICT (family) DO UPDATE
                SET before = greatest(partition_drops.before, excluded.before);
        END IF;
    END LOOP;
END
$$;

-- Every partition with its size. Of a default partition, which has no month, the rows are counted, up
-- to a thousand; of the others they are an estimate, unknown until the table was analysed.
CREATE FUNCTION partition_list()
    RETURNS TABLE (family text, parent text, place integer, name text, month date, bytes bigint,
                   row_count bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    FOR family, parent, place, name, month, bytes, row_count IN
        SELECT t.family, t.parent, t.place, c.relname::text,
               CASE WHEN c.relname::text <> t.parent || '_default'
                   THEN to_date(right(c.relname, 7), 'YYYY_MM') END,
               pg_total_relation_size(c.oid), nullif(c.reltuples, -1)::bigint
        FROM partitioned_tables() t JOIN pg_inherits i ON i.inhparent = t.parent::regclass
            JOIN pg_class c ON c.oid = i.inhrelid
        ORDER BY t.place, 5 NULLS LAST
    LOOP
        IF month IS NULL THEN
            EXECUTE format('SELECT count(*) FROM (SELECT FROM %I LIMIT 1000) strays', name)
                INTO row_count;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

REVOKE EXECUTE ON FUNCTION make_partitions(integer), drop_partitions(text, date),
    make_partition(text, date), make_month(text, date), deliveries_waiting(text, date),
    empty_default(text, text, date, boolean)
    FROM PUBLIC;

INSERT INTO history OVERRIDING SYSTEM VALUE SELECT * FROM unparted.history;
INSERT INTO notifications
    SELECT *, date_trunc('month', received_at AT TIME ZONE 'UTC')::date FROM unparted.notifications;
INSERT INTO events SELECT * FROM unparted.events;
INSERT INTO deliveries SELECT * FROM unparted.deliveries;
INSERT INTO delivery_tries OVERRIDING SYSTEM VALUE SELECT * FROM unparted.delivery_tries;

SELECT setval(pg_get_serial_sequence('history', 'id'), (SELECT max(id) FROM history)) WHERE EXISTS (SELECT FROM history);
SELECT setval(pg_get_serial_sequence('delivery_tries', 'id'), (SELECT max(id) FROM delivery_tries))
    WHERE EXISTS (SELECT FROM delivery_tries);

DROP TABLE unparted.history, unparted.notifications, unparted.delivery_tries, unparted.deliveries,
    unparted.events;
DROP SCHEMA unparted;
