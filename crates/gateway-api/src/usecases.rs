//! What the merchant can do, in the order in which it happens. No HTTP request, no SQL.

pub mod add_payment;
pub mod cancel_order;
pub mod create_order;
pub mod daily_report;
pub mod events;
pub mod export_orders;
pub mod once;
pub mod read_orders;
pub mod refunds;
pub mod settle;
pub mod sync_order;
pub mod unsent;
pub mod webhook_endpoints;
