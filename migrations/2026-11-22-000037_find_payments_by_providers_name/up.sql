-- Who looks for an order has what the payer sees: the provider's number of the payment. It stands alone,
-- since it may be in no transaction.
CREATE INDEX CONCURRENTLY payments_by_provider_reference ON payments (provider_reference)
    WHERE provider_reference IS NOT NULL;
