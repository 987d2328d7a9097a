//! The address of a caller.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header;
use service_shell::proxies::TrustedProxies;

/// Returns the address that a request comes from, behind these proxies; `None` where the connection does
/// not say.
#[must_use]
pub fn client_address(proxies: &TrustedProxies, request: &HttpRequest) -> Option<IpAddr> {
    let forwarded = request.headers().get_all(header::X_FORWARDED_FOR);
    let forwarded: Vec<&str> = forwarded.filter_map(|value| value.to_str().ok()).collect();
    let forwarded = forwarded.join(",");
    let peer = request.peer_addr()?.ip();
    Some(proxies.client_address(peer, Some(&forwarded)))
}
