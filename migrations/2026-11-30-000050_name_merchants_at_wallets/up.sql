-- The shop and its branch as an e-wallet knows them: sent with each of its creates, shown on the wallet's page.
SET LOCAL lock_timeout = '2s';

ALTER TABLE merchants
    ADD COLUMN sub_merchant_id text CHECK (sub_merchant_id ~ '^[!-~]{1,32}$'),
    ADD COLUMN external_store_id text CHECK (external_store_id ~ '^[!-~]{1,64}$');
