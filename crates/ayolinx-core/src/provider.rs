//! The provider's protocol: its messages and codes, its signatures, its spelling of JSON and of times, and the text
//! of a QR. The client, the worker and the sandbox call it; so does `orders`. It calls `values`, `secrets` and
//! `accounting`. Invariant: what is signed, sent, verified and parsed are the same bytes; no untyped value lies
//! between.

pub mod json_encoding;
pub mod messages;
pub mod qris;
pub mod response_code;
pub mod response_message;
pub mod signing;
pub mod time;
