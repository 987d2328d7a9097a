//! The class of an IP address, so that webhooks reach only the public internet.
//!
//! Sources: the IANA special-purpose registries and the withdrawn blocks (site-local, 6bone, SIIT).
//! An address is public only when no row of the tables claims it and, for IPv6, it lies in 2000::/3.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// The class of an address: public, or the reason why it is not part of the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Reachable on the public internet.
    Public,
    /// The unspecified address and "this network" (0.0.0.0/8, ::).
    Unspecified,
    /// The machine itself.
    Loopback,
    /// RFC 1918, unique local (fc00::/7) and the old site-local range.
    Private,
    /// 169.254.0.0/16 and fe80::/10: where clouds answer metadata requests.
    LinkLocal,
    /// Addresses outside link-local on which a cloud serves credentials or metadata.
    Metadata,
    /// Shared address space of carriers (100.64.0.0/10).
    CarrierNat,
    /// Set apart for protocols (192.0.0.0/24, 2001::/23, AMT, AS112, ORCHID).
    Protocol,
    /// Set apart for documents.
    Documentation,
    /// Set apart for benchmarks.
    Benchmark,
    /// Groups, not machines.
    Multicast,
    /// 255.255.255.255.
    Broadcast,
    /// Reserved, discarded or not handed out.
    Reserved,
    /// 6to4 and its relays: carries an IPv4 address.
    SixToFour,
    /// NAT64 prefixes: carry an IPv4 address.
    Nat64,
    /// Teredo: carries IPv4 addresses.
    Teredo,
    /// ISATAP interface identifier: carries an IPv4 address.
    Isatap,
    /// ::ffff:0:0/96 and ::ffff:0:0:0/96: carries an IPv4 address.
    Mapped,
    /// ::/96: carries an IPv4 address.
    Compatible,
    /// SRv6 segment identifiers (5f00::/16).
    SegmentRouting,
}

impl AddressClass {
    /// Returns the class of one address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => class_v4(v4),
            IpAddr::V6(v6) => class_v6(v6),
        }
    }

    /// Returns the name used in messages and metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Metadata => "metadata",
            Self::CarrierNat => "carrier NAT",
            Self::Protocol => "protocol assignment",
            Self::Documentation => "documentation",
            Self::Benchmark => "benchmark",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Reserved => "reserved",
            Self::SixToFour => "6to4",
            Self::Nat64 => "NAT64",
            Self::Teredo => "Teredo",
            Self::Isatap => "ISATAP",
            Self::Mapped => "IPv4-mapped",
            Self::Compatible => "IPv4-compatible",
            Self::SegmentRouting => "SRv6",
        }
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns whether an address is link-local or metadata, also inside an IPv6 address that carries an IPv4
/// one.
///
/// These are refused whatever the operator allows.
#[must_use]
pub fn is_never_allowed(address: IpAddr) -> bool {
    let refused = |a| {
        matches!(
            AddressClass::of(a),
            AddressClass::LinkLocal | AddressClass::Metadata
        )
    };
    refused(address)
        || embedded_v4(address)
            .into_iter()
            .any(|v4| refused(IpAddr::V4(v4)))
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(head: [u16; 4], tail: [u16; 4], prefix: u8) -> Ipv6Net {
    let [a, b, c, d] = head;
    let [e, f, g, h] = tail;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

/// The classes of IPv4 blocks. The first match wins, so a narrower block stands above the one that
/// contains it.
const V4_CLASSES: &[(Ipv4Net, AddressClass)] = &[
    (v4(0, 0, 0, 0, 8), AddressClass::Unspecified),
    (v4(10, 0, 0, 0, 8), AddressClass::Private),
    // Alibaba Cloud's metadata server.
    (v4(100, 100, 100, 200, 32), AddressClass::Metadata),
    (v4(100, 64, 0, 0, 10), AddressClass::CarrierNat),
    (v4(127, 0, 0, 0, 8), AddressClass::Loopback),
    // Azure's platform server, which answers on a public address.
    (v4(168, 63, 129, 16, 32), AddressClass::Metadata),
    (v4(169, 254, 0, 0, 16), AddressClass::LinkLocal),
    (v4(172, 16, 0, 0, 12), AddressClass::Private),
    // Oracle Cloud's classic metadata server.
    (v4(192, 0, 0, 192, 32), AddressClass::Metadata),
    (v4(192, 0, 0, 0, 24), AddressClass::Protocol),
    (v4(192, 0, 2, 0, 24), AddressClass::Documentation),
    (v4(192, 31, 196, 0, 24), AddressClass::Protocol),
    (v4(192, 52, 193, 0, 24), AddressClass::Protocol),
    (v4(192, 88, 99, 0, 24), AddressClass::SixToFour),
    (v4(192, 168, 0, 0, 16), AddressClass::Private),
    (v4(192, 175, 48, 0, 24), AddressClass::Protocol),
    (v4(198, 18, 0, 0, 15), AddressClass::Benchmark),
    (v4(198, 51, 100, 0, 24), AddressClass::Documentation),
    (v4(203, 0, 113, 0, 24), AddressClass::Documentation),
    (v4(224, 0, 0, 0, 4), AddressClass::Multicast),
    (v4(255, 255, 255, 255, 32), AddressClass::Broadcast),
    (v4(240, 0, 0, 0, 4), AddressClass::Reserved),
];

const V6_CLASSES: &[(Ipv6Net, AddressClass)] = &[
    (v6([0; 4], [0; 4], 128), AddressClass::Unspecified),
    (v6([0; 4], [0, 0, 0, 1], 128), AddressClass::Loopback),
    (v6([0; 4], [0, 0xffff, 0, 0], 96), AddressClass::Mapped),
    (v6([0; 4], [0xffff, 0, 0, 0], 96), AddressClass::Mapped),
    (v6([0; 4], [0; 4], 96), AddressClass::Compatible),
    (v6([0x64, 0xff9b, 0, 0], [0; 4], 96), AddressClass::Nat64),
    (v6([0x64, 0xff9b, 1, 0], [0; 4], 48), AddressClass::Nat64),
    (v6([0x100, 0, 0, 0], [0; 4], 63), AddressClass::Reserved),
    (v6([0x2001, 0, 0, 0], [0; 4], 32), AddressClass::Teredo),
    (v6([0x2001, 2, 0, 0], [0; 4], 48), AddressClass::Benchmark),
    (v6([0x2001, 0, 0, 0], [0; 4], 23), AddressClass::Protocol),
    (
        v6([0x2001, 0xdb8, 0, 0], [0; 4], 32),
        AddressClass::Documentation,
    ),
    (v6([0x2002, 0, 0, 0], [0; 4], 16), AddressClass::SixToFour),
    (
        v6([0x2620, 0x4f, 0x8000, 0], [0; 4], 48),
        AddressClass::Protocol,
    ),
    // The 6bone, closed in 2006.
    (v6([0x3ffe, 0, 0, 0], [0; 4], 16), AddressClass::Reserved),
    (
        v6([0x3fff, 0, 0, 0], [0; 4], 20),
        AddressClass::Documentation,
    ),
    (
        v6([0x5f00, 0, 0, 0], [0; 4], 16),
        AddressClass::SegmentRouting,
    ),
    // AWS: instance metadata and pod identity; Google Cloud: metadata.
    (
        v6([0xfd00, 0xec2, 0, 0], [0, 0, 0, 0x254], 128),
        AddressClass::Metadata,
    ),
    (
        v6([0xfd00, 0xec2, 0, 0], [0, 0, 0, 0x23], 128),
        AddressClass::Metadata,
    ),
    (
        v6([0xfd20, 0xce, 0, 0], [0, 0, 0, 0x254], 128),
        AddressClass::Metadata,
    ),
    (v6([0xfc00, 0, 0, 0], [0; 4], 7), AddressClass::Private),
    (v6([0xfe80, 0, 0, 0], [0; 4], 10), AddressClass::LinkLocal),
    (v6([0xfec0, 0, 0, 0], [0; 4], 10), AddressClass::Private),
    (v6([0xff00, 0, 0, 0], [0; 4], 8), AddressClass::Multicast),
];

const GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0], [0; 4], 3);

fn class_v4(address: Ipv4Addr) -> AddressClass {
    V4_CLASSES
        .iter()
        .find(|(net, _)| net.contains(&address))
        .map_or(AddressClass::Public, |(_, class)| *class)
}

fn class_v6(address: Ipv6Addr) -> AddressClass {
    let named = V6_CLASSES.iter().find(|(net, _)| net.contains(&address));
    match named {
        Some((_, class)) => *class,
        None if !GLOBAL_UNICAST.contains(&address) => AddressClass::Reserved,
        None if is_isatap(address) => AddressClass::Isatap,
        None => AddressClass::Public,
    }
}

fn is_isatap(address: Ipv6Addr) -> bool {
    let [_, _, _, _, head, tail, _, _] = address.segments();
    (head == 0 || head == 0x200) && tail == 0x5efe
}

/// Returns the IPv4 addresses that a translator or tunnel may read out of an IPv6 address.
fn embedded_v4(address: IpAddr) -> Vec<Ipv4Addr> {
    let IpAddr::V6(v6) = address else {
        return Vec::new();
    };
    let [_, b, c, d, e, f, g, h] = v6.segments();
    let last = join(g, h);
    match class_v6(v6) {
        AddressClass::SixToFour => vec![join(b, c)],
        // The client's address is stored inverted, the server's plainly.
        AddressClass::Teredo => vec![join(!g, !h), join(c, d)],
        // RFC 6052 places the address by prefix length: /96 at the end, /48 and /64 around bits 64 to 71.
        AddressClass::Nat64 => {
            let [d_high, d_low] = d.to_be_bytes();
            let [_, e_low] = e.to_be_bytes();
            let [f_high, f_low] = f.to_be_bytes();
            let [g_high, _] = g.to_be_bytes();
            vec![
                last,
                Ipv4Addr::new(d_high, d_low, e_low, f_high),
                Ipv4Addr::new(e_low, f_high, f_low, g_high),
            ]
        }
        AddressClass::Mapped | AddressClass::Compatible => vec![last],
        _ if is_isatap(v6) => vec![last],
        _ => Vec::new(),
    }
}

fn join(high: u16, low: u16) -> Ipv4Addr {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests;
