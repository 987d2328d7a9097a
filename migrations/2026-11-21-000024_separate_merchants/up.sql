-- A second wall between merchants: a session that says whose rows it works with (gateway.merchant)
-- sees no other's, whatever a query forgets to ask. It holds for every role but the tables' owner and
-- superusers. Who says nothing sees everything, as the programs before this one do; "all" says so.
-- Shorter than the server waits before it looks for a deadlock: writers never give way to this.
SET LOCAL lock_timeout = '500ms';

CREATE FUNCTION sees_every_merchant() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('gateway.merchant', true), '') IN ('', 'all')
$$;

CREATE FUNCTION sees_merchant(of_merchant uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('gateway.merchant', true), '') IN ('', 'all', of_merchant::text)
$$;

CREATE POLICY of_merchant ON merchants USING (sees_merchant(id));
CREATE POLICY of_merchant ON api_keys USING (sees_merchant(merchant_id));
CREATE POLICY of_merchant ON orders USING (sees_merchant(merchant_id));
CREATE POLICY of_merchant ON payments USING (sees_merchant(merchant_id));
CREATE POLICY of_merchant ON journals USING (sees_merchant(merchant_id));
CREATE POLICY of_merchant ON entries USING (sees_merchant(merchant_id));
CREATE POLICY of_merchant ON creations USING (sees_merchant(merchant_id));
CREATE POLICY of_merchant ON webhook_endpoints USING (sees_merchant(merchant_id));
CREATE POLICY of_merchant ON events USING (sees_merchant(merchant_id));
CREATE POLICY of_merchant ON redeliveries USING (sees_merchant(merchant_id));

-- provider_work has no wall: it says when to ask about which payment, and nothing of anybody.
-- What belongs to a payment may be written in one statement with it, and cannot see it then: reading is
-- what these refuse. A foreign key holds them to a payment that is there.
CREATE POLICY of_merchant ON payers USING (sees_every_merchant()
    OR EXISTS (SELECT FROM orders WHERE orders.id = payers.order_id)) WITH CHECK (true);
CREATE POLICY of_merchant ON history USING (sees_every_merchant()
    OR EXISTS (SELECT FROM orders WHERE orders.id = history.order_id)) WITH CHECK (true);
CREATE POLICY of_merchant ON receipts USING (sees_every_merchant()
    OR EXISTS (SELECT FROM payments WHERE payments.id = receipts.payment_id)) WITH CHECK (true);
CREATE POLICY of_merchant ON provider_aliases USING (sees_every_merchant()
    OR EXISTS (SELECT FROM payments WHERE payments.id = provider_aliases.payment_id)) WITH CHECK (true);
CREATE POLICY of_merchant ON notifications USING (sees_every_merchant()
    OR EXISTS (SELECT FROM payments WHERE payments.id = notifications.payment_id)) WITH CHECK (true);
CREATE POLICY of_merchant ON deliveries USING (sees_every_merchant()
    OR EXISTS (SELECT FROM webhook_endpoints e WHERE e.id = deliveries.endpoint_id)) WITH CHECK (true);
CREATE POLICY of_merchant ON delivery_tries USING (sees_every_merchant()
    OR EXISTS (SELECT FROM webhook_endpoints e WHERE e.id = delivery_tries.endpoint_id)) WITH CHECK (true);

-- Of the provider, and of no merchant.
CREATE POLICY of_provider ON rejected_notifications USING (sees_every_merchant());
CREATE POLICY of_provider ON snap_tokens USING (sees_every_merchant());

ALTER TABLE merchants ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE payers ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments ENABLE ROW LEVEL SECURITY;
ALTER TABLE receipts ENABLE ROW LEVEL SECURITY;
ALTER TABLE provider_aliases ENABLE ROW LEVEL SECURITY;
ALTER TABLE journals ENABLE ROW LEVEL SECURITY;
ALTER TABLE entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE history ENABLE ROW LEVEL SECURITY;
ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE creations ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE delivery_tries ENABLE ROW LEVEL SECURITY;
ALTER TABLE redeliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE rejected_notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE snap_tokens ENABLE ROW LEVEL SECURITY;
