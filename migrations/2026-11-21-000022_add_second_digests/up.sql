-- A key goes over from one pepper to the next without a moment in which a replica does not find it: for a
-- while it stands there under both. The program before looks at `digest` alone, which stays the older one.
SET LOCAL lock_timeout = '2s';

ALTER TABLE api_keys
    ADD COLUMN pepper_id text CHECK (pepper_id ~ '^[0-9a-f]{8}$'),
    ADD COLUMN second_digest bytea CHECK (octet_length(second_digest) = 32),
    ADD COLUMN second_pepper_id text CHECK (second_pepper_id ~ '^[0-9a-f]{8}$'),
    ADD COLUMN used_at timestamptz,
    ADD CONSTRAINT api_keys_second_digest_key UNIQUE (second_digest);
