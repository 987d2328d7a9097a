-- As the migration before, for the other names under which the provider spoke of a payment.
CREATE INDEX CONCURRENTLY provider_aliases_by_reference ON provider_aliases (provider_reference);
