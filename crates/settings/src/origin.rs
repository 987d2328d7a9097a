//! An origin: scheme, host and port of a service, without a path.

use std::{fmt, net::IpAddr};

use ayolinx_core::channels::Environment;
use url::{Host, Url};

/// The expected form of an origin, for messages.
pub(crate) const EXPECTED: &str =
    "an http or https address without a path, such as https://pay.example.co.id";

/// The host of the provider's own sandbox.
const PROVIDER_SANDBOX: &str = "sandbox.ayolinx.id";

/// An origin, `https://host[:port]` or `http://host[:port]`, in normal form.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin(Url);

impl Origin {
    /// Reads the text as an origin; `None` when it is anything else or carries a path, query,
    /// fragment or user name.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let known = matches!(url.scheme(), "http" | "https");
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        (known && bare && url.has_host()).then_some(Self(url))
    }

    /// Returns the text without a slash at the end.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Returns the address of a path under this origin; the path begins with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.as_str())
    }

    /// Returns the origin as a URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Returns whether it is https.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Returns whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        }
    }

    /// Returns the provider's environment that this origin belongs to.
    pub fn environment(&self) -> Environment {
        Environment::of_host(self.0.host_str().unwrap_or_default())
    }

    pub(crate) fn is_production(&self) -> bool {
        self.environment() == Environment::Production
    }

    pub(crate) fn is_provider_sandbox(&self) -> bool {
        self.is_https() && self.0.host_str() == Some(PROVIDER_SANDBOX)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_path() {
        for (text, normal) in [
            ("https://pay.example.co.id", "https://pay.example.co.id"),
            (
                "https://Pay.Example.co.id:443/",
                "https://pay.example.co.id",
            ),
            ("http://127.0.0.1:8090", "http://127.0.0.1:8090"),
            ("http://[::1]:8090/", "http://[::1]:8090"),
        ] {
            assert_eq!(Origin::parse(text).unwrap().as_str(), normal);
        }
        for bad in [
            "",
            "pay.example.co.id",
            "ftp://x",
            "https://",
            "https://x/path",
            "https://x/?q",
            "https://x/#f",
            "https://user@x",
            "https://x//",
        ] {
            assert_eq!(Origin::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn loopback_is_this_machine_only() {
        for (text, loopback) in [
            ("http://127.0.0.1", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:1", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://localhost:1", true),
            ("http://localhost.example.com", false),
            ("http://0.0.0.0", false),
            ("http://10.0.0.1", false),
            ("https://sandbox.ayolinx.id", false),
        ] {
            assert_eq!(
                Origin::parse(text).unwrap().is_loopback(),
                loopback,
                "{text}"
            );
        }
    }
}
