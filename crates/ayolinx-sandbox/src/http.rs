//! The listeners: the API that the gateway calls, the control side for tests and people, and connections that end
//! badly on demand. The program starts them; they call every other room, and nothing calls them.

pub(crate) mod api;
pub(crate) mod connection;
pub(crate) mod control;
pub(crate) mod server;
