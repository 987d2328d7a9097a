//! The URLs that webhooks may reach: the guard against requests into inner networks.
//!
//! The same rules hold at registration, at each attempt and against the connected peer. An address
//! is judged together with the scheme, host and port it is reached by.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use awc::http::Uri;
use url::{Host, Url};

use crate::address_class::{AddressClass, is_never_allowed};
use crate::allowances::{AllowanceError, AllowedHost, AllowedNetwork};

const URL_BYTES_MAX: usize = 2048;
const PUBLIC_PORTS: [u16; 2] = [443, 8443];
const REGISTRATION_LOOKUP_MAX: Duration = Duration::from_millis(1500);

/// The reason why a webhook URL, or the address behind it, is refused.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum UrlRefused {
    /// Not a URL that both URL parsers in use read alike, or over 2048 bytes.
    #[error("is not a plain http or https URL")]
    Malformed,
    /// Neither http nor https.
    #[error("must be https")]
    Scheme,
    /// `user:password@` or an empty `@`.
    #[error("must carry no user name or password")]
    Userinfo,
    /// `#…`, which is never sent.
    #[error("must carry no fragment")]
    Fragment,
    /// A numeric host spelt other than `127.0.0.1` or `[::1]` (`2130706433`, `0x7f.1`, `127.1`).
    #[error("must spell a numeric host in its canonical form")]
    NumericHost,
    /// http to a target that is not allowed explicitly.
    #[error("must be https")]
    PlainHttp,
    /// A port other than 443 and 8443 to a target that is not allowed explicitly.
    #[error("must use port 443 or 8443")]
    Port,
    /// An address that is not public and not allowed.
    #[error("leads to an address that is not public ({0})")]
    Address(AddressClass),
    /// A link-local or metadata address, or one that embeds such an address.
    #[error("leads to a link-local or metadata address")]
    NeverAllowed,
    /// A name that only an allowed network could permit, and that has no address now.
    #[error("has a name that cannot be resolved")]
    Unresolved,
    /// The connection ended at another address than the one that was checked.
    #[error("led to another address than the one that was checked")]
    OtherPeer,
}

/// A URL that passed [`UrlGuard::check`]; only such a URL can be sent to.
#[derive(Debug, Clone)]
pub struct CheckedUrl {
    url: Url,
    uri: Uri,
}

impl CheckedUrl {
    /// Returns the URL in its normal form, as it should be stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Returns the parsed URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }
}

/// The scheme, host and port by which an address is reached; they decide together with the address.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) https: bool,
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
}

/// The rules, with what the operator allows on top of the public internet. Cheap to clone.
#[derive(Debug, Clone)]
pub struct UrlGuard {
    rules: Arc<Rules>,
}

#[derive(Debug)]
struct Rules {
    hosts: Vec<AllowedHost>,
    networks: Vec<AllowedNetwork>,
}

impl UrlGuard {
    /// Takes the entries of `WEBHOOK_ALLOWED_HOSTS` (`host[:port]`) and `WEBHOOK_ALLOWED_NETWORKS`
    /// (`CIDR[:port]`, private or loopback); an error names the entry.
    pub fn new<S: AsRef<str>>(
        allowed_hosts: &[S],
        allowed_networks: &[S],
    ) -> Result<Self, AllowanceError> {
        let hosts = allowed_hosts
            .iter()
            .map(|e| AllowedHost::parse(e.as_ref()))
            .collect::<Result<_, _>>()?;
        let networks = allowed_networks
            .iter()
            .map(|e| AllowedNetwork::parse(e.as_ref()))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            rules: Arc::new(Rules { hosts, networks }),
        })
    }

    /// Judges the text without asking DNS: form, scheme, port, and the address when it is literal.
    pub fn check(&self, text: &str) -> Result<CheckedUrl, UrlRefused> {
        let (checked, target) = parse(text)?;
        match &target.host {
            Host::Ipv4(v4) => self.admit(&target, IpAddr::V4(*v4))?,
            Host::Ipv6(v6) => self.admit(&target, IpAddr::V6(*v6))?,
            Host::Domain(name) if is_localhost(name) => self
                .admit(&target, IpAddr::V4(Ipv4Addr::LOCALHOST))
                .or_else(|refused| {
                    self.admit(&target, IpAddr::V6(Ipv6Addr::LOCALHOST))
                        .map_err(|_| refused)
                })?,
            Host::Domain(_) => self.admit_name(&target)?,
        }
        Ok(checked)
    }

    /// Does [`Self::check`], and checks every address the name has now. A name without an address
    /// passes when it would be reached over https on a public port (each attempt is checked again).
    pub async fn check_at_registration(&self, text: &str) -> Result<CheckedUrl, UrlRefused> {
        let checked = self.check(text)?;
        let target = target_of(checked.url())?;
        let Host::Domain(name) = &target.host else {
            return Ok(checked);
        };
        let lookup = tokio::net::lookup_host((name.as_str(), target.port));
        match tokio::time::timeout(REGISTRATION_LOOKUP_MAX, lookup).await {
            Ok(Ok(addresses)) => {
                for address in addresses {
                    self.admit(&target, address.ip())?;
                }
            }
            _ if self.is_allowed_host(&target) || is_public_web(&target).is_ok() => {}
            _ => return Err(UrlRefused::Unresolved),
        }
        Ok(checked)
    }

    /// Checks that this target may be reached at this address.
    pub(crate) fn admit(&self, target: &Target, address: IpAddr) -> Result<(), UrlRefused> {
        if is_never_allowed(address) {
            return Err(UrlRefused::NeverAllowed);
        }
        let network_allows = self
            .rules
            .networks
            .iter()
            .any(|n| n.permits(address, target.port));
        if network_allows || self.is_allowed_host(target) {
            return Ok(());
        }
        match AddressClass::of(address) {
            AddressClass::Public => is_public_web(target),
            other => Err(UrlRefused::Address(other)),
        }
    }

    fn admit_name(&self, target: &Target) -> Result<(), UrlRefused> {
        let network_might = self
            .rules
            .networks
            .iter()
            .any(|n| n.covers_port(target.port));
        if network_might || self.is_allowed_host(target) {
            return Ok(());
        }
        is_public_web(target)
    }

    fn is_allowed_host(&self, target: &Target) -> bool {
        self.rules
            .hosts
            .iter()
            .any(|allowed| allowed.permits(&target.host, target.port))
    }
}

impl Target {
    /// Returns the target of a request for this URI; `None` when the URI is not absolute.
    pub(crate) fn of_uri(uri: &Uri) -> Option<Self> {
        let https = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = Host::parse(uri.host()?).ok()?;
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        Some(Self { https, host, port })
    }

    /// Returns the host as an address, when it is one.
    pub(crate) fn literal(&self) -> Option<IpAddr> {
        match &self.host {
            Host::Ipv4(v4) => Some(IpAddr::V4(*v4)),
            Host::Ipv6(v6) => Some(IpAddr::V6(*v6)),
            Host::Domain(_) => None,
        }
    }
}

fn parse(text: &str) -> Result<(CheckedUrl, Target), UrlRefused> {
    let raw_host = raw_host(text)?;
    let url = Url::parse(text).map_err(|_| UrlRefused::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRefused::Userinfo);
    }
    let target = target_of(&url)?;
    if target.literal().is_some() && url.host_str() != Some(raw_host) {
        return Err(UrlRefused::NumericHost);
    }
    if matches!(&target.host, Host::Domain(name) if has_empty_label(name)) {
        return Err(UrlRefused::Malformed);
    }
    let uri = Uri::try_from(url.as_str()).map_err(|_| UrlRefused::Malformed)?;
    let seen_by_client = Target::of_uri(&uri).ok_or(UrlRefused::Malformed)?;
    let agree = seen_by_client.https == target.https
        && seen_by_client.host == target.host
        && seen_by_client.port == target.port;
    if !agree || uri.authority().is_none_or(|a| a.as_str().contains('@')) {
        return Err(UrlRefused::Malformed);
    }
    Ok((CheckedUrl { url, uri }, target))
}

/// Returns the host as it was typed: the URL parser would quietly turn `0x7f.1` into `127.0.0.1`.
fn raw_host(text: &str) -> Result<&str, UrlRefused> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    if text.len() > URL_BYTES_MAX || text.contains(odd) {
        return Err(UrlRefused::Malformed);
    }
    let (scheme, rest) = text.split_once("://").ok_or(UrlRefused::Malformed)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(UrlRefused::Scheme);
    }
    if text.contains('#') {
        return Err(UrlRefused::Fragment);
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(UrlRefused::Userinfo);
    }
    let host = match authority.rfind(']') {
        Some(_) => authority.split_inclusive(']').next(),
        None => authority.split(':').next(),
    };
    host.filter(|h| !h.is_empty() && !h.contains('%'))
        .ok_or(UrlRefused::Malformed)
}

fn target_of(url: &Url) -> Result<Target, UrlRefused> {
    let https = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(UrlRefused::Scheme),
    };
    let host = url.host().ok_or(UrlRefused::Malformed)?.to_owned();
    let port = url
        .port_or_known_default()
        .filter(|p| *p > 0)
        .ok_or(UrlRefused::Port)?;
    Ok(Target { https, host, port })
}

fn is_public_web(target: &Target) -> Result<(), UrlRefused> {
    match (target.https, PUBLIC_PORTS.contains(&target.port)) {
        (false, _) => Err(UrlRefused::PlainHttp),
        (true, false) => Err(UrlRefused::Port),
        (true, true) => Ok(()),
    }
}

/// Returns whether a name has an empty label: `.`, `a..b`, `localhost..` are no DNS names, and each
/// resolver treats them differently. One dot at the end is not an empty label.
fn has_empty_label(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.split('.').any(str::is_empty)
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests;
