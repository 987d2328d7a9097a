//! Removes the slashes that a front, a portal or a hand adds to a path: doubled ones and one at the end are a spelling
//! of the same path. The listener serves it as mounted, and the path as received stays a reading of what is signed
//! (contract 5).

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::http::uri::PathAndQuery;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest};

/// The path of a request before its slashes were corrected.
#[derive(Debug, Clone)]
struct ReceivedPath(String);

/// Corrects the path; a middleware (for `middleware::from_fn`), outside of whatever looks at the route.
///
/// # Errors
/// Those of inner middlewares.
pub async fn tidy<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let received = request.path().to_owned();
    if let Some(uri) = tidied(&received).and_then(|path| with_path(request.uri(), &path)) {
        request.extensions_mut().insert(ReceivedPath(received));
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
    next.call(request).await
}

/// Returns the path of this request as it was received.
pub(crate) fn of(request: &HttpRequest) -> String {
    let extensions = request.extensions();
    let received = extensions.get::<ReceivedPath>();
    received.map_or_else(|| request.path().to_owned(), |received| received.0.clone())
}

/// Returns the path with single slashes and none at its end; `None` when it is that already.
fn tidied(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let tidied = format!("/{}", parts.join("/"));
    (tidied != path).then_some(tidied)
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let whole = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(whole).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_put_right_and_nothing_else() {
        for (path, expected) in [
            ("/a/b", None),
            ("/", None),
            ("/a/b/", Some("/a/b")),
            ("//a///b//", Some("/a/b")),
            ("/a%2Fb/", Some("/a%2Fb")),
            ("//", Some("/")),
        ] {
            assert_eq!(tidied(path).as_deref(), expected, "{path}");
        }
        let uri: Uri = "http://host//a/?b=//c/".parse().unwrap();
        assert_eq!(with_path(&uri, "/a").unwrap(), "http://host/a?b=//c/");
    }
}
