-- Orders, their payments (one attempt at the provider each), the money received for them, and the
-- payer's personal data in one sealed column, so that erasing a payer touches one table.
SET LOCAL lock_timeout = '2s';

CREATE TABLE orders (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants (id),
    reference text NOT NULL CHECK (reference ~ '^[A-Za-z0-9._-]{1,64}$'),
    state text NOT NULL
        CHECK (state IN ('pending', 'paid', 'expired', 'cancelled', 'failed', 'review', 'refunded')),
    version integer NOT NULL DEFAULT 1 CHECK (version > 0),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL CHECK (currency = 'IDR'),
    paid_minor bigint NOT NULL DEFAULT 0 CHECK (paid_minor >= 0),
    paid_late boolean NOT NULL DEFAULT false,
    payer_chooses boolean NOT NULL,
    description text,
    return_url text,
    metadata text,
    items text,
    checkout_token text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    paid_at timestamptz,
    expiry_due_at timestamptz,
    synced_at timestamptz,
    UNIQUE (merchant_id, reference)
) WITH (fillfactor = 80);

CREATE INDEX orders_newest ON orders (merchant_id, created_at DESC, id DESC);
CREATE INDEX orders_expiry_due ON orders (expiry_due_at) WHERE expiry_due_at IS NOT NULL;

CREATE TABLE payers (
    order_id uuid PRIMARY KEY REFERENCES orders (id),
    sealed bytea NOT NULL
);

CREATE SEQUENCE virtual_account_customers AS bigint;

CREATE TABLE payments (
    id uuid PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders (id),
    merchant_id uuid NOT NULL REFERENCES merchants (id),
    position integer NOT NULL CHECK (position > 0),
    method text NOT NULL
        CHECK (method IN ('qris', 'ewallet', 'virtual_account', 'retail', 'payment_link')),
    channel text,
    link_channels text[],
    state text NOT NULL
        CHECK (state IN ('creating', 'unknown', 'pending', 'paid', 'expired', 'cancelled', 'failed',
                         'review', 'refunded')),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency text NOT NULL CHECK (currency = 'IDR'),
    received_minor bigint NOT NULL DEFAULT 0 CHECK (received_minor >= 0),
    refunded_minor bigint NOT NULL DEFAULT 0
        CHECK (refunded_minor >= 0 AND refunded_minor <= received_minor),
    merchant_minor bigint NOT NULL DEFAULT 0 CHECK (merchant_minor >= 0),
    suspense_minor bigint NOT NULL DEFAULT 0 CHECK (suspense_minor >= 0),
    provider_reference text,
    artefact text,
    link_code text,
    customer_no text,
    failure_code text,
    failure_message text,
    replaces uuid REFERENCES payments (id),
    replacements smallint NOT NULL DEFAULT 0,
    last_outcome text,
    call_token uuid,
    call_leased_until timestamptz,
    accepted_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    paid_at timestamptz,
    UNIQUE (order_id, position)
) WITH (fillfactor = 80);

CREATE INDEX payments_by_link_code ON payments (link_code) WHERE link_code IS NOT NULL;

-- A sum of money that reached the provider for a payment. The key is what tells two of them apart
-- (the provider's paymentRequestId); NULL until the provider has named it.
CREATE TABLE receipts (
    id uuid PRIMARY KEY,
    payment_id uuid NOT NULL REFERENCES payments (id),
    request_key text,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    held text NOT NULL CHECK (held IN ('merchant', 'suspense', 'released', 'refunded')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (payment_id, request_key)
);

CREATE INDEX receipts_of_payment ON receipts (payment_id);

-- Other names under which the provider has spoken of a payment (contract 4.2).
CREATE TABLE provider_aliases (
    payment_id uuid NOT NULL REFERENCES payments (id),
    provider_reference text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (payment_id, provider_reference)
);
