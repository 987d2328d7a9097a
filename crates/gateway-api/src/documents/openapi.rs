//! `GET /openapi.json`: OpenAPI 3.1, its schemas made from Rust types and its paths from one table of
//! calls, which the `/docs` page shows too.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Content, ContentBuilder, HttpMethod, InfoBuilder, LicenseBuilder, OpenApi as Document,
    PathItem, Ref, RefOr, Required, ResponseBuilder,
};

use super::calls::calls;
use super::{examples, replies, scopes};
use crate::channels::view::ChannelList;
use crate::description::call::{Call, REQUIRED_QUERY, string};
use crate::events::view::{DeliveryList, RedeliveredView, RedeliveryView};
use crate::http::error::Problem;
use crate::orders::timeline::Timeline;
use crate::refunds::view::{PayeeView, RefundList, RefundView};
use crate::reports::view::DailyReport;
use crate::webhook_endpoints::view::{EndpointList, EndpointView, NewEndpointView};
use crate::{description, events, orders, refunds, webhook_endpoints};

const KEY: &str = "api_key";

/// All schemas of the components.
#[derive(OpenApi)]
#[openapi(components(schemas(
    orders::schemas::CreateOrder,
    orders::schemas::PaymentChoice,
    orders::schemas::Customer,
    orders::schemas::Item,
    description::schemas::Money,
    orders::schemas::Order,
    orders::schemas::Payment,
    orders::schemas::NextAction,
    orders::schemas::Receipt,
    orders::schemas::ReceiptStatus,
    orders::schemas::Settlement,
    refunds::schemas::PayeeWanted,
    PayeeView,
    orders::schemas::Failure,
    orders::schemas::OrderPage,
    webhook_endpoints::schemas::CreateWebhookEndpoint,
    webhook_endpoints::schemas::ChangeWebhookEndpoint,
    events::schemas::RedeliverEvents,
    events::schemas::Event,
    events::schemas::EventPage,
    EndpointView,
    NewEndpointView,
    EndpointList,
    DeliveryList,
    RedeliveredView,
    RedeliveryView,
    Timeline,
    RefundView,
    RefundList,
    ChannelList,
    refunds::schemas::AskRefund,
    refunds::schemas::CompleteRefund,
    refunds::schemas::ResolveReview,
    DailyReport,
    Problem,
)))]
struct Components;

/// Returns the whole document.
#[must_use]
pub fn document() -> Document {
    let mut document = Components::openapi();
    document.info = InfoBuilder::new()
        .title("Payment gateway")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Takes payments through the provider Ayolinx: QRIS, e-wallet, virtual account, retail and payment link.",
        ))
        .license(Some(
            LicenseBuilder::new()
                .name("Apache-2.0")
                .identifier(Some("Apache-2.0"))
                .build(),
        ))
        .build();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "`Authorization: Bearer gk_…`. Each call names the scopes of which the key needs one.",
        ))
        .build();
    let mut components = document.components.take().unwrap_or_default();
    replies::add_parts(&mut components);
    components.add_security_scheme(KEY, SecurityScheme::Http(bearer));
    document.components = Some(components);
    for call in calls() {
        let method = match call.verb {
            "POST" => HttpMethod::Post,
            "PATCH" => HttpMethod::Patch,
            "DELETE" => HttpMethod::Delete,
            _ => HttpMethod::Get,
        };
        let item = document
            .paths
            .paths
            .entry(call.path.to_owned())
            .or_default();
        item.merge_operations(PathItem::new(method, operation(&call)));
    }
    document
}

/// Returns the document as text, as it is served and checked in (`docs/openapi.json`).
#[must_use]
pub fn document_text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
        text.push('\n');
        text
    });
    &TEXT
}

/// Serves `GET /openapi.json`.
pub async fn openapi_json() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .content_type("application/json")
        .body(document_text())
}

fn operation(call: &Call) -> Operation {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(call.id))
        .tag(tag(call.path))
        .summary(Some(call.summary))
        .description((!call.description.is_empty()).then_some(call.description));
    if call.needs_key {
        // One of them is enough, so each is a requirement of its own.
        for scope in scopes::scopes_of(call.id) {
            operation = operation.security(SecurityRequirement::new(KEY, [*scope]));
        }
    }
    for parameter in call.parameters {
        let (place, required) = match parameter.place {
            "path" => (ParameterIn::Path, Required::True),
            "header" => (ParameterIn::Header, Required::False),
            REQUIRED_QUERY => (ParameterIn::Query, Required::True),
            _ => (ParameterIn::Query, Required::False),
        };
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(parameter.name)
                .parameter_in(place)
                .required(required)
                .description(Some(parameter.meaning))
                .schema(Some((parameter.schema)())),
        );
    }
    if let Some(body) = body_of(call) {
        operation = operation.request_body(Some(body));
    }
    for (status, meaning, schema) in call.replies {
        let mut reply = ResponseBuilder::new().description(*meaning);
        for schema in schema.iter().flat_map(|schemas| schemas.split(" | ")) {
            let (kind, content) = content_of(schema);
            reply = replies::with_links(reply.content(kind, content), schema);
        }
        operation = operation.response(*status, replies::with_headers(reply, call, status).build());
    }
    for (status, reply) in replies::refusals(call) {
        operation = operation.response(status, reply);
    }
    operation.build()
}

/// Returns a path's tag: the first word behind the version.
fn tag(path: &'static str) -> &'static str {
    let words = path.strip_prefix("/v1/").unwrap_or("documents");
    words.split('/').next().unwrap_or(words)
}

/// Returns the request body of a call. Calls without fields accept no body or an empty object.
fn body_of(call: &Call) -> Option<RequestBody> {
    let no_fields = || {
        let free_form = AdditionalProperties::FreeForm(false);
        let nothing = ObjectBuilder::new().additional_properties(Some(free_form));
        RefOr::from(Schema::from(nothing.build()))
    };
    let schema = match (call.verb, call.body) {
        (_, Some(schema)) => Ref::from_schema_name(schema).into(),
        ("POST", None) => no_fields(),
        _ => return None,
    };
    let required = match call.body {
        Some(_) => Required::True,
        None => Required::False,
    };
    let content = ContentBuilder::new()
        .schema(Some(schema))
        .example(examples::request_of(call.id));
    let body = RequestBodyBuilder::new()
        .required(Some(required))
        .content("application/json", content.build());
    Some(body.build())
}

/// Returns a reply's media type with its content: a schema by its name, or any text of a named type.
fn content_of(schema: &'static str) -> (&'static str, Content) {
    match schema {
        "application/json" => {
            let any = ObjectBuilder::new();
            (schema, ContentBuilder::new().schema(Some(any)).build())
        }
        kind if kind.contains('/') => {
            let text = string();
            (kind, ContentBuilder::new().schema(Some(text)).build())
        }
        name => {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name(name)))
                .example(examples::reply_of(name));
            ("application/json", content.build())
        }
    }
}

#[cfg(test)]
mod tests;
