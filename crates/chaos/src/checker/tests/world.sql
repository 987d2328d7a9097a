INSERT INTO merchants (id, name) VALUES
    ('00000000-0000-0000-0000-0000000000a1', 'A'), ('00000000-0000-0000-0000-0000000000a2', 'B');
INSERT INTO webhook_endpoints (id, merchant_id, url, secret_sealed) VALUES
    ('00000000-0000-0000-0000-0000000000b1', '00000000-0000-0000-0000-0000000000a1', 'http://x/', '');
INSERT INTO orders (id, merchant_id, reference, state, version, amount_minor, currency, paid_minor,
    payer_chooses, checkout_token, created_at, updated_at, expires_at) VALUES
    ('00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-0000000000a1', 'R-1', 'paid', 2,
     15000000, 'IDR', 15000000, false, 't', now(), now(), now() + interval '1 day'),
    ('00000000-0000-0000-0000-0000000000c2', '00000000-0000-0000-0000-0000000000a2', 'R-2', 'pending', 1,
     100, 'IDR', 0, false, 't', now(), now(), now() + interval '1 day');
INSERT INTO payments (id, order_id, merchant_id, position, method, state, amount_minor, currency,
    received_minor, merchant_minor, created_at, updated_at, expires_at) VALUES
    ('00000000-0000-0000-0000-0000000000d1', '00000000-0000-0000-0000-0000000000c1',
     '00000000-0000-0000-0000-0000000000a1', 1, 'qris', 'paid', 15000000, 'IDR', 15000000, 15000000,
     now(), now(), now() + interval '1 day'),
    ('00000000-0000-0000-0000-0000000000d2', '00000000-0000-0000-0000-0000000000c2',
     '00000000-0000-0000-0000-0000000000a2', 1, 'qris', 'cancelled', 100, 'IDR', 0, 0,
     now(), now(), now() + interval '1 day'),
    ('00000000-0000-0000-0000-0000000000d3', '00000000-0000-0000-0000-0000000000c2',
     '00000000-0000-0000-0000-0000000000a2', 2, 'qris', 'pending', 100, 'IDR', 0, 0,
     now(), now(), now() + interval '1 day');
INSERT INTO receipts (id, payment_id, amount_minor, received_minor, is_right, held, finished_at) VALUES
    ('00000000-0000-0000-0000-0000000000f1', '00000000-0000-0000-0000-0000000000d1', 15000000, 15000000, true, 'merchant', now());
INSERT INTO journals (id, merchant_id, order_id, payment_id, receipt_id, booking) VALUES
    ('00000000-0000-0000-0000-000000000011', '00000000-0000-0000-0000-0000000000a1',
     '00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-0000000000d1',
     '00000000-0000-0000-0000-0000000000f1', 'receive_for_merchant');
INSERT INTO entries (journal_id, line, merchant_id, account, minor, currency) VALUES
    ('00000000-0000-0000-0000-000000000011', 1, '00000000-0000-0000-0000-0000000000a1', 'provider_receivable', 15000000, 'IDR'),
    ('00000000-0000-0000-0000-000000000011', 2, '00000000-0000-0000-0000-0000000000a1', 'merchant_payable', -15000000, 'IDR');
INSERT INTO history (order_id, payment_id, source, fact, payment_from, payment_to, order_from, order_to, order_version) VALUES
    ('00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-0000000000d1', 's', 'f', NULL, 'pending', NULL, 'pending', 1),
    ('00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-0000000000d1', 's', 'f', 'pending', 'paid', 'pending', 'paid', 2),
    ('00000000-0000-0000-0000-0000000000c2', NULL, 's', 'f', NULL, NULL, NULL, 'pending', 1);
INSERT INTO events (id, merchant_id, order_id, type, order_version, body) VALUES
    ('00000000-0000-0000-0000-0000000000e1', '00000000-0000-0000-0000-0000000000a1',
     '00000000-0000-0000-0000-0000000000c1', 'order.paid', 2, '{}'),
    ('00000000-0000-0000-0000-0000000000e2', '00000000-0000-0000-0000-0000000000a1',
     '00000000-0000-0000-0000-0000000000c1', 'order.payable', 1, '{}');
INSERT INTO deliveries (event_id, endpoint_id, state, tries) VALUES
    ('00000000-0000-0000-0000-0000000000e1', '00000000-0000-0000-0000-0000000000b1', 'due', 0),
    ('00000000-0000-0000-0000-0000000000e2', '00000000-0000-0000-0000-0000000000b1', 'due', 0);
UPDATE deliveries SET lease_token = gen_random_uuid(), leased_until = now() + interval '10 seconds';
UPDATE deliveries SET lease_token = NULL, leased_until = NULL, state = 'delivered', tries = 1;
INSERT INTO delivery_tries (event_id, endpoint_id, try_no, outcome, duration_ms) VALUES
    ('00000000-0000-0000-0000-0000000000e1', '00000000-0000-0000-0000-0000000000b1', 1, 'delivered', 1),
    ('00000000-0000-0000-0000-0000000000e2', '00000000-0000-0000-0000-0000000000b1', 1, 'delivered', 1);
INSERT INTO notifications (id, path, body_digest, body_sealed, headers, matched_route, verdict, payment_id) VALUES
    ('00000000-0000-0000-0000-000000000021', '/v1.0/qr/qr-mpm-notify', decode('DIGEST', 'hex'), '', '', '',
     'applied', '00000000-0000-0000-0000-0000000000d1');
INSERT INTO creations (id, merchant_id, order_id, payment_id, endpoint, makes_order, idempotency_key, fingerprint, reply_status) VALUES
    ('00000000-0000-0000-0000-000000000031', '00000000-0000-0000-0000-0000000000a1',
     '00000000-0000-0000-0000-0000000000c1', '00000000-0000-0000-0000-0000000000d1', '/v1/orders', true, 'k-1',
     decode(repeat('00', 32), 'hex'), 201)
