-- Which trace caused an event (W3C `traceparent`), so that its webhooks carry it on. Events of before
-- have none, and who writes none leaves it out.
SET LOCAL lock_timeout = '2s';

ALTER TABLE events ADD COLUMN traceparent text;
