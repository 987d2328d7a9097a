//! The control side (contract 7): look at transactions, settle them, set faults, reset. For tests and for people.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HOST, LOCATION, ORIGIN};
use actix_web::rt::time::timeout;
use actix_web::web::{self, Bytes, Data, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Utc;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use url::Url;

use crate::callbacks::callback_sender::settled_line;
use crate::provider::credentials::KeyChange;
use crate::provider::faults::Action;
use crate::provider::jobs::{FirstAnswer, Job};
use crate::provider::sandbox::Sandbox;
use crate::provider::transaction::Transaction;
use crate::service::settlement::settle;

mod order;
mod page;

use order::{Order, Verb};

/// The longest wait of a settling call for the callback's first answer.
const FIRST_ANSWER_MAX: Duration = Duration::from_secs(10);
const LISTED_DEFAULT: usize = 100;
const LISTED_MAX: usize = 1_000;

type Shared = Data<Arc<Sandbox>>;

/// Mounts the routes under `/_sandbox`.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("", web::get().to(show_page))
        .route("/", web::get().to(show_page))
        .route("/style.css", web::get().to(page::style))
        .route("/health", web::get().to(health))
        .route("/public-key", web::get().to(public_key))
        .route("/transactions", web::get().to(list))
        .route("/transactions/{reference}", web::get().to(show))
        .route("/transactions/{reference}/{verb}", web::post().to(act))
        .route("/faults", web::get().to(show_faults))
        .route("/faults", web::post().to(add_faults))
        .route("/faults", web::delete().to(clear_faults))
        .route("/faults/{id}", web::delete().to(remove_fault))
        .route("/tokens", web::delete().to(revoke_tokens))
        .route("/keys", web::get().to(show_keys))
        .route("/keys", web::post().to(change_keys))
        .route("/portal", web::post().to(save_in_portal))
        .route("/reset", web::post().to(reset))
        .default_service(web::to(nothing_here));
}

#[derive(Deserialize)]
struct Listed {
    limit: Option<usize>,
}

async fn health(sandbox: Shared) -> HttpResponse {
    let (count, _newest) = sandbox.store.newest(0);
    HttpResponse::Ok().json(json!({"status": "ok", "transactions": count}))
}

async fn public_key(sandbox: Shared) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/x-pem-file")
        .body(sandbox.credentials.signing().public_key_pem())
}

async fn show_page(sandbox: Shared) -> HttpResponse {
    let (count, newest) = sandbox.store.newest(LISTED_DEFAULT);
    page::show(count, &newest)
}

async fn list(sandbox: Shared, query: Query<Listed>) -> HttpResponse {
    let limit = query.limit.unwrap_or(LISTED_DEFAULT).min(LISTED_MAX);
    let (total, newest) = sandbox.store.newest(limit);
    let transactions: Vec<Value> = newest.iter().map(Transaction::summary).collect();
    HttpResponse::Ok().json(json!({"total": total, "transactions": transactions}))
}

async fn show(sandbox: Shared, reference: Path<String>) -> HttpResponse {
    match sandbox.store.find(&reference) {
        Some(transaction) => HttpResponse::Ok().json(transaction.view()),
        None => unknown(),
    }
}

/// Settles and waits for the callback's first answer. A form of the page is led back to the page.
async fn act(
    request: HttpRequest,
    path: Path<(String, String)>,
    body: Bytes,
    sandbox: Shared,
) -> HttpResponse {
    let (reference, verb) = path.into_inner();
    let Some(verb) = Verb::parse(&verb) else {
        return nothing_here().await;
    };
    if is_foreign(&request) {
        return failure(StatusCode::FORBIDDEN, "the form comes from another site");
    }
    // A plain `curl -d` announces a form whatever it sends: what looks like JSON is read as JSON.
    let is_form = is_form(&request) && !body.trim_ascii_start().starts_with(b"{");
    let order = if is_form || body.is_empty() {
        Ok(Order::default())
    } else {
        Order::read(&body)
    };
    let settlement =
        match order.and_then(|order| Ok((order.settlement(verb, &sandbox.channels)?, order))) {
            Ok(settlement) => settlement,
            Err(message) => return failure(StatusCode::BAD_REQUEST, &message),
        };
    let (settlement, order) = settlement;
    let Some(notice) = settle(&sandbox, &reference, &settlement, Utc::now()) else {
        return unknown();
    };
    sandbox.record(|| settled_line(&notice)).await;
    let key = notice.key.clone();
    let callback = if order.is_silent() {
        json!({"state": "not_sent"})
    } else {
        let (first, answer) = oneshot::channel();
        let notice = Box::new(notice);
        sandbox.send(Job::Deliver { notice, first });
        first_answer(answer).await
    };
    if is_form {
        return HttpResponse::SeeOther()
            .insert_header((LOCATION, "/_sandbox/"))
            .finish();
    }
    let transaction = sandbox.store.find(&key).map(|found| found.view());
    HttpResponse::Ok().json(json!({"callback": callback, "transaction": transaction}))
}

async fn first_answer(answer: oneshot::Receiver<FirstAnswer>) -> Value {
    match timeout(FIRST_ANSWER_MAX, answer).await {
        Ok(Ok(FirstAnswer { state, attempt })) => {
            let mut view = json!(attempt);
            if let Value::Object(view) = &mut view {
                view.insert("state".to_owned(), json!(state));
                return Value::Object(view.clone());
            }
            json!({"state": state})
        }
        Ok(Err(_)) | Err(_) => json!({"state": "no_answer_yet"}),
    }
}

async fn show_faults(sandbox: Shared) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "rules": sandbox.faults.view(),
        "calls": crate::protocol::calls::Call::ALL.map(crate::protocol::calls::Call::name),
        "examples": Action::examples(),
    }))
}

async fn add_faults(body: Bytes, sandbox: Shared) -> HttpResponse {
    let added = serde_json::from_slice::<Value>(&body)
        .map_err(|error| error.to_string())
        .and_then(|posted| sandbox.faults.add(posted));
    match added {
        Ok(()) => HttpResponse::Created().json(json!({"rules": sandbox.faults.view()})),
        Err(message) => failure(StatusCode::BAD_REQUEST, &message),
    }
}

async fn clear_faults(sandbox: Shared) -> HttpResponse {
    sandbox.faults.clear();
    HttpResponse::NoContent().finish()
}

async fn remove_fault(sandbox: Shared, id: Path<u64>) -> HttpResponse {
    if sandbox.faults.remove(*id) {
        HttpResponse::NoContent().finish()
    } else {
        unknown()
    }
}

async fn revoke_tokens(sandbox: Shared) -> HttpResponse {
    sandbox.tokens.revoke_all();
    HttpResponse::NoContent().finish()
}

async fn show_keys(sandbox: Shared) -> HttpResponse {
    HttpResponse::Ok().json(sandbox.credentials.view())
}

/// Changes the keys, as in the provider's portal: from now on these count.
async fn change_keys(request: HttpRequest, body: Bytes, sandbox: Shared) -> HttpResponse {
    if is_foreign(&request) {
        return failure(StatusCode::FORBIDDEN, "the form comes from another site");
    }
    let changed = serde_json::from_slice::<KeyChange>(&body)
        .map_err(|error| error.to_string())
        .and_then(|change| sandbox.credentials.change(change));
    match changed {
        Ok(()) => HttpResponse::Ok().json(sandbox.credentials.view()),
        Err(message) => failure(StatusCode::BAD_REQUEST, &message),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Portal {
    callback_origin: String,
}

/// Saves the origin, as in the provider's portal: from now on callbacks without a URL of their own go there.
async fn save_in_portal(request: HttpRequest, body: Bytes, sandbox: Shared) -> HttpResponse {
    if is_foreign(&request) {
        return failure(StatusCode::FORBIDDEN, "the form comes from another site");
    }
    let origin = serde_json::from_slice::<Portal>(&body)
        .map_err(|error| error.to_string())
        .and_then(|portal| Url::parse(&portal.callback_origin).map_err(|error| error.to_string()));
    match origin {
        Ok(origin) => {
            sandbox.save_in_portal(origin);
            HttpResponse::NoContent().finish()
        }
        Err(message) => failure(StatusCode::BAD_REQUEST, &message),
    }
}

async fn reset(request: HttpRequest, sandbox: Shared) -> HttpResponse {
    if is_foreign(&request) {
        return failure(StatusCode::FORBIDDEN, "the form comes from another site");
    }
    sandbox.reset();
    HttpResponse::NoContent().finish()
}

async fn nothing_here() -> HttpResponse {
    failure(StatusCode::NOT_FOUND, "no such control call")
}

fn unknown() -> HttpResponse {
    failure(StatusCode::NOT_FOUND, "unknown reference")
}

fn failure(status: StatusCode, message: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({"error": message}))
}

fn is_form(request: &HttpRequest) -> bool {
    header(request, CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

/// Returns whether a form comes from another site. Browsers name its origin; only our own host is accepted.
fn is_foreign(request: &HttpRequest) -> bool {
    let host = header(request, HOST.as_str());
    header(request, ORIGIN.as_str())
        .is_some_and(|origin| origin.split_once("://").map(|(_scheme, rest)| rest) != host)
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}
