//! The headers of every reply: no client keeps one or guesses what it is, unless its route says so.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;

/// Sets the headers; the middleware (for `middleware::from_fn`). Replies contain data about money
/// and payers: a cache between must keep none of them.
///
/// # Errors
/// Those of the routes.
pub async fn guard<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, HttpResponse, web};

    use super::*;

    #[actix_web::test]
    async fn a_reply_is_kept_only_where_its_route_says_so() {
        let app = init_service(
            App::new()
                .wrap(from_fn(guard))
                .route("/order", web::get().to(HttpResponse::Ok))
                .route(
                    "/picture",
                    web::get().to(|| async {
                        HttpResponse::Ok()
                            .insert_header((CACHE_CONTROL, "public, max-age=300"))
                            .finish()
                    }),
                ),
        )
        .await;
        for (path, kept) in [
            ("/order", "no-store"),
            ("/picture", "public, max-age=300"),
            ("/nowhere", "no-store"),
        ] {
            let reply = call_service(&app, TestRequest::get().uri(path).to_request()).await;
            let header = |name| reply.headers().get(&name).unwrap().to_str().unwrap();
            assert_eq!(header(CACHE_CONTROL), kept, "{path}");
            assert_eq!(header(X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        }
    }
}
