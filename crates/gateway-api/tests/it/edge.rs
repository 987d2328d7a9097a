//! A server with the edge's own pieces and no money behind it, and a client that sends raw bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, Payload};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use ayolinx_core::channels::{ChannelTable, Environment};
use ayolinx_core::ids::OrderId;
use chrono::{DateTime, Utc};
use gateway_api::http::body::{read_json, read_optional_json};
use gateway_api::http::error::{ApiError, ErrorCode, not_found, panic_reply, problem_replies};
use gateway_api::http::fields::no_fields;
use gateway_api::http::path::path_id;
use gateway_api::idempotency::key::IdempotencyKey;
use gateway_api::orders::params::create_order::CreateOrder;
use gateway_api::orders::params::list_orders::{ListOrders, WaitForOrder};
use gateway_api::orders::params::payment::RequestedPayment;
use gateway_api::webhook_endpoints::params::CreateEndpoint;
use serde_json::Value;
use service_shell::{catch_panic, request_id};

/// The time at which every order of these tests is made.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-21T14:00:00+07:00")
        .unwrap()
        .with_timezone(&Utc)
}

async fn create(request: HttpRequest, payload: Payload) -> Result<HttpResponse, ApiError> {
    IdempotencyKey::of(&request)?;
    let body = read_json(&request, payload).await?;
    let table = ChannelTable::built_in(Environment::NonProduction);
    let order = CreateOrder::parse(&body.tree, &table, now())?;
    Ok(HttpResponse::Created().json(serde_json::json!({"reference": order.reference})))
}

async fn list(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    ListOrders::parse(request.query_string())?;
    Ok(HttpResponse::Ok().finish())
}

async fn read(request: HttpRequest, id: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let _id: OrderId = path_id(&id)?;
    WaitForOrder::parse(request.query_string())?;
    Ok(HttpResponse::Ok().finish())
}

async fn pay(request: HttpRequest, payload: Payload) -> Result<HttpResponse, ApiError> {
    let body = read_json(&request, payload).await?;
    let table = ChannelTable::built_in(Environment::NonProduction);
    RequestedPayment::parse(&body.tree, &table)?;
    Ok(HttpResponse::Created().finish())
}

async fn cancel(request: HttpRequest, payload: Payload) -> Result<HttpResponse, ApiError> {
    let body = read_optional_json(&request, payload).await?;
    no_fields(&body.tree)?;
    Ok(HttpResponse::Ok().finish())
}

async fn endpoint(request: HttpRequest, payload: Payload) -> Result<HttpResponse, ApiError> {
    let body = read_json(&request, payload).await?;
    CreateEndpoint::parse(&body.tree)?;
    Ok(HttpResponse::Created().finish())
}

async fn panics() -> HttpResponse {
    panic!("secret of the handler")
}

async fn breaks() -> Result<HttpResponse, ApiError> {
    Err(ApiError::internal("secret of the database"))
}

async fn busy() -> Result<HttpResponse, ApiError> {
    Err(ApiError::of(ErrorCode::RequestInProgress))
}

/// The server's address; one server for all tests.
pub(crate) fn address() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(|| {
                    App::new()
                        .app_data(Data::new(catch_panic::PanicReply(panic_reply)))
                        .wrap(from_fn(catch_panic::catch))
                        .wrap(from_fn(problem_replies))
                        .wrap(from_fn(request_id::assign))
                        .service(
                            web::resource("/v1/orders")
                                .route(web::post().to(create))
                                .route(web::get().to(list)),
                        )
                        .service(web::resource("/v1/orders/{id}").route(web::get().to(read)))
                        .service(
                            web::resource("/v1/orders/{id}/payments").route(web::post().to(pay)),
                        )
                        .service(
                            web::resource("/v1/orders/{id}/cancel").route(web::post().to(cancel)),
                        )
                        .service(
                            web::resource("/v1/webhook-endpoints").route(web::post().to(endpoint)),
                        )
                        .route("/panics", web::get().to(panics))
                        .route("/breaks", web::get().to(breaks))
                        .route("/busy", web::get().to(busy))
                        .route(
                            "/typed/{id}",
                            web::get().to(async |id: web::Path<u32>| id.to_string()),
                        )
                        .route(
                            "/json",
                            web::post().to(async |body: web::Json<u32>| body.to_string()),
                        )
                        .default_service(web::to(not_found))
                })
                .workers(1)
                .bind(("127.0.0.1", 0))
                .unwrap();
                tell.send(server.addrs()[0]).unwrap();
                server.run().await.unwrap();
            });
        });
        told.recv().unwrap()
    })
}

/// One reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of a problem; checks what every problem has.
    #[track_caller]
    pub(crate) fn problem(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        let body = self.json();
        let code = body["code"].as_str().unwrap().to_owned();
        assert_eq!(body["status"], self.status, "{self:?}");
        assert_eq!(body["type"], format!("/docs/errors#{code}"), "{self:?}");
        assert_eq!(
            body["request_id"].as_str(),
            self.header("x-request-id"),
            "{self:?}"
        );
        assert!(
            body["title"].is_string() && body["detail"].is_string(),
            "{self:?}"
        );
        code
    }
}

/// Sends bytes as they are and reads until the server closes.
pub(crate) fn send_raw(bytes: &[u8]) -> Reply {
    send_raw_to(address(), bytes)
}

/// [`send_raw`] to another server.
pub(crate) fn send_raw_to(server: SocketAddr, bytes: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(server).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let _maybe_refused_midway = stream.write_all(bytes);
    let mut received = Vec::new();
    let _maybe_reset = stream.read_to_end(&mut received);
    let text = String::from_utf8_lossy(&received).into_owned();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no reply: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// A request with these header lines and this body.
pub(crate) fn call(method: &str, path: &str, headers: &[&str], body: &[u8]) -> Reply {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut bytes = request.into_bytes();
    bytes.extend_from_slice(body);
    send_raw(&bytes)
}

pub(crate) fn get(path: &str) -> Reply {
    call("GET", path, &[], b"")
}

pub(crate) fn post(path: &str, body: &[u8]) -> Reply {
    call("POST", path, &["content-type: application/json"], body)
}
