//! The system: processes, ports, folders, programs, signals, HTTP and the terminal of this machine. Every other room
//! stands on it; it knows nothing of the gateway. Invariant: a process that is started here ends when the value that
//! holds it is dropped.

pub(crate) mod directories;
pub(crate) mod error;
pub(crate) mod find_program;
pub(crate) mod http;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod secrets;
pub(crate) mod signals;
pub(crate) mod terminal;
pub(crate) mod unprivileged_user;
