//! The provider: its state while it runs, transactions, tokens, keys, settings, and the faults it is told to
//! make. The service, the callbacks and the control side call it; it calls the protocol. Invariant: the store of
//! transactions is bounded, and no lock is held over an await.

pub(crate) mod admissions;
pub(crate) mod credentials;
pub(crate) mod faults;
pub(crate) mod jobs;
pub(crate) mod journal;
pub(crate) mod keys;
pub(crate) mod sandbox;
pub(crate) mod settings;
pub(crate) mod store;
pub(crate) mod transaction;
