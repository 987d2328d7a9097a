//! The payer's page: its link, its events, and its pictures of QR codes.

mod checkout_events;
pub(crate) mod checkout_page;
mod qr_pictures;
