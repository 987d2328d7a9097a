//! `payment-link/create` (protocol 4.11): no amount field, the total is the sum over the items, all texts.

use ayolinx_core::money::Amount;
use chrono::{DateTime, Utc};

use super::create::Create;
use super::members::{TimeForm, Urls, required_time};
use crate::protocol::calls::Product;
use crate::protocol::channels::{ChannelName, Channels};
use crate::protocol::fields::{FieldError, Fields, is_digits, is_email, is_reference, is_text};
use crate::protocol::json_tree::Json;

const KNOWN: [&str; 10] = [
    "partnerReferenceNo",
    "customerName",
    "customerEmail",
    "customerPhoneNumber",
    "customerPhoneNumberCountryCode",
    "listItem",
    "listPaymentChannel",
    "description",
    "expiryTime",
    "urlParams",
];

pub(super) fn read(
    fields: &Fields<'_>,
    channels: &Channels,
    now: DateTime<Utc>,
) -> Result<Create, FieldError> {
    let reference = fields.text("partnerReferenceNo", is_reference)?;
    fields.text("customerName", |text| is_text(text, 255))?;
    fields.text("customerEmail", is_email)?;
    fields.text("customerPhoneNumber", |text| {
        is_digits(text, 5, 15) && !text.starts_with('0')
    })?;
    fields.text("customerPhoneNumberCountryCode", is_country_code)?;
    let amount = read_total(fields)?;
    let offered = read_channels(fields, channels)?;
    fields.optional_text("description", |text| is_text(text, 255))?;
    let valid_until = required_time(fields, "expiryTime", TimeForm::Jakarta, now)?;
    let urls = Urls::read(fields)?;
    let first = offered.first().copied().unwrap_or_default();
    Ok(Create {
        reference: reference.to_owned(),
        product: Product::PaymentLink,
        channel: first,
        amount: Some(amount),
        valid_until: Some(valid_until),
        notification_url: urls.notification,
        account: None,
        offered,
        undocumented: fields.undocumented(&KNOWN),
    })
}

fn read_total(fields: &Fields<'_>) -> Result<Amount, FieldError> {
    let items = non_empty(fields, "listItem")?;
    let mut total: i64 = 0;
    for item in items {
        let item = fields.item("listItem", item)?;
        item.text("name", |text| is_text(text, 255))?;
        let price = whole(&item, "price", 12)?;
        let quantity = whole(&item, "qty", 6)?;
        total = price
            .checked_mul(quantity)
            .and_then(|line| total.checked_add(line))
            .ok_or_else(|| item.format("price"))?;
    }
    Amount::rupiah(total).map_err(|_too_large| fields.format("listItem"))
}

/// Reads a positive integer as text: `"20000"`.
fn whole(item: &Fields<'_>, name: &str, digits_max: usize) -> Result<i64, FieldError> {
    item.text(name, |text| {
        is_digits(text, 1, digits_max) && !text.starts_with('0')
    })?
    .parse()
    .map_err(|_not_a_number| item.format(name))
}

fn read_channels(fields: &Fields<'_>, channels: &Channels) -> Result<Vec<ChannelName>, FieldError> {
    let mut offered = Vec::new();
    for item in non_empty(fields, "listPaymentChannel")? {
        let (name, _family) = item
            .as_text()
            .and_then(|name| channels.find(name))
            .filter(|(name, _family)| !offered.contains(name))
            .ok_or_else(|| fields.format("listPaymentChannel"))?;
        offered.push(name);
    }
    Ok(offered)
}

fn non_empty<'a>(fields: &Fields<'a>, name: &str) -> Result<&'a [Json], FieldError> {
    fields
        .list(name)?
        .filter(|items| !items.is_empty())
        .ok_or_else(|| fields.missing(name))
}

fn is_country_code(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| is_digits(digits, 1, 3) && !digits.starts_with('0'))
}
