//! The forms that pages post.

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::Payload;
use ayolinx_core::card_numbers::mask_card_numbers;
use ayolinx_core::ids::MerchantId;
use url::{Url, form_urlencoded};

use super::error::Refused;
use crate::http::body::read_bytes;

/// The fields of a form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form that comes from a page of this console, whatever session it is sent with.
    pub(super) async fn read(request: &HttpRequest, payload: Payload) -> Result<Self, Refused> {
        if !is_own(request) {
            return Err(Refused::NotOurForm);
        }
        let bytes = read_bytes(request, payload).await?;
        let fields = form_urlencoded::parse(&bytes).into_owned();
        Ok(Self(fields.collect()))
    }

    /// Returns the first value of this name; empty without one.
    pub(super) fn value(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// Returns the typed text, of at most this many characters; card numbers are masked.
pub(super) fn text(typed: &str, chars_max: usize) -> Result<String, Refused> {
    let typed = typed.trim();
    let is_short = typed.chars().count() <= chars_max;
    if is_short && !typed.contains('\0') {
        Ok(mask_card_numbers(typed))
    } else {
        Err(Refused::Unreadable)
    }
}

/// Returns the shop that a form names.
pub(super) fn merchant(text: &str) -> Result<MerchantId, Refused> {
    text.parse().map_err(|_| Refused::NotFound)
}

fn header<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    request
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap_or("?"))
}

/// Returns whether a form comes from this site, by `Sec-Fetch-Site` or `Origin`. A form without
/// either does not.
fn is_own(request: &HttpRequest) -> bool {
    let origin = header(request, header::ORIGIN.as_str());
    match (header(request, "sec-fetch-site"), origin) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let host = header(request, header::HOST.as_str());
            host.is_some_and(|host| authority(origin).as_deref() == Some(host))
        }
        (None, None) => false,
    }
}

fn authority(origin: &str) -> Option<String> {
    let url = Url::parse(origin).ok()?;
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Returns whether the page was fetched over https, by the form's `Origin`.
pub(super) fn is_https(request: &HttpRequest) -> bool {
    let origin = header(request, header::ORIGIN.as_str());
    origin.is_some_and(|origin| origin.starts_with("https://"))
        || request.connection_info().scheme() == "https"
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn own(headers: &[(&str, &str)]) -> bool {
        let mut request = TestRequest::post().insert_header(("host", "console.local:8083"));
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        is_own(&request.to_http_request())
    }

    #[test]
    fn only_forms_of_the_console_itself_are_its_own() {
        assert!(own(&[("origin", "http://console.local:8083")]));
        assert!(own(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://other.name")
        ]));
        for headers in [
            &[][..],
            &[("origin", "http://console.local")],
            &[("origin", "http://console.local:8083.evil.example")],
            &[("origin", "null")],
            &[("origin", "http://evil.example")],
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://console.local:8083"),
            ],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
        ] {
            assert!(!own(headers), "{headers:?}");
        }
    }
}
