//! The body of `POST /v1/orders`: the tree is what a second reading sees, an order that passes keeps
//! every rule of the contract (4.1), and one that does not gets a problem that says why.

use std::sync::OnceLock;

use ayolinx_core::channels::{ChannelTable, Environment};
use chrono::{DateTime, TimeDelta, Utc};
use gateway_api::error::ErrorCode;
use gateway_api::json::{DEPTH_MAX, JsonTree};
use gateway_api::params::{ChangeEndpoint, CreateEndpoint, CreateOrder, parse_redelivery};

use crate::problem::holds;
use crate::reading::{Tree, read};

pub(crate) fn run(data: &[u8]) {
    let second = read(data).filter(|tree| {
        matches!(tree, Tree::Object(_)) && tree.is_sound() && tree.depth() <= DEPTH_MAX
    });
    let first = JsonTree::parse_object(data).ok();
    assert_eq!(
        first.is_some(),
        second.is_some(),
        "two readings of one body"
    );
    let (Some(first), Some(second)) = (first, second) else {
        return;
    };
    assert_eq!(plain(&first), second, "two readings of one body");
    CreateEndpoint::parse(&first).ok();
    ChangeEndpoint::parse(&first).ok();
    parse_redelivery(&first).ok();
    match CreateOrder::parse(&first, table(), now()) {
        Ok(order) => keeps_the_rules(&order, &second),
        Err(error) => {
            let validation = error.code() == ErrorCode::ValidationFailed;
            assert!(validation || error.code() == ErrorCode::ChannelUnavailable);
            assert!(!validation || !error.field_errors().is_empty());
            holds(&error, None);
        }
    }
}

fn table() -> &'static ChannelTable {
    static TABLE: OnceLock<ChannelTable> = OnceLock::new();
    TABLE.get_or_init(|| ChannelTable::built_in(Environment::NonProduction))
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_777)
}

fn plain(tree: &JsonTree) -> Tree {
    match tree {
        JsonTree::Null => Tree::Null,
        JsonTree::Bool(value) => Tree::Bool(*value),
        JsonTree::Number(digits) => Tree::Number(digits.clone()),
        JsonTree::String(text) => Tree::Text(Some(text.clone())),
        JsonTree::Array(items) => Tree::List(items.iter().map(plain).collect()),
        JsonTree::Object(members) => Tree::Object(
            members
                .iter()
                .map(|(name, value)| (Some(name.clone()), plain(value)))
                .collect(),
        ),
    }
}

fn keeps_the_rules(order: &CreateOrder, body: &Tree) {
    let reference = &order.reference;
    assert!((1..=64).contains(&reference.len()), "{reference:?}");
    let letters = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    assert!(reference.chars().all(letters), "{reference:?}");
    assert!(order.amount.is_whole_rupiah() && order.amount.minor() > 0);
    let written = body.at("amount").and_then(|amount| amount.at("value"));
    assert!(matches!(written, Some(Tree::Text(Some(_)))), "{written:?}");
    let texts = order.description.iter().chain(&order.return_url);
    let metadata = order.metadata.iter().flatten();
    let pairs = metadata.flat_map(|(name, value)| [name, value]);
    let payer = order.customer.iter();
    let payer = payer.flat_map(|payer| [&payer.name, &payer.email, &payer.phone]);
    for text in texts.chain(pairs).chain(payer.flatten()) {
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    let length = |text: &Option<String>| text.as_ref().map_or(0, |text| text.chars().count());
    assert!(length(&order.description) <= 255);
    assert!(length(&order.return_url) <= 2048);
    if let Some(url) = &order.return_url {
        let safe = url
            .get(..8)
            .is_some_and(|start| start.eq_ignore_ascii_case("https://"));
        let local = url
            .get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case("http://"));
        assert!(safe || local, "{url:?}");
    }
    assert!(order.expires_at.is_none_or(|at| at > now()));
    for name in ["status", "merchant_id", "id", "version", "paid_amount"] {
        assert!(body.at(name).is_none(), "{name} was taken");
    }
}
