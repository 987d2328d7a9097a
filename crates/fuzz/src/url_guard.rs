//! The guard of webhook URLs: what passes leads, by a second judgement, to nobody's inner network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

use url::{Host, Url};
use webhooks::UrlGuard;

const ALLOWED_HOST: &str = "shop.internal";
const ALLOWED_PORT: u16 = 8080;

fn guards() -> &'static (UrlGuard, UrlGuard) {
    static GUARDS: OnceLock<(UrlGuard, UrlGuard)> = OnceLock::new();
    GUARDS.get_or_init(|| {
        let strict = UrlGuard::new::<&str>(&[], &[]);
        let open = UrlGuard::new(&["shop.internal"], &["10.0.0.0/8:8080"]);
        match (strict, open) {
            (Ok(strict), Ok(open)) => (strict, open),
            _ => panic!("the settings are right"),
        }
    })
}

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (strict, open) = guards();
    if let Ok(checked) = strict.check(text) {
        let url = whole(text, checked.as_str());
        assert!(is_public_web(&url), "{text:?} passed as {url}");
        assert!(
            open.check(text).is_ok(),
            "more is allowed, and {text:?} is not"
        );
    }
    if let Ok(checked) = open.check(text) {
        let url = whole(text, checked.as_str());
        let port = url.port_or_known_default().unwrap_or(0);
        let inner = match url.host() {
            Some(Host::Domain(name)) => name == ALLOWED_HOST || port == ALLOWED_PORT,
            Some(Host::Ipv4(v4)) => v4.octets().first() == Some(&10) && port == ALLOWED_PORT,
            Some(Host::Ipv6(_)) | None => false,
        };
        assert!(inner || is_public_web(&url), "{text:?} passed as {url}");
    }
}

/// Checks the kept URL: nothing in it is ambiguous, and the HTTP client sees the same host in it.
fn whole(text: &str, kept: &str) -> Url {
    let Ok(url) = Url::parse(kept) else {
        panic!("{text:?} is kept as {kept:?}, which is no URL");
    };
    assert_eq!(url.as_str(), kept, "{text:?}");
    assert!(matches!(url.scheme(), "http" | "https"), "{text:?}");
    assert!(
        url.username().is_empty() && url.password().is_none(),
        "{text:?}"
    );
    assert!(url.fragment().is_none(), "{text:?}");
    let authority = url.authority();
    assert!(
        !authority.contains(['@', '\\', '%']),
        "{text:?} {authority:?}"
    );
    let uri: Result<actix_web::http::Uri, _> = kept.parse();
    let Ok(uri) = uri else {
        panic!("{text:?}: the client cannot read {kept:?}");
    };
    assert_eq!(uri.host(), url.host_str(), "{text:?}: two hosts");
    assert_eq!(uri.port_u16(), url.port(), "{text:?}: two ports");
    let host = url.host_str().unwrap_or_default();
    if let Some(address) = as_libc_reads(host) {
        let written = address.to_string();
        assert_eq!(host, written, "{text:?}: an address in disguise");
        assert!(text.contains(&written), "{text:?}: an address in disguise");
    }
    url
}

fn is_public_web(url: &Url) -> bool {
    let port = url.port_or_known_default();
    let web = url.scheme() == "https" && matches!(port, Some(443 | 8443));
    let outside = match url.host() {
        Some(Host::Ipv4(v4)) => is_public_v4(v4),
        Some(Host::Ipv6(v6)) => is_public_v6(v6),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            !name.is_empty() && name != "localhost" && !name.ends_with(".localhost")
        }
        None => false,
    };
    web && outside
}

/// Returns whether no block that is not public (RFC 6890 and later) holds it, by its first bits.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b) {
        (0 | 10 | 127, _) | (224.., _) => true,
        (100, 64..=127) | (169, 254) | (172, 16..=31) | (192, 168) | (198, 18 | 19) => true,
        (192, 0) => matches!(c, 0 | 2),
        (198, 51) => c == 100,
        (203, 0) => c == 113,
        _ => false,
    };
    !special && address != Ipv4Addr::new(168, 63, 129, 16)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Outside 2000::/3 nothing is public; inside, tunnels and documents are not.
    (a & 0xe000) == 0x2000
        && a != 0x2002
        && !(a == 0x2001 && (b < 0x200 || b == 0xdb8))
        && !(a == 0x3fff && b < 0x1000)
}

/// Reads an IPv4 address as `inet_aton` does: one to four numbers, each in any base.
fn as_libc_reads(host: &str) -> Option<IpAddr> {
    let parts: Vec<u64> = host.split('.').map(number).collect::<Option<_>>()?;
    let (last, head) = parts.split_last()?;
    if parts.len() > 4 || head.iter().any(|part| *part > 255) {
        return None;
    }
    let free = 8 * (4 - u32::try_from(head.len()).ok()?);
    if *last >= 1_u64 << free {
        return None;
    }
    let mut value = 0_u64;
    for part in head {
        value = (value << 8) | part;
    }
    let bits = u32::try_from((value << free) | last).ok()?;
    Some(IpAddr::V4(Ipv4Addr::from_bits(bits)))
}

fn number(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, base) = match lower.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None if lower.len() > 1 && lower.starts_with('0') => (lower.as_str(), 8),
        None => (lower.as_str(), 10),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, base).ok()
}
