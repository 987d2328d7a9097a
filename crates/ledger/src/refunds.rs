//! Refunds: asked for, made by the provider or by a person, completed or cancelled. The API, the console and the worker
//! call it. Invariant: never more goes back than came in.

pub(crate) mod completion;
pub(crate) mod requests;
