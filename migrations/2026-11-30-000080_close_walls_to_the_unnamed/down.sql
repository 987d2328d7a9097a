SET LOCAL lock_timeout = '500ms';

CREATE OR REPLACE FUNCTION sees_every_merchant() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('gateway.merchant', true), '') IN ('', 'all')
$$;

CREATE OR REPLACE FUNCTION sees_merchant(of_merchant uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('gateway.merchant', true), '') IN ('', 'all', of_merchant::text)
$$;

ALTER POLICY of_merchant ON payers USING (sees_every_merchant()
    OR EXISTS (SELECT FROM orders WHERE orders.id = payers.order_id));
ALTER POLICY of_merchant ON history USING (sees_every_merchant()
    OR EXISTS (SELECT FROM orders WHERE orders.id = history.order_id));
ALTER POLICY of_merchant ON receipts USING (sees_every_merchant()
    OR EXISTS (SELECT FROM payments WHERE payments.id = receipts.payment_id));
ALTER POLICY of_merchant ON receipt_notices USING (sees_every_merchant()
    OR EXISTS (SELECT FROM payments WHERE payments.id = receipt_notices.payment_id));
ALTER POLICY of_merchant ON provider_aliases USING (sees_every_merchant()
    OR EXISTS (SELECT FROM payments WHERE payments.id = provider_aliases.payment_id));
ALTER POLICY of_merchant ON notifications USING (sees_every_merchant()
    OR EXISTS (SELECT FROM payments WHERE payments.id = notifications.payment_id));
ALTER POLICY of_merchant ON deliveries USING (sees_every_merchant()
    OR EXISTS (SELECT FROM webhook_endpoints e WHERE e.id = deliveries.endpoint_id));
ALTER POLICY of_merchant ON delivery_tries USING (sees_every_merchant()
    OR EXISTS (SELECT FROM webhook_endpoints e WHERE e.id = delivery_tries.endpoint_id));
