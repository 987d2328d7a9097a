//! The addresses under which the outside reaches us.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use service_shell::env::Reader;

use crate::{listeners, origin, origin::Origin};

/// Our public origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrls {
    /// `CALLBACK_PUBLIC_URL`: the origin under which the provider reaches the worker; default,
    /// except in production, the address of `CALLBACK_BIND`.
    pub callback: Origin,
    /// `CHECKOUT_PUBLIC_URL`: the origin of the checkout pages; default, except in production, the
    /// address of `CHECKOUT_BIND`.
    pub checkout: Origin,
}

impl PublicUrls {
    pub(crate) fn read(reader: &Reader<'_>, base_url: Option<&Origin>) -> Option<Self> {
        let callback = callback(reader, base_url);
        let checkout = checkout(reader, base_url);
        Some(Self {
            callback: callback?,
            checkout: checkout?,
        })
    }
}

pub(crate) fn callback(reader: &Reader<'_>, base_url: Option<&Origin>) -> Option<Origin> {
    let bound = listeners::callback(reader);
    public(reader, "CALLBACK_PUBLIC_URL", base_url, bound)
}

pub(crate) fn checkout(reader: &Reader<'_>, base_url: Option<&Origin>) -> Option<Origin> {
    let bound = listeners::checkout(reader);
    public(reader, "CHECKOUT_PUBLIC_URL", base_url, bound)
}

fn public(
    reader: &Reader<'_>,
    name: &str,
    base_url: Option<&Origin>,
    bound: SocketAddr,
) -> Option<Origin> {
    let production = base_url.is_some_and(Origin::is_production);
    if !reader.is_set(name) {
        if production {
            reader.problem(name, "is required with the production AYOLINX_BASE_URL");
            return None;
        }
        return where_it_is_bound(bound);
    }
    let given = reader.parsed_with(name, origin::EXPECTED, Origin::parse)?;
    if production && !given.is_https() {
        reader.problem(name, "must be https with the production AYOLINX_BASE_URL");
    }
    Some(given)
}

fn where_it_is_bound(bound: SocketAddr) -> Option<Origin> {
    let mut reachable = bound;
    if bound.ip().is_unspecified() {
        reachable.set_ip(match bound {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Origin::parse(&format!("http://{reachable}"))
}
