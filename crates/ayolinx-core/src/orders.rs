//! Orders and their payments: what became known is interpreted, joined to the facts and decided on, and the events
//! for shops are made of the result. The ledger, the API and `gatewayctl` call it; it calls `accounting` and
//! `provider`. Invariant: every pair of state and fact is spelt out, and one function decides for every source.

pub mod event;
pub mod intake;
pub mod interpretation;
pub mod order;
pub mod order_view;
pub mod payment;
pub mod payment_instructions;
