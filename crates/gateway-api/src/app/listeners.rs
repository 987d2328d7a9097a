//! The listeners of the process: for each its routes, its callers, and its number of connections.

use std::net::SocketAddr;

use actix_web::web::ServiceConfig;
use service_shell::descriptors;
use settings::ApiListeners;

use crate::console;
use crate::routes;

/// A listener's routes and its callers.
#[derive(Clone, Copy)]
pub(crate) struct Listener {
    pub(crate) routes: fn(&mut ServiceConfig),
    pub(crate) reach: Reach,
}

/// The number of requests that a connection carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Many.
    Shops,
    /// One: the framework has no head deadline on a second request of a connection (reliability T5), and
    /// strangers may come here.
    OneRequest,
}

impl Listener {
    const SHOPS: Self = Self {
        routes: routes::merchant,
        reach: Reach::Shops,
    };
    const PAYERS: Self = Self {
        routes: routes::checkout,
        reach: Reach::OneRequest,
    };
    const OPERATORS: Self = Self {
        routes: console::routes,
        reach: Reach::OneRequest,
    };
}

/// Returns the listeners that are not off.
pub(crate) fn on(listeners: &ApiListeners) -> Vec<(SocketAddr, Listener)> {
    let all = [
        (listeners.gateway, Listener::SHOPS),
        (listeners.checkout, Listener::PAYERS),
        (listeners.console, Listener::OPERATORS),
    ];
    let all = all.into_iter();
    all.filter_map(|(address, listener)| Some((address?, listener)))
        .collect()
}

/// Returns the connections of each listener that is on: its share of this many descriptors. A caller who fills one
/// listener leaves the others theirs.
pub(crate) fn connections_of(listeners: &ApiListeners, limit: u64) -> usize {
    descriptors::connections_of_each(limit, on(listeners).len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_that_is_off_keeps_no_descriptors() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let all = ApiListeners {
            gateway: Some(address),
            checkout: Some(address),
            console: Some(address),
            ops: address,
        };
        let pages = ApiListeners {
            gateway: None,
            console: None,
            ..all
        };
        let of = |listeners| connections_of(listeners, 1_024);
        assert_eq!((of(&all), of(&pages)), (100, 299));
    }
}
