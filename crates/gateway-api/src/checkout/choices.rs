//! The ways to pay that an order without a payment offers its payer, and the one the payer takes.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use ayolinx_core::channels::{Channel, ChannelTable};
use ayolinx_core::method::Method;
use url::form_urlencoded;

use crate::http::body::read_bytes;
use crate::http::error::{ApiError, ErrorCode};
use crate::orders::params::payment::{OrderFacts, PaymentChoice, RequestedPayment};

/// One button of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The method.
    pub method: Method,
    /// The channel.
    pub channel: String,
    /// The label of the button: `QRIS`, `BNI`, `ALFAMART`.
    pub name: String,
}

/// The choices of one method.
pub(super) struct Group<'c> {
    pub(super) method: Method,
    pub(super) choices: Vec<&'c Choice>,
}

/// Groups the choices by method, in the order in which the methods first come.
pub(super) fn grouped(choices: &[Choice]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for choice in choices {
        let known = groups
            .iter_mut()
            .find(|group| group.method == choice.method);
        match known {
            Some(group) => group.choices.push(choice),
            None => groups.push(Group {
                method: choice.method,
                choices: vec![choice],
            }),
        }
    }
    groups
}

/// Returns every channel that is on and suits the order.
#[must_use]
pub fn choices(table: &ChannelTable, order: OrderFacts<'_>) -> Vec<Choice> {
    table
        .offered_by_links()
        .filter(|channel| {
            RequestedPayment::by_channel(channel)
                .for_order(order, table)
                .is_ok()
        })
        .map(|channel| Choice {
            method: channel.method,
            channel: channel.code.clone(),
            name: shown_name(channel),
        })
        .collect()
}

/// Returns the name by which payers know a channel.
pub(super) fn shown_name(channel: &Channel) -> String {
    channel.short_name.replace('_', " ")
}

/// Reads the form that a button of the page posts and checks it against the order.
///
/// # Errors
/// 400, 413, or 422 when the channel does not suit the order; the page is shown again for all.
pub async fn read_choice(
    request: &HttpRequest,
    payload: Payload,
    table: &ChannelTable,
    order: OrderFacts<'_>,
) -> Result<PaymentChoice, ApiError> {
    let form = read_bytes(request, payload).await?;
    let channel = form_urlencoded::parse(&form)
        .find(|(name, _)| name == "channel")
        .and_then(|(_, code)| {
            table
                .offered_by_links()
                .find(|channel| channel.code == code)
        });
    match channel {
        Some(channel) => RequestedPayment::by_channel(channel).for_order(order, table),
        None => Err(ApiError::of(ErrorCode::ChannelUnavailable)),
    }
}
