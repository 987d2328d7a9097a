//! Addresses our programs listen on.

use std::net::{IpAddr, SocketAddr};

use service_shell::env::Reader;

const CHECKOUT_PORT: u16 = 8082;

/// The addresses on which `gateway-api` listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiListeners {
    /// `GATEWAY_BIND`: merchant REST, internal; default `127.0.0.1:8080`, `None` when `off`.
    pub gateway: Option<SocketAddr>,
    /// `CHECKOUT_BIND`: checkout pages, public behind the ingress; default `127.0.0.1:8082`, `None` when
    /// `off`.
    pub checkout: Option<SocketAddr>,
    /// `CONSOLE_BIND`: the operator's console, internal; default `127.0.0.1:8083`, `None` when `off`.
    pub console: Option<SocketAddr>,
    /// `GATEWAY_OPS_BIND`: probes and metrics; default `127.0.0.1:9080`.
    pub ops: SocketAddr,
}

/// The addresses on which `callback-worker` listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerListeners {
    /// `CALLBACK_BIND`: the provider's callbacks, public behind the ingress; default
    /// `127.0.0.1:8081`.
    pub callback: SocketAddr,
    /// `WORKER_OPS_BIND`: probes and metrics; default `127.0.0.1:9081`.
    pub ops: SocketAddr,
}

impl ApiListeners {
    pub(crate) fn read(reader: &Reader<'_>) -> Self {
        let listeners = Self {
            gateway: address_or_off(reader, "GATEWAY_BIND", 8080),
            checkout: address_or_off(reader, "CHECKOUT_BIND", CHECKOUT_PORT),
            console: address_or_off(reader, "CONSOLE_BIND", 8083),
            ops: address(reader, "GATEWAY_OPS_BIND", 9080),
        };
        let served = [listeners.gateway, listeners.checkout, listeners.console];
        if served.iter().all(Option::is_none) {
            reader.problem(
                "GATEWAY_BIND",
                "CHECKOUT_BIND and CONSOLE_BIND are off as well: nothing is left to serve",
            );
        }
        listeners
    }

    pub(crate) fn all(&self) -> Vec<(&'static str, SocketAddr)> {
        let served = [
            ("GATEWAY_BIND", self.gateway),
            ("CHECKOUT_BIND", self.checkout),
            ("CONSOLE_BIND", self.console),
            ("GATEWAY_OPS_BIND", Some(self.ops)),
        ];
        let served = served.into_iter();
        served
            .filter_map(|(name, address)| Some((name, address?)))
            .collect()
    }
}

impl WorkerListeners {
    pub(crate) fn read(reader: &Reader<'_>) -> Self {
        Self {
            callback: callback(reader),
            ops: address(reader, "WORKER_OPS_BIND", 9081),
        }
    }

    pub(crate) fn all(&self) -> Vec<(&'static str, SocketAddr)> {
        vec![
            ("CALLBACK_BIND", self.callback),
            ("WORKER_OPS_BIND", self.ops),
        ]
    }
}

/// Reads `CHECKOUT_BIND`, which is also the default address of the checkout pages. Where it is `off`,
/// another process serves them, by default at the usual address.
pub(crate) fn checkout(reader: &Reader<'_>) -> SocketAddr {
    address_or_off(reader, "CHECKOUT_BIND", CHECKOUT_PORT)
        .unwrap_or(SocketAddr::from(([127, 0, 0, 1], CHECKOUT_PORT)))
}

/// Reads `CALLBACK_BIND`, which is also the default address of callbacks.
pub(crate) fn callback(reader: &Reader<'_>) -> SocketAddr {
    address(reader, "CALLBACK_BIND", 8081)
}

/// Reads an address; `None` when `off`.
fn address_or_off(reader: &Reader<'_>, name: &str, port: u16) -> Option<SocketAddr> {
    let expected = "an address with a port, such as 127.0.0.1:8080, or off";
    let read = |text: &str| match text {
        "off" => Some(None),
        address => address.parse().ok().map(Some),
    };
    let default = SocketAddr::from(([127, 0, 0, 1], port));
    reader
        .parsed_with(name, expected, read)
        .unwrap_or(Some(default))
}

fn address(reader: &Reader<'_>, name: &str, port: u16) -> SocketAddr {
    let default = SocketAddr::from(([127, 0, 0, 1], port));
    reader.parsed_or(
        name,
        "an address with a port, such as 127.0.0.1:8080",
        default,
    )
}

/// Returns whether only this machine can reach the address.
pub(crate) fn is_loopback(address: SocketAddr) -> bool {
    let ip: IpAddr = address.ip().to_canonical();
    ip.is_loopback()
}
