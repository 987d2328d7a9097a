//! Orders: made once and only once, with one payment or several, ended, listed, reported, and shown with their
//! history.

mod cancel_and_expire;
mod daily_report;
mod idempotency;
mod listing;
mod several_payments;
mod timeline;
