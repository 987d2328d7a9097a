//! Idempotency: a POST that is sent again does nothing again and is answered by the same bytes. The rooms of the API
//! call it around what they create; the ledger keeps the keys and the replies.
//! Invariant: one key stands for one request, and its first final reply is its only one.

pub mod idempotent_post;
pub mod key;
pub mod reply;
pub mod request_identity;
