//! Group commit: creates, callbacks and outcomes of calls that share a transaction, and faults in the middle of one.

mod group_callbacks;
mod group_creates;
mod group_faults;
