//! Operators: the console and `gatewayctl`, what they do, and who is written down for it.

mod acts_have_an_author;
pub(crate) mod console;
mod console_sign_in;
mod gatewayctl_runs;
mod payer_is_erased;
