//! Values and decisions only: what a payment is, what the provider says, what follows from it.
//! No IO, no clock, no randomness lives here: time, ids and nonces are arguments.
#![deny(clippy::wildcard_enum_match_arm)]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod allocation;
pub mod api_key;
pub mod artefact;
pub mod card_numbers;
pub mod channels;
pub mod checkout_link;
pub mod email;
pub mod event;
pub mod expiry;
pub mod funds;
pub mod ids;
pub mod intake;
pub mod json_style;
pub mod key_id;
pub mod messages;
pub mod method;
pub mod money;
pub mod order;
pub mod order_view;
pub mod password;
pub mod payment;
pub mod phone;
pub mod posting;
pub mod provider_message;
pub mod provider_time;
pub mod qris;
pub mod reading;
pub mod receipt;
pub mod resend;
pub mod response_code;
pub mod schedule;
pub mod sealing;
pub mod secret;
pub mod signing;
pub mod states;
pub mod unseen;
