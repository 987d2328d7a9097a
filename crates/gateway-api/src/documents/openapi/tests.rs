//! The description of the API against its routes, errors and examples.

use std::collections::BTreeSet;

use ayolinx_core::artefact::Artefact;
use ayolinx_core::event::EventType;
use ayolinx_core::ids::{OrderId, PaymentId, ReceiptId};
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use ayolinx_core::order_view::{Customer, Failure, Links, OrderRecord, OrderView, PaymentRecord};
use ayolinx_core::receipt::{Place, Posted, Receipt, ReceiptDetails, Returned};
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::http::error::ErrorCode;

/// The names of the fields that each body may have.
mod known {
    pub(super) use crate::events::params::{EVENT_PARAMETERS, REDELIVER_FIELDS};
    pub(super) use crate::http::money::FIELDS as MONEY;
    pub(super) use crate::orders::export::params::EXPORT_PARAMETERS;
    pub(super) use crate::orders::params::create_order::FIELDS as CREATE_ORDER;
    pub(super) use crate::orders::params::customer::FIELDS as CUSTOMER;
    pub(super) use crate::orders::params::items::FIELDS as ITEM;
    pub(super) use crate::orders::params::list_orders::LIST_PARAMETERS;
    pub(super) use crate::orders::params::payment::FIELDS as PAYMENT;
    pub(super) use crate::refunds::params::{
        ASK_FIELDS, COMPLETE_FIELDS, PAYEE_FIELDS, RESOLVE_FIELDS,
    };
    pub(super) use crate::reports::params::REPORT_PARAMETERS;
    pub(super) use crate::webhook_endpoints::params::FIELDS as WEBHOOK_ENDPOINT;
}

fn json() -> Value {
    serde_json::to_value(document()).unwrap()
}

fn schema(name: &str) -> Value {
    let schema = json()["components"]["schemas"][name].clone();
    assert!(schema.is_object(), "{name}");
    schema
}

fn names<'v>(values: impl IntoIterator<Item = &'v str>) -> BTreeSet<String> {
    values.into_iter().map(str::to_owned).collect()
}

fn properties(schema: &Value) -> BTreeSet<String> {
    names(
        schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str),
    )
}

fn required(schema: &Value) -> BTreeSet<String> {
    names(
        schema["required"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str),
    )
}

#[test]
fn it_is_openapi_3_1_and_says_who_it_is() {
    let document = json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["license"]["identifier"], "Apache-2.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        document["components"]["securitySchemes"]["api_key"]["scheme"],
        "bearer"
    );
}

#[test]
fn what_may_be_sent_is_what_is_read() {
    for (name, fields) in [
        ("CreateOrder", known::CREATE_ORDER),
        ("PaymentChoice", known::PAYMENT),
        ("Customer", known::CUSTOMER),
        ("Item", known::ITEM),
        ("Money", known::MONEY),
        ("CreateWebhookEndpoint", known::WEBHOOK_ENDPOINT),
        ("ChangeWebhookEndpoint", known::WEBHOOK_ENDPOINT),
        ("RedeliverEvents", known::REDELIVER_FIELDS),
        ("AskRefund", known::ASK_FIELDS),
        ("PayeeWanted", known::PAYEE_FIELDS),
        ("CompleteRefund", known::COMPLETE_FIELDS),
        ("ResolveReview", known::RESOLVE_FIELDS),
    ] {
        let schema = schema(name);
        assert_eq!(properties(&schema), names(fields.iter().copied()), "{name}");
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
    assert_eq!(
        required(&schema("CreateOrder")),
        names(["reference", "amount"])
    );
    assert_eq!(required(&schema("PaymentChoice")), names(["method"]));
}

#[test]
fn the_parameters_of_the_lists_are_those_that_are_read() {
    let document = json();
    for (path, read) in [
        ("/v1/orders", known::LIST_PARAMETERS),
        ("/v1/events", known::EVENT_PARAMETERS),
        ("/v1/reports/daily", known::REPORT_PARAMETERS),
        ("/v1/orders/export", known::EXPORT_PARAMETERS),
    ] {
        let parameters = document["paths"][path]["get"]["parameters"]
            .as_array()
            .unwrap();
        let documented = names(
            parameters
                .iter()
                .filter_map(|parameter| parameter["name"].as_str()),
        );
        assert_eq!(documented, names(read.iter().copied()), "{path}");
    }
}

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn payment(artefact: Artefact) -> PaymentRecord {
    PaymentRecord {
        id: PaymentId::from_uuid(Uuid::from_u128(1)),
        method: Method::Qris,
        channel: Some("BNC_QRIS".to_owned()),
        state: PaymentState::Pending,
        provider_reference: Some("1".to_owned()),
        artefact: Some(artefact),
        failure: Some(Failure {
            code: "x".to_owned(),
            message: "y".to_owned(),
        }),
        created_at: at(),
        expires_at: at(),
        paid_at: Some(at()),
        receipts: vec![receipt()],
    }
}

fn receipt() -> Receipt {
    Receipt {
        id: ReceiptId::from_uuid(Uuid::from_u128(3)),
        key: None,
        provider_reference: Some("1".to_owned()),
        received: Amount::rupiah(1).unwrap(),
        is_right: true,
        verdict: None,
        given_back: Returned::NONE,
        details: ReceiptDetails {
            fee: Some(Amount::ZERO),
            rrn: Some("1".to_owned()),
            issuer: Some("BANK BCA".to_owned()),
            settles_on: Some(at().date_naive()),
        },
        finished_at: Some(at()),
        received_at: at(),
        posted: Some(Posted {
            amount: Amount::rupiah(1).unwrap(),
            returned: Amount::ZERO,
            place: Place::Booked,
        }),
    }
}

/// Returns an order with every optional part, as JSON.
fn sample() -> Value {
    let text = || "x".to_owned();
    let order = OrderRecord {
        id: OrderId::from_uuid(Uuid::from_u128(2)),
        reference: text(),
        state: OrderState::Pending,
        version: 1,
        amount: Amount::rupiah(1).unwrap(),
        paid_amount: Amount::ZERO,
        paid_late: false,
        description: Some(text()),
        customer: Some(Customer {
            name: Some(text()),
            email: Some(text()),
            phone: Some(text()),
        }),
        return_url: Some(text()),
        metadata: Some([(text(), text())].into()),
        checkout_token: text(),
        created_at: at(),
        updated_at: at(),
        expires_at: at(),
        paid_at: Some(at()),
        payments: vec![
            payment(Artefact::Qr { qr_string: text() }),
            payment(Artefact::Redirect {
                url: text(),
                link_code: None,
            }),
            payment(Artefact::VirtualAccount {
                number: text(),
                bank: text(),
                account_name: text(),
            }),
            payment(Artefact::PaymentCode {
                code: text(),
                store: text(),
                instructions_url: Some(text()),
            }),
        ],
    };
    let links = Links {
        checkout_origin: "https://pay.example".to_owned(),
    };
    serde_json::to_value(OrderView::new(&order, &links)).unwrap()
}

#[track_caller]
fn same(name: &str, value: &Value) {
    let found = names(value.as_object().unwrap().keys().map(String::as_str));
    let schema = schema(name);
    assert_eq!(properties(&schema), found, "{name}");
    assert_eq!(
        required(&schema),
        found,
        "{name}: absent members are null, never left out"
    );
}

#[test]
fn the_order_is_documented_as_it_is_written() {
    let order = sample();
    same("Order", &order);
    same("Payment", &order["payments"][0]);
    same("Failure", &order["payments"][0]["failure"]);
    same("Receipt", &order["payments"][0]["receipts"][0]);
    same("Money", &order["amount"]);
    let actions = schema("NextAction")["oneOf"].as_array().unwrap().clone();
    let written = order["payments"].as_array().unwrap();
    assert_eq!(actions.len(), written.len());
    for (action, payment) in actions.iter().zip(written) {
        let written = &payment["next_action"];
        let members = names(written.as_object().unwrap().keys().map(String::as_str));
        let documented: Vec<_> = match action["allOf"].as_array() {
            Some(parts) => parts.clone(),
            None => vec![action.clone()],
        };
        let properties: BTreeSet<_> = documented.iter().flat_map(properties).collect();
        assert_eq!(properties, members);
        assert!(
            action
                .to_string()
                .contains(&format!("[{}]", written["type"])),
            "{action}"
        );
    }
}

#[test]
fn every_state_and_method_is_documented() {
    let listed = |name: &str| {
        names(
            schema(name)["enum"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str),
        )
    };
    assert_eq!(
        listed("OrderStatus"),
        names(OrderState::ALL.iter().map(|state| state.as_str()))
    );
    assert_eq!(
        listed("PaymentStatus"),
        names(PaymentState::ALL.iter().map(|state| state.as_str()))
    );
    assert_eq!(
        listed("EventTypeName"),
        names(EventType::ALL.iter().map(|known| known.as_str()))
    );
    assert_eq!(
        listed("MethodName"),
        names(Method::ALL.iter().map(|method| method.as_str()))
    );
}

#[test]
fn every_refusal_is_a_problem_and_every_code_but_few_is_named_somewhere() {
    let document = json();
    let mut named = String::new();
    for call in calls() {
        let replies = &document["paths"][call.path][call.verb.to_lowercase()]["responses"];
        for (status, reply) in replies.as_object().unwrap() {
            if status.starts_with('2') {
                continue;
            }
            let schema = &reply["content"]["application/problem+json"]["schema"];
            let schema = &schema["allOf"][0]["$ref"];
            assert_eq!(
                schema, "#/components/schemas/Problem",
                "{} {status}",
                call.id
            );
            named.push_str(reply["description"].as_str().unwrap());
        }
    }
    for code in ErrorCode::ALL {
        let of_the_framework = matches!(code, ErrorCode::MethodNotAllowed);
        assert!(
            of_the_framework || named.contains(&format!("`{}`", code.as_str())),
            "{code:?}"
        );
    }
}

#[test]
fn every_reference_points_to_a_schema() {
    let document = json();
    let text = document.to_string();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for found in text.split("#/components/schemas/").skip(1) {
        let name = found.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
    }
}

#[test]
fn every_body_has_an_example() {
    for call in calls() {
        let body = call.body.map(|body| (examples::request_of(call.id), body));
        let replies = call.replies.iter().filter_map(|(_, _, schema)| *schema);
        let replies = replies.filter(|schema| !schema.contains('/'));
        let replies = replies.map(|schema| (examples::reply_of(schema), schema));
        for (example, schema) in body.into_iter().chain(replies) {
            assert!(example.is_some(), "{}: no example of {schema}", call.id);
        }
    }
}

#[test]
fn the_checked_in_document_is_this_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    if std::env::var_os("RENEW").is_some() {
        std::fs::write(path, document_text()).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        checked_in == document_text(),
        "docs/openapi.json is not what the types say: run `make openapi` and look at what changed"
    );
}

#[test]
fn every_route_is_documented() {
    let routes = include_str!("../../routes.rs");
    let merchants = routes.split("pub fn checkout").next().unwrap();
    let documented: BTreeSet<_> = calls().into_iter().map(|call| call.path).collect();
    let mut routed = BTreeSet::new();
    for part in merchants.split("resource(").skip(1) {
        routed.insert(part.split('"').nth(1).unwrap());
    }
    assert_eq!(routed, documented);
}
