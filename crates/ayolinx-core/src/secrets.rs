//! Secrets: the text that is never printed, the names of keys, sealing at rest, API keys, passwords and checkout
//! tokens. Everything that holds a secret calls it; it calls `values` only. Invariant: a secret shows in no debug
//! print, and is compared as a MAC in constant time.

pub mod api_key;
pub mod checkout_link;
pub mod key_id;
mod link_key;
pub mod password;
pub mod sealing;
pub mod secret;
