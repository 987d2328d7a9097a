//! The load: the shops with their orders, payers, callbacks made by hand, and the endpoints that webhooks go to. The
//! scenarios start it; it knows the gateway by its addresses only. Invariant: everything is drawn from the seed, and
//! journaled before its effect is told to anybody.

pub mod callback_flood;
pub mod context;
pub(crate) mod history;
pub(crate) mod manual_callbacks;
pub mod payers;
pub mod recipe;
pub(crate) mod retry;
pub mod shops;
pub mod webhook_receiver;
