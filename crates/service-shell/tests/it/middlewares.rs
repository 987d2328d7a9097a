//! Request ids, metrics and caught panics, as a service wraps them.

use std::net::SocketAddr;

use actix_web::{App, HttpResponse, HttpServer, middleware::from_fn, web};
use prometheus::{Registry, TextEncoder};
use service_shell::{
    catch_panic::{self, PanicReply},
    http_metrics::{self, HttpMetrics},
    request_id::{self, RequestId},
};

use crate::support::{any_port, get};

fn panic_reply(id: Option<&RequestId>) -> HttpResponse {
    let id = id.map_or("none", RequestId::as_str);
    HttpResponse::InternalServerError().body(format!("caught {id}"))
}

async fn echo() -> String {
    request_id::current().unwrap().to_string()
}

async fn boom() -> HttpResponse {
    panic!("on purpose")
}

fn start(registry: &Registry) -> SocketAddr {
    let metrics = web::Data::new(HttpMetrics::register(registry, "test").unwrap());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(metrics.clone())
            .app_data(web::Data::new(PanicReply(panic_reply)))
            .wrap(from_fn(catch_panic::catch))
            .wrap(from_fn(http_metrics::track))
            .wrap(from_fn(request_id::assign))
            .route("/echo/{id}", web::get().to(echo))
            .route("/boom", web::get().to(boom))
    })
    .workers(1)
    .disable_signals()
    .bind(any_port())
    .unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    address
}

#[actix_web::test]
async fn a_well_formed_request_id_is_kept_and_another_replaced() {
    let address = start(&Registry::new());
    let reply = get(address, "/echo/1", "X-Request-Id: shop-42.a_b\r\n").await;
    assert!(reply.contains("x-request-id: shop-42.a_b\r\n"), "{reply}");
    assert!(reply.ends_with("\r\n\r\nshop-42.a_b"), "{reply}");
    for bad in [
        "X-Request-Id: a b\r\n",
        "X-Request-Id: a\r\nX-Request-Id: b\r\n",
        "",
    ] {
        let reply = get(address, "/echo/1", bad).await;
        let id = reply.rsplit("\r\n\r\n").next().unwrap();
        assert_eq!(id.len(), 32, "{reply}");
        assert!(
            reply.contains(&format!("x-request-id: {id}\r\n")),
            "{reply}"
        );
    }
}

#[actix_web::test]
async fn a_panic_is_answered_with_the_hooks_reply_and_the_service_lives_on() {
    let registry = Registry::new();
    let address = start(&registry);
    for _ in 0..3 {
        let reply = get(address, "/boom", "X-Request-Id: r1\r\n").await;
        assert!(reply.starts_with("HTTP/1.1 500"), "{reply}");
        assert!(reply.contains("x-request-id: r1\r\n"), "{reply}");
        assert!(reply.ends_with("caught r1"), "{reply}");
        assert!(!reply.contains("on purpose"), "{reply}");
    }
    let text = TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap();
    assert!(text.contains("test_http_panics_total 3"), "{text}");
    let counted = r#"test_http_requests_total{method="GET",route="/boom",status="5xx"} 3"#;
    assert!(text.contains(counted), "{text}");
}

#[actix_web::test]
async fn requests_are_counted_by_route_pattern() {
    let registry = Registry::new();
    let address = start(&registry);
    for path in ["/echo/1", "/echo/2", "/nowhere/3"] {
        get(address, path, "").await;
    }
    let text = TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap();
    for line in [
        r#"test_http_requests_total{method="GET",route="/echo/{id}",status="2xx"} 2"#,
        r#"test_http_requests_total{method="GET",route="unmatched",status="4xx"} 1"#,
        r#"test_http_request_duration_seconds_count{method="GET",route="/echo/{id}",status="2xx"} 2"#,
        "test_http_requests_in_flight 0",
    ] {
        assert!(text.contains(line), "{line} not in\n{text}");
    }
}
