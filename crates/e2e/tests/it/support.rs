//! What every story needs: a stack, a shop, the sandbox's control side, and waiting for something
//! to become true.

mod attackers;
mod books;
mod canaries;
mod collector;
mod http;
mod journal;
mod malformed;
mod operator;
mod orders;
mod prometheus;
pub(crate) mod promql;
mod provider;
mod relay;
mod sandbox;
mod schema;
mod shop;
mod stacks;
mod wait;
mod wiretap;

pub(crate) use attackers::{Attack, Manner};
pub(crate) use books::{assert_books_balance, gatewayctl, number, suspense_minor};
pub(crate) use canaries::{Canaries, card_number, columns, digits, letters};
pub(crate) use collector::{Collector, Exported};
pub(crate) use http::{Answer, Http};
pub(crate) use journal::Journal;
pub(crate) use malformed::malformed;
pub(crate) use operator::{Operator, value_of};
pub(crate) use orders::{CHANNELS, an_order, of, reference, unique, with};
pub(crate) use prometheus::{Prometheus, Watch};
pub(crate) use provider::{Provider, QRIS};
pub(crate) use relay::Relay;
pub(crate) use sandbox::Sandbox;
pub(crate) use schema::misfits;
pub(crate) use shop::Shop;
pub(crate) use stacks::{quick, shared};
pub(crate) use wait::{until, until_some};
pub(crate) use wiretap::Wiretap;
