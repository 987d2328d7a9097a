SET LOCAL lock_timeout = '2s';

ALTER TABLE api_keys
    DROP COLUMN used_at,
    DROP COLUMN second_pepper_id,
    DROP COLUMN second_digest,
    DROP COLUMN pepper_id;
