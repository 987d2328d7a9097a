//! `WEBHOOK_ALLOWED_HOSTS` and `WEBHOOK_ALLOWED_NETWORKS`: inner targets an operator permits.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::Host;

use crate::address_class::AddressClass;

/// The reason why an entry of the two settings is refused at start.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AllowanceError {
    /// Not `host` or `host:port`, or a numeric host in an odd spelling.
    #[error("{0:?} is not host or host:port")]
    Host(String),
    /// Not `CIDR` or `CIDR:port` (IPv6 with a port in brackets).
    #[error("{0:?} is not a network such as 10.0.0.0/8, 10.0.0.0/8:8080 or [fd00::/8]:8080")]
    Network(String),
    /// A network that is not wholly private or loopback.
    #[error("{0:?} reaches outside the private and loopback ranges")]
    NotPrivate(String),
}

/// A host name or address, and the port when only one is meant.
#[derive(Debug, Clone)]
pub(crate) struct AllowedHost {
    host: Host<String>,
    port: Option<u16>,
}

impl AllowedHost {
    pub(crate) fn parse(entry: &str) -> Result<Self, AllowanceError> {
        let refuse = || AllowanceError::Host(entry.to_owned());
        let (host_text, port) = split_port(entry.trim()).ok_or_else(refuse)?;
        let lower = host_text.to_ascii_lowercase();
        if lower.contains(['%', '@', '/', '\\', '?', '#']) {
            return Err(refuse());
        }
        let host = Host::parse(&lower).map_err(|_| refuse())?;
        match &host {
            Host::Domain(name) if !name.is_empty() => {}
            Host::Ipv4(_) | Host::Ipv6(_) if host.to_string() == lower => {}
            _ => return Err(refuse()),
        }
        Ok(Self { host, port })
    }

    pub(crate) fn permits(&self, host: &Host<String>, port: u16) -> bool {
        self.host == *host && self.port.is_none_or(|only| only == port)
    }
}

/// A private or loopback range, and the port when only one is meant.
#[derive(Debug, Clone)]
pub(crate) struct AllowedNetwork {
    net: IpNet,
    port: Option<u16>,
}

impl AllowedNetwork {
    pub(crate) fn parse(entry: &str) -> Result<Self, AllowanceError> {
        let refuse = || AllowanceError::Network(entry.to_owned());
        let text = entry.trim();
        let (net, port) = match text.parse::<IpNet>() {
            Ok(net) => (net, None),
            Err(_) => {
                let (inner, port) = split_port(text).ok_or_else(refuse)?;
                (
                    strip_brackets(inner)
                        .parse::<IpNet>()
                        .map_err(|_| refuse())?,
                    port,
                )
            }
        };
        if !is_inner_range(&net) {
            return Err(AllowanceError::NotPrivate(entry.to_owned()));
        }
        Ok(Self {
            net: net.trunc(),
            port,
        })
    }

    pub(crate) fn covers_port(&self, port: u16) -> bool {
        self.port.is_none_or(|only| only == port)
    }

    pub(crate) fn permits(&self, address: IpAddr, port: u16) -> bool {
        self.net.contains(&address) && self.covers_port(port)
    }
}

/// Returns whether both ends are in one such class, and the prefix is not so short that it spans
/// others in between.
fn is_inner_range(net: &IpNet) -> bool {
    let inner = |address| {
        matches!(
            AddressClass::of(address),
            AddressClass::Private | AddressClass::Loopback
        )
    };
    let floor = match net {
        IpNet::V4(v4) => v4.prefix_len() >= smallest_v4_prefix(v4),
        IpNet::V6(v6) => v6.prefix_len() >= smallest_v6_prefix(v6),
    };
    floor && inner(net.network()) && inner(net.broadcast())
}

fn smallest_v4_prefix(net: &Ipv4Net) -> u8 {
    match net.network().octets() {
        [10 | 127, ..] => 8,
        [172, ..] => 12,
        _ => 16,
    }
}

fn smallest_v6_prefix(net: &Ipv6Net) -> u8 {
    let [first, ..] = net.network().octets();
    if first & 0xfe == 0xfc { 7 } else { 128 }
}

/// Splits `host:port`; colons inside brackets, or of a bare IPv6 text, belong to the host.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let after_host = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.1,
        None => match text.split_once(':') {
            None => "",
            Some((_, port)) if port.contains(':') => return None,
            Some((host, port)) => return Some((host, Some(parse_port(port)?))),
        },
    };
    let host = text.strip_suffix(after_host)?;
    match after_host {
        "" => Some((host, None)),
        with_colon => Some((host, Some(parse_port(with_colon.strip_prefix(':')?)?))),
    }
}

fn parse_port(text: &str) -> Option<u16> {
    let all_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse::<u16>()
        .ok()
        .filter(|port| all_digits && *port > 0)
}

fn strip_brackets(text: &str) -> &str {
    text.strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_in_all_four_spellings() {
        for (entry, inside, port) in [
            ("10.0.0.0/8", "10.2.3.4", 80),
            ("10.0.0.0/8:8080", "10.2.3.4", 8080),
            ("[fd00::/8]:8080", "fd12::1", 8080),
            ("fd00::/8", "fd12::1", 9000),
            ("[fd00::/8]", "fd12::1", 9000),
            ("127.0.0.1/32", "127.0.0.1", 1),
            (" 172.16.0.0/12 ", "172.20.0.1", 1),
            ("192.168.0.0/16", "192.168.9.9", 1),
            ("::1/128", "::1", 1),
            ("fc00::/7", "fd00::9", 1),
        ] {
            let network = AllowedNetwork::parse(entry).unwrap();
            assert!(network.permits(inside.parse().unwrap(), port), "{entry}");
        }
    }

    #[test]
    fn a_network_with_a_port_permits_no_other_port() {
        let network = AllowedNetwork::parse("10.0.0.0/8:8080").unwrap();
        assert!(!network.permits("10.0.0.1".parse().unwrap(), 8081));
        assert!(!network.permits("11.0.0.1".parse().unwrap(), 8080));
    }

    #[test]
    fn networks_outside_private_ranges_are_refused() {
        for entry in [
            "0.0.0.0/0",
            "8.8.8.0/24",
            "169.254.0.0/16",
            "10.0.0.0/7",
            "172.16.0.0/11",
            "192.168.0.0/15",
            "126.0.0.0/7",
            "::/0",
            "fe80::/10",
            "fc00::/6",
            "2001:db8::/32",
            "::ffff:10.0.0.0/104",
            "100.64.0.0/10",
            "::/127",
        ] {
            assert_eq!(
                AllowedNetwork::parse(entry).unwrap_err(),
                AllowanceError::NotPrivate(entry.to_owned()),
                "{entry}"
            );
        }
    }

    #[test]
    fn malformed_networks_are_named() {
        for entry in [
            "",
            "10.0.0.0",
            "10.0.0.0/33",
            "10.0.0.0/8:",
            "10.0.0.0/8:0",
            "10.0.0.0/8:+1",
            "[fd00::/8:80",
            "fd00::/8:80:90",
            "10/8",
        ] {
            assert_eq!(
                AllowedNetwork::parse(entry).unwrap_err(),
                AllowanceError::Network(entry.to_owned()),
                "{entry}"
            );
        }
    }

    #[test]
    fn hosts_match_with_and_without_port() {
        let shop = Host::Domain("shop.internal".to_owned());
        assert!(
            AllowedHost::parse("Shop.Internal")
                .unwrap()
                .permits(&shop, 1234)
        );
        assert!(
            AllowedHost::parse("shop.internal:8080")
                .unwrap()
                .permits(&shop, 8080)
        );
        assert!(
            !AllowedHost::parse("shop.internal:8080")
                .unwrap()
                .permits(&shop, 80)
        );
        assert!(!AllowedHost::parse("internal").unwrap().permits(&shop, 80));
        let loopback = Host::Ipv6("::1".parse().unwrap());
        assert!(
            AllowedHost::parse("[::1]:9000")
                .unwrap()
                .permits(&loopback, 9000)
        );
    }

    #[test]
    fn malformed_hosts_are_named() {
        for entry in [
            "",
            ":80",
            "a b",
            "shop:",
            "shop:0",
            "shop:99999",
            "2130706433",
            "0x7f.1",
            "127.1",
            "::1",
            "http://shop",
            "u@shop",
            "[0:0::1]",
        ] {
            assert!(
                matches!(AllowedHost::parse(entry), Err(AllowanceError::Host(_))),
                "{entry}"
            );
        }
    }
}
