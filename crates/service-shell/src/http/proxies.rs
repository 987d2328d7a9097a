//! The proxies whose forwarding headers count. Without trusted proxies the peer's own address is
//! the client.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Networks of the proxies in front of us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Trusts the proxies in these networks; an empty list trusts nobody.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Returns whether this address is one of our proxies.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Returns the address of the client behind our proxies. `forwarded_for` is the whole
    /// `X-Forwarded-For` value (several headers joined by commas). It is read from the right, and
    /// only as far as each hop was written by a proxy we trust: what a client put there itself
    /// never counts.
    pub fn client_address(&self, peer: IpAddr, forwarded_for: Option<&str>) -> IpAddr {
        let mut client = peer.to_canonical();
        for hop in forwarded_for.unwrap_or_default().rsplit(',') {
            if !self.contains(client) {
                break;
            }
            let Some(address) = hop_address(hop.trim()) else {
                break;
            };
            client = address.to_canonical();
        }
        client
    }
}

fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(hop);
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse().or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(peer: &str, forwarded_for: &str, expected: &str) {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|n| n.parse().unwrap());
        let proxies = TrustedProxies::new(networks.to_vec());
        let client = proxies.client_address(peer.parse().unwrap(), Some(forwarded_for));
        assert_eq!(client, expected.parse::<IpAddr>().unwrap());
    }

    #[test]
    fn forwarding_headers_count_only_from_trusted_proxies() {
        check("203.0.113.9", "1.2.3.4", "203.0.113.9");
        check("10.0.0.1", "1.2.3.4", "1.2.3.4");
        check("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4");
        check("10.0.0.1", "1.2.3.4, 10.9.9.9", "1.2.3.4");
        check("::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4");
        check("fd00::1", "[2001:db8::7]:443", "2001:db8::7");
        check("10.0.0.1", "1.2.3.4:8080", "1.2.3.4");
        check("10.0.0.1", "unknown", "10.0.0.1");
        check("10.0.0.1", "", "10.0.0.1");
    }

    #[test]
    fn nobody_is_trusted_by_default() {
        let peer = "127.0.0.1".parse().unwrap();
        let nobody = TrustedProxies::default();
        assert_eq!(nobody.client_address(peer, Some("1.2.3.4")), peer);
    }
}
