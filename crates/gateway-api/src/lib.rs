//! The merchant's side: REST, checkout pages and their documents. Decides nothing about money itself.
//!
//! A room knows only those below it. From the ground: `http`; `admission`, `pages`, `description`; `state`; `auth` and
//! `idempotency`; what can be done (`orders`, then `refunds`, `events`, `webhook_endpoints`, `reports`, `channels`, and
//! the pages in `checkout` and `console`); `documents`; `routes`, the whole URL map; `app`, which starts it all.

pub mod admission;
pub mod app;
pub mod auth;
pub mod channels;
pub mod checkout;
pub mod console;
pub mod description;
pub mod documents;
pub mod events;
pub mod http;
pub mod idempotency;
pub mod orders;
pub mod pages;
pub mod refunds;
pub mod reports;
pub mod routes;
pub mod state;
pub mod webhook_endpoints;

pub use http::{error, json};

/// The parameters that shops send, under one name for programs that feed them with anything.
pub mod params {
    pub use crate::events::params::{ListEvents, parse_redelivery};
    pub use crate::http::cursor::{Cursor, EventCursor, LIMIT_MAX};
    pub use crate::orders::params::create_order::CreateOrder;
    pub use crate::orders::params::list_orders::{ListOrders, WaitForOrder};
    pub use crate::webhook_endpoints::params::{ChangeEndpoint, CreateEndpoint};
}
