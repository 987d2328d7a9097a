SET LOCAL lock_timeout = '2s';

UPDATE notifications SET
    headers = (headers::jsonb || jsonb_build_array(jsonb_build_array('dismissed', dismissed_reason)))::text
    WHERE dismissed_at IS NULL AND dismissed_reason IS NOT NULL;
