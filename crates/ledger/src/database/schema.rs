//! The tables as diesel sees them, those of the console and of money in files of their own. Every room that reads
//! or writes a table names it from here; it calls nothing. Invariant: a test holds these files to the migrated
//! database.

mod console;
mod money;

pub(crate) use console::{operator_actions, operator_sessions, operators, sign_in_attempts};
pub(crate) use money::{receipt_notices, receipts};

diesel::table! {
    merchants (id) {
        id -> Uuid,
        name -> Text,
        created_at -> Timestamptz,
        sub_merchant_id -> Nullable<Text>,
        external_store_id -> Nullable<Text>,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Uuid,
        merchant_id -> Uuid,
        digest -> Bytea,
        hint -> Text,
        scopes -> Array<Text>,
        created_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        pepper_id -> Nullable<Text>,
        second_digest -> Nullable<Bytea>,
        second_pepper_id -> Nullable<Text>,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    orders (id) {
        id -> Uuid,
        merchant_id -> Uuid,
        reference -> Text,
        state -> Text,
        version -> Int4,
        amount_minor -> Int8,
        currency -> Text,
        paid_minor -> Int8,
        paid_late -> Bool,
        payer_chooses -> Bool,
        description -> Nullable<Text>,
        return_url -> Nullable<Text>,
        metadata -> Nullable<Text>,
        items -> Nullable<Text>,
        checkout_token -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        expires_at -> Timestamptz,
        paid_at -> Nullable<Timestamptz>,
        expiry_due_at -> Nullable<Timestamptz>,
        synced_at -> Nullable<Timestamptz>,
        base_state -> Nullable<Text>,
    }
}

diesel::table! {
    payers (order_id) {
        order_id -> Uuid,
        sealed -> Bytea,
    }
}

diesel::table! {
    payments (id) {
        id -> Uuid,
        order_id -> Uuid,
        merchant_id -> Uuid,
        position -> Int4,
        method -> Text,
        channel -> Nullable<Text>,
        link_channels -> Nullable<Array<Text>>,
        state -> Text,
        amount_minor -> Int8,
        currency -> Text,
        received_minor -> Int8,
        refunded_minor -> Int8,
        merchant_minor -> Int8,
        suspense_minor -> Int8,
        provider_reference -> Nullable<Text>,
        artefact -> Nullable<Text>,
        link_code -> Nullable<Text>,
        customer_no -> Nullable<Text>,
        failure_code -> Nullable<Text>,
        failure_message -> Nullable<Text>,
        replaces -> Nullable<Uuid>,
        replacements -> Int2,
        last_outcome -> Nullable<Text>,
        call_token -> Nullable<Uuid>,
        call_leased_until -> Nullable<Timestamptz>,
        accepted_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        expires_at -> Timestamptz,
        paid_at -> Nullable<Timestamptz>,
        base_state -> Nullable<Text>,
        order_created_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    provider_aliases (payment_id, provider_reference) {
        payment_id -> Uuid,
        provider_reference -> Text,
        seen_at -> Timestamptz,
    }
}

diesel::table! {
    journals (id) {
        id -> Uuid,
        merchant_id -> Uuid,
        order_id -> Uuid,
        payment_id -> Uuid,
        booking -> Text,
        created_at -> Timestamptz,
        receipt_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    entries (journal_id, line) {
        journal_id -> Uuid,
        line -> Int2,
        merchant_id -> Uuid,
        account -> Text,
        minor -> Int8,
        currency -> Text,
    }
}

diesel::table! {
    history (id, at) {
        id -> Int8,
        order_id -> Uuid,
        payment_id -> Nullable<Uuid>,
        at -> Timestamptz,
        source -> Text,
        fact -> Text,
        payment_from -> Nullable<Text>,
        payment_to -> Nullable<Text>,
        order_from -> Nullable<Text>,
        order_to -> Nullable<Text>,
        order_version -> Nullable<Int4>,
        detail -> Nullable<Text>,
    }
}

diesel::table! {
    notifications (id, month) {
        id -> Uuid,
        path -> Text,
        body_digest -> Bytea,
        body_sealed -> Bytea,
        headers -> Text,
        matched_route -> Text,
        verdict -> Text,
        payment_id -> Nullable<Uuid>,
        seen -> Int4,
        received_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        rematch_due_at -> Nullable<Timestamptz>,
        month -> Date,
        dismissed_at -> Nullable<Timestamptz>,
        dismissed_by -> Nullable<Text>,
        dismissed_reason -> Nullable<Text>,
    }
}

diesel::table! {
    rejected_notifications (id) {
        id -> Int8,
        path -> Text,
        query -> Nullable<Text>,
        headers -> Text,
        body_sealed -> Bytea,
        reason -> Text,
        received_at -> Timestamptz,
        explanation -> Nullable<Text>,
    }
}

diesel::table! {
    snap_tokens (digest) {
        digest -> Bytea,
        client_key -> Text,
        issued_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    checkout_links (one) {
        one -> Bool,
        unsigned_until -> Timestamptz,
    }
}

diesel::table! {
    creations (id) {
        id -> Uuid,
        merchant_id -> Uuid,
        order_id -> Nullable<Uuid>,
        payment_id -> Nullable<Uuid>,
        endpoint -> Text,
        makes_order -> Bool,
        idempotency_key -> Nullable<Text>,
        fingerprint -> Bytea,
        reply_status -> Nullable<Int2>,
        reply_sealed -> Nullable<Bytea>,
        replays -> Int4,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    webhook_endpoints (id) {
        id -> Uuid,
        merchant_id -> Uuid,
        url -> Text,
        event_types -> Nullable<Array<Text>>,
        enabled -> Bool,
        disabled_reason -> Nullable<Text>,
        secret_sealed -> Bytea,
        previous_secret_sealed -> Nullable<Bytea>,
        previous_secret_until -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
        failures_in_row -> Int4,
        disabled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    events (id) {
        id -> Uuid,
        merchant_id -> Uuid,
        order_id -> Nullable<Uuid>,
        #[sql_name = "type"]
        event_type -> Text,
        order_version -> Nullable<Int4>,
        body -> Text,
        created_at -> Timestamptz,
        traceparent -> Nullable<Text>,
    }
}

diesel::table! {
    deliveries (event_id, endpoint_id) {
        event_id -> Uuid,
        endpoint_id -> Uuid,
        state -> Text,
        tries -> Int4,
        due_at -> Nullable<Timestamptz>,
        lease_token -> Nullable<Uuid>,
        leased_until -> Nullable<Timestamptz>,
        last_status -> Nullable<Int2>,
        last_error -> Nullable<Text>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    delivery_tries (event_id, id) {
        id -> Int8,
        event_id -> Uuid,
        endpoint_id -> Uuid,
        try_no -> Int4,
        at -> Timestamptz,
        outcome -> Text,
        status -> Nullable<Int2>,
        duration_ms -> Int4,
    }
}

diesel::table! {
    partition_drops (family) {
        family -> Text,
        before -> Date,
    }
}

diesel::table! {
    redeliveries (id) {
        id -> Uuid,
        merchant_id -> Uuid,
        from_at -> Timestamptz,
        to_at -> Timestamptz,
        event_type -> Nullable<Text>,
        done_until -> Timestamptz,
        done_id -> Uuid,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        attempts -> Int4,
        due_at -> Timestamptz,
        gave_up -> Bool,
        asked_by -> Nullable<Text>,
    }
}

diesel::table! {
    provider_work (payment_id, kind) {
        payment_id -> Uuid,
        kind -> Text,
        channel -> Text,
        due_at -> Timestamptz,
        began_at -> Timestamptz,
        steps -> Int4,
        asked_at -> Nullable<Timestamptz>,
        not_found_at -> Nullable<Timestamptz>,
        lease_token -> Nullable<Uuid>,
        leased_until -> Nullable<Timestamptz>,
        resends -> Int2,
        alike -> Int2,
        unanswered -> Int2,
        last_end -> Nullable<Text>,
        reply_code -> Nullable<Text>,
        reply_message -> Nullable<Text>,
        wanted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    shared_references (payment_id, provider_reference) {
        payment_id -> Uuid,
        provider_reference -> Text,
        other_payment_id -> Uuid,
        noticed_at -> Timestamptz,
    }
}

diesel::table! {
    refunds (id) {
        id -> Uuid,
        merchant_id -> Uuid,
        order_id -> Uuid,
        payment_id -> Uuid,
        amount_minor -> Int8,
        currency -> Text,
        reason -> Text,
        state -> Text,
        evidence -> Nullable<Text>,
        completed_by -> Nullable<Text>,
        created_at -> Timestamptz,
        completed_at -> Nullable<Timestamptz>,
        payee_sealed -> Nullable<Bytea>,
        cancelled_by -> Nullable<Text>,
        cancelled_at -> Nullable<Timestamptz>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    merchants,
    api_keys,
    orders,
    payers,
    payments,
    receipt_notices,
    receipts,
    creations,
    webhook_endpoints,
    events,
    deliveries,
    delivery_tries,
    notifications,
    redeliveries,
    provider_work,
    refunds,
    operators,
    operator_sessions,
    operator_actions,
);
