//! The tables of what the provider says it received.

diesel::table! {
    receipts (id) {
        id -> Uuid,
        payment_id -> Uuid,
        request_key -> Nullable<Text>,
        amount_minor -> Int8,
        held -> Text,
        created_at -> Timestamptz,
        received_minor -> Nullable<Int8>,
        returned_minor -> Int8,
        given_back_minor -> Int8,
        given_back_whole -> Bool,
        is_right -> Bool,
        verdict -> Nullable<Text>,
        provider_reference -> Nullable<Text>,
        fee_minor -> Nullable<Int8>,
        rrn -> Nullable<Text>,
        issuer -> Nullable<Text>,
        settles_on -> Nullable<Date>,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    receipt_notices (payment_id, says, named_by, name) {
        payment_id -> Uuid,
        says -> Text,
        named_by -> Text,
        name -> Text,
        total_minor -> Int8,
        whole -> Bool,
        verdict -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}
