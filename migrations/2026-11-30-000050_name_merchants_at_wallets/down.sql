SET LOCAL lock_timeout = '2s';

ALTER TABLE merchants DROP COLUMN external_store_id, DROP COLUMN sub_merchant_id;
