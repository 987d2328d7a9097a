//! The parts of every reply besides its body, and the refusals of a call: one reply per status, with
//! the codes that come under it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::schema::{AllOfBuilder, Components, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{ContentBuilder, HeaderBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::examples;
use crate::description::call::Call;
use crate::http::error::{ApiError, ErrorCode, FieldError, PROBLEM_JSON, ProviderAnswer};

/// Each header: its name, its pattern, its meaning.
const HEADERS: [(&str, &str, &str); 6] = [
    (
        "X-Request-Id",
        "^[A-Za-z0-9._-]{1,128}$",
        "Yours, if it was well-formed, else a new one. Name it when you report a problem.",
    ),
    (
        "RateLimit-Policy",
        "^\"key\";q=[0-9]+;w=1$",
        "`q`: requests per `w` seconds. Absent when there is no limit, and before the key is recognised.",
    ),
    (
        "RateLimit",
        "^\"key\";r=[0-9]+;t=[0-9]+$",
        "`r`: requests that may be sent now; `t`: seconds until all may be again.",
    ),
    (
        "Retry-After",
        "^[0-9]+$",
        "Seconds to wait before the next try.",
    ),
    (
        "Idempotent-Replayed",
        "^true$",
        "The request was a repetition; nothing new was done.",
    ),
    ("WWW-Authenticate", "^Bearer$", "How to authenticate."),
];

/// Adds the headers and the examples of problems, for replies to refer to.
pub(super) fn add_parts(components: &mut Components) {
    for code in ErrorCode::ALL {
        let example = ExampleBuilder::new()
            .summary(code.title())
            .value(Some(example_of(*code)));
        let name = code.as_str().to_owned();
        components.examples.insert(name, RefOr::T(example.build()));
    }
    for (name, pattern, meaning) in HEADERS {
        let schema = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .pattern(Some(pattern));
        let header = HeaderBuilder::new()
            .schema(Some(schema))
            .description(Some(meaning))
            .build();
        components.headers.insert(name.to_owned(), header.into());
    }
}

/// Adds to a call's reply the headers that it has.
pub(super) fn with_headers(reply: ResponseBuilder, call: &Call, status: &str) -> ResponseBuilder {
    let mut names = vec!["X-Request-Id"];
    if call.needs_key && status != "401" {
        names.extend(["RateLimit-Policy", "RateLimit"]);
    }
    if matches!(status, "409" | "429" | "503") {
        names.push("Retry-After");
    }
    if status == "401" {
        names.push("WWW-Authenticate");
    }
    let is_kept = matches!(status, "200" | "201" | "202" | "424");
    let takes_a_key = |call: &Call| call.parameters.iter().any(|one| one.place == "header");
    if is_kept && takes_a_key(call) {
        names.push("Idempotent-Replayed");
    }
    names.into_iter().fold(reply, |reply, name| {
        reply.header_ref(name, Ref::new(format!("#/components/headers/{name}")))
    })
}

/// Adds links from a reply's values to the calls that take them: for programs that explore the API.
pub(super) fn with_links(mut reply: ResponseBuilder, schema: &str) -> ResponseBuilder {
    let links: &[(&str, &str)] = match schema {
        "Order" => &[
            ("read_order", "$response.body#/id"),
            ("add_payment", "$response.body#/id"),
            ("cancel_order", "$response.body#/id"),
            ("sync_order", "$response.body#/id"),
            ("read_order_timeline", "$response.body#/id"),
            ("ask_refund", "$response.body#/id"),
            ("list_refunds", "$response.body#/id"),
            ("resolve_review", "$response.body#/id"),
        ],
        "Refund" => &[
            ("complete_refund", "$response.body#/id"),
            ("cancel_refund", "$response.body#/id"),
            ("list_refunds", "$response.body#/order_id"),
        ],
        "WebhookEndpointWithSecret" => &[
            ("read_webhook_endpoint", "$response.body#/id"),
            ("change_webhook_endpoint", "$response.body#/id"),
            ("rotate_webhook_secret", "$response.body#/id"),
            ("test_webhook_endpoint", "$response.body#/id"),
            ("delete_webhook_endpoint", "$response.body#/id"),
        ],
        "Event" => &[
            ("read_event", "$response.body#/id"),
            ("list_event_deliveries", "$response.body#/id"),
            ("redeliver_event", "$response.body#/id"),
        ],
        _ => &[],
    };
    for (operation, id) in links {
        let link = LinkBuilder::new()
            .operation_id(*operation)
            .parameter("id", *id);
        reply = reply.link(*operation, link.build());
    }
    reply
}

/// Returns one reply per status.
pub(super) fn refusals(call: &Call) -> Vec<(String, Response)> {
    let always = [ErrorCode::InternalError, ErrorCode::Overloaded];
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in call.errors.iter().chain(&always) {
        let codes = by_status.entry(code.status().as_u16()).or_default();
        if !codes.contains(code) {
            codes.push(*code);
        }
    }
    by_status
        .into_iter()
        .map(|(status, codes)| {
            let name = status.to_string();
            let reply = with_headers(refusal(status, &codes), call, &name);
            (name, reply.build())
        })
        .collect()
}

fn refusal(status: u16, codes: &[ErrorCode]) -> ResponseBuilder {
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let code = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .enum_values(Some(names.clone()));
    let number = ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Integer))
        .enum_values(Some([status]));
    let these = ObjectBuilder::new()
        .property("code", code)
        .property("status", number);
    let schema = AllOfBuilder::new()
        .item(Ref::from_schema_name("Problem"))
        .item(these);
    let examples = names.iter().map(|name| {
        let place = format!("#/components/examples/{name}");
        (*name, RefOr::Ref(Ref::new(place)))
    });
    let content = ContentBuilder::new()
        .schema(Some(schema))
        .examples_from_iter(examples)
        .build();
    ResponseBuilder::new()
        .description(format!("`{}`", names.join("`, `")))
        .content(PROBLEM_JSON, content)
}

/// Returns an example body of a refusal, made as for callers.
fn example_of(code: ErrorCode) -> Value {
    const ORDER: &str = "ord_01a1fd49a167725c8ba6f8a780d27cb2";
    let error = match code {
        ErrorCode::ValidationFailed => ApiError::validation_failed(vec![FieldError::new(
            "amount.value",
            crate::http::error::FieldCode::BelowMinimum,
            "at least 10000.00 for RETAIL_ALFAMART",
        )]),
        ErrorCode::ReferenceExists => ApiError::reference_exists(ORDER),
        ErrorCode::ProviderRejected => ApiError::provider_rejected(
            ORDER,
            ProviderAnswer {
                code: "4034714".to_owned(),
                message: "Insufficient Funds".to_owned(),
            },
        ),
        other => ApiError::of(other),
    };
    serde_json::to_value(error.problem(Some(examples::REQUEST_ID))).unwrap_or_else(|_| json!({}))
}
