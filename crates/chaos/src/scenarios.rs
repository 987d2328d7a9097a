//! Scenarios: whole runs from start to verdict, and the report at their end. The program calls them; they call every
//! other room. Invariant: a run passes only when the checker was seen to find what was planted.

pub mod failover;
pub mod probes;
pub mod report;
pub mod run;
