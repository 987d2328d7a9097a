//! `GET /openapi.json`: OpenAPI 3.1, its schemas made from Rust types and its paths from one table of
//! calls, which the `/docs` page shows too.

mod calls;
mod money_calls;
mod schemas;
mod webhook_calls;

use actix_web::HttpResponse;
use actix_web::http::header;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, HttpMethod, InfoBuilder, LicenseBuilder, OpenApi as Document, PathItem, Ref,
    Required, Response, ResponseBuilder,
};

use crate::error::{ErrorCode, PROBLEM_JSON, Problem};
use crate::views;

pub use calls::{Call, calls};
pub(crate) use schemas::{MethodName, Money as MoneySchema};

const KEY: &str = "api_key";

/// Everything the components hold.
#[derive(OpenApi)]
#[openapi(components(schemas(
    schemas::CreateOrder,
    schemas::PaymentChoice,
    schemas::Customer,
    schemas::Item,
    schemas::Money,
    schemas::Order,
    schemas::Payment,
    schemas::NextAction,
    schemas::Failure,
    schemas::OrderPage,
    schemas::CreateWebhookEndpoint,
    schemas::ChangeWebhookEndpoint,
    schemas::RedeliverEvents,
    schemas::Event,
    schemas::EventPage,
    views::EndpointView,
    views::NewEndpointView,
    views::EndpointList,
    views::DeliveryList,
    views::RedeliveredView,
    views::RedeliveryView,
    views::Timeline,
    views::RefundView,
    views::RefundList,
    views::ChannelList,
    schemas::AskRefund,
    schemas::CompleteRefund,
    schemas::ResolveReview,
    Problem,
)))]
struct Components;

/// The whole document.
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
        .description(Some("`Authorization: Bearer gk_…`"))
        .build();
    let mut components = document.components.take().unwrap_or_default();
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

/// `GET /openapi.json`.
pub async fn openapi_json() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .json(document())
}

fn operation(call: &Call) -> Operation {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(call.id))
        .summary(Some(call.summary))
        .description((!call.description.is_empty()).then_some(call.description));
    if call.needs_key {
        operation = operation.security(SecurityRequirement::new(KEY, Vec::<String>::new()));
    }
    for parameter in call.parameters {
        let (place, required) = match parameter.place {
            "path" => (ParameterIn::Path, Required::True),
            "header" => (ParameterIn::Header, Required::False),
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
    if let Some(schema) = call.body {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(schema)))
            .build();
        let body = RequestBodyBuilder::new()
            .required(Some(Required::True))
            .content("application/json", content)
            .build();
        operation = operation.request_body(Some(body));
    }
    for (status, meaning, schema) in call.replies {
        let mut reply = ResponseBuilder::new().description(*meaning);
        if let Some(schema) = schema {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(*schema)));
            reply = reply.content("application/json", content.build());
        }
        operation = operation.response(*status, reply.build());
    }
    for (status, reply) in refusals(call.errors) {
        operation = operation.response(status, reply);
    }
    operation.build()
}

/// One reply per status, naming the codes that come under it.
fn refusals(codes: &[ErrorCode]) -> Vec<(String, Response)> {
    let always = [ErrorCode::InternalError, ErrorCode::Overloaded];
    let mut by_status: Vec<(u16, Vec<&str>)> = Vec::new();
    for code in codes.iter().chain(&always) {
        let status = code.status().as_u16();
        match by_status.iter_mut().find(|(known, _)| *known == status) {
            Some((_, names)) => names.push(code.as_str()),
            None => by_status.push((status, vec![code.as_str()])),
        }
    }
    by_status
        .into_iter()
        .map(|(status, names)| {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .build();
            let reply = ResponseBuilder::new()
                .description(format!("`{}`", names.join("`, `")))
                .content(PROBLEM_JSON, content)
                .build();
            (status.to_string(), reply)
        })
        .collect()
}

#[cfg(test)]
mod tests;
