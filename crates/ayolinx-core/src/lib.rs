//! Values and decisions only: what a payment is, what the provider says, what follows from it.
//! No IO, no clock, no randomness lives here: time, ids and nonces are arguments.
#![deny(clippy::wildcard_enum_match_arm)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod accounting;
pub mod channels;
pub mod orders;
pub mod provider;
pub mod secrets;
pub mod timing;
pub mod values;

// The modules, under the names by which the other crates know them.
pub use accounting::{allocation, funds, posting, receipt};
pub use orders::{
    event, intake, interpretation as reading, order, order_view, payment,
    payment_instructions as artefact,
};
pub use provider::{
    json_encoding as json_style, messages, qris, response_code,
    response_message as provider_message, signing, time as provider_time,
};
pub use secrets::{api_key, checkout_link, key_id, password, sealing, secret};
pub use timing::{expiry, resend, schedule};
pub use values::{email, ids, method, money, pan_masking as card_numbers, phone, states, unseen};
