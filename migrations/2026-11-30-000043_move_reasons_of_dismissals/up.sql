-- gatewayctl used to write the reason of a dismissal behind the headers, as if the provider had sent a header of that
-- name. It goes where it belongs. Headers as they come are written without a blank between name and value; those
-- rows have one. When they were dismissed nobody knows.
SET LOCAL lock_timeout = '2s';

-- lock: rows that were dismissed by hand are few, and nobody else writes them.
UPDATE notifications SET
    dismissed_by = 'gatewayctl',
    dismissed_reason = headers::jsonb -> -1 ->> 1,
    headers = (SELECT coalesce(jsonb_agg(h.pair ORDER BY h.place), '[]')::text
               FROM jsonb_array_elements(headers::jsonb) WITH ORDINALITY AS h (pair, place)
               WHERE h.pair ->> 0 <> 'dismissed')
    WHERE headers LIKE '%["dismissed", %"]]';
