SET LOCAL lock_timeout = '2s';

DROP TRIGGER aliases_share_no_reference ON provider_aliases;
DROP TRIGGER payments_share_no_reference ON payments;
DROP FUNCTION notice_reference_of_alias();
DROP FUNCTION notice_reference_of_payment();
DROP FUNCTION notice_shared_reference(uuid, text);
DROP TABLE shared_references;
