//! The tables of the operators' console.

diesel::table! {
    operators (id) {
        id -> Uuid,
        email -> Text,
        name -> Text,
        role -> Text,
        password_hash -> Text,
        created_at -> Timestamptz,
        signed_in_at -> Nullable<Timestamptz>,
        disabled_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    operator_sessions (digest) {
        digest -> Bytea,
        operator_id -> Uuid,
        created_at -> Timestamptz,
        seen_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    sign_in_attempts (subject) {
        subject -> Bytea,
        failures -> Int4,
        last_at -> Timestamptz,
    }
}

diesel::table! {
    operator_actions (id) {
        id -> Int8,
        at -> Timestamptz,
        operator_id -> Nullable<Uuid>,
        action -> Text,
        target -> Nullable<Text>,
        outcome -> Text,
        address -> Text,
        follows -> Nullable<Int8>,
    }
}
