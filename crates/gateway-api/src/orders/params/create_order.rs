//! The body of `POST /v1/orders` (contract 4.1): every rule of its table, every error at once.

use std::collections::BTreeMap;

use ayolinx_core::card_numbers::mask_card_numbers;
use ayolinx_core::channels::{Channel, ChannelTable};
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use ayolinx_core::order_view::Customer;
use chrono::{DateTime, TimeDelta, Utc};

use super::customer::read_customer;
use super::items::{Item, add_up_to, read_items};
use super::payment::{
    FIELDS as PAYMENT_FIELDS, PaymentChoice, RequestedPayment, check_limits, read_payment, takes,
};
use super::requirements::judge_formats;
use crate::http::error::{ApiError, FieldCode};
use crate::http::field_errors::{FieldErrors, Judged};
use crate::http::fields::{Fields, is_empty_array, text_at};
use crate::http::formats::{
    REFERENCE_RULE, check_return_url, has_control, is_reference, parse_time,
};
use crate::http::json::JsonTree;
use crate::http::money::{accept, read_amount};

pub(crate) const FIELDS: &[&str] = &[
    "reference",
    "amount",
    "payment",
    "expires_at",
    "expires_in",
    "description",
    "customer",
    "items",
    "return_url",
    "metadata",
];
/// The optional members of an order.
const OPTIONAL: &[&str] = &[
    "payment",
    "expires_at",
    "expires_in",
    "description",
    "customer",
    "items",
    "return_url",
    "metadata",
];

const REFERENCE_CHARS_MAX: usize = 64;
const DESCRIPTION_CHARS_MAX: usize = 255;
const RETURN_URL_CHARS_MAX: usize = 2048;
const METADATA_PAIRS_MAX: usize = 50;
const METADATA_BYTES_MAX: usize = 8 * 1024;
/// The shortest time until an expiry.
const AHEAD_MIN: TimeDelta = TimeDelta::seconds(1);

/// A new order that satisfies every rule of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateOrder {
    /// The shop's own order number.
    pub reference: String,
    /// The amount, in whole rupiah and inside the channel's limits.
    pub amount: Amount,
    /// The payment choice; `None`: the payer chooses on the checkout page.
    pub payment: Option<PaymentChoice>,
    /// The expiry; `None`: the default applies.
    pub expires_at: Option<DateTime<Utc>>,
    /// The description, free text.
    pub description: Option<String>,
    /// The payer, with all that the method needs.
    pub customer: Option<Customer>,
    /// The line items: either empty (one line is made up) or adding up to the amount.
    pub items: Vec<Item>,
    /// The return URL, unchanged as the shop wrote it.
    pub return_url: Option<String>,
    /// The shop's own key-value pairs.
    pub metadata: Option<BTreeMap<String, String>>,
}

/// A body whose shape is right.
#[derive(Debug)]
pub struct NamedOrder {
    /// The shop's own order number.
    pub reference: String,
    /// The order as checked against the clock and the channel table now.
    pub judged: Judged<CreateOrder>,
}

impl CreateOrder {
    /// Does [`NamedOrder::read`] for a body that nobody sent before.
    ///
    /// # Errors
    /// 422 `validation_failed` naming every field, or 422 `channel_unavailable`.
    pub fn parse(
        body: &JsonTree,
        table: &ChannelTable,
        now: DateTime<Utc>,
    ) -> Result<Self, ApiError> {
        NamedOrder::read(body, table, now)?.judged
    }
}

impl NamedOrder {
    /// Reads and checks a body.
    ///
    /// # Errors
    /// 422 `validation_failed` naming every field, when the shape is not right.
    pub fn read(
        body: &JsonTree,
        table: &ChannelTable,
        now: DateTime<Utc>,
    ) -> Result<Self, ApiError> {
        let mut errors = FieldErrors::default();
        let fields = Fields::root(body, FIELDS, &mut errors).with_optional(OPTIONAL);
        let reference = read_reference(&fields, &mut errors);
        fields.require("amount", &mut errors);
        let amount = read_amount(&fields, "amount", &mut errors);
        let asked = Asked::read(&fields, table, &mut errors);
        let expires_at = read_expiry(&fields, asked.longest(table), now, &mut errors);
        let description = fields.short_text("description", DESCRIPTION_CHARS_MAX, &mut errors);
        let customer = read_customer(&fields, &mut errors);
        let items = read_items(&fields, &mut errors);
        let return_url = read_return_url(&fields, &mut errors);
        let metadata = read_metadata(&fields, &mut errors);
        match &asked {
            Asked::For(requested) => {
                requested.require_order_fields(customer.as_ref(), return_url, &mut errors);
            }
            Asked::Wrongly(Some(method)) => {
                judge_formats(*method, customer.as_ref(), &mut errors);
            }
            Asked::Wrongly(None) | Asked::Nothing => {}
        }
        let payment = amount.and_then(|amount| asked.suit(amount, table, &mut errors));
        let items = keep_items(items, amount, asked.is_link(), &mut errors);
        let (Some(reference), Some(amount)) = (reference, amount) else {
            return Err(errors.into_error());
        };
        let judged = errors.into_judged(Some(CreateOrder {
            reference: reference.clone(),
            amount,
            payment,
            expires_at,
            description: description.map(mask_card_numbers),
            customer,
            items,
            return_url: return_url.map(str::to_owned),
            metadata,
        }))?;
        Ok(Self { reference, judged })
    }
}

/// The payment choice in a body.
enum Asked {
    /// No choice: the payer chooses.
    Nothing,
    /// A wrong choice, which is recorded; the method, where that at least is valid.
    Wrongly(Option<Method>),
    /// A method and its channels.
    For(RequestedPayment),
}

impl Asked {
    fn read(fields: &Fields<'_>, table: &ChannelTable, errors: &mut FieldErrors) -> Self {
        if fields.value("payment").is_none_or(is_empty_array) {
            return Self::Nothing;
        }
        let Some(payment) = fields.object("payment", PAYMENT_FIELDS, errors) else {
            return Self::Wrongly(None);
        };
        let method = match payment.value("method") {
            Some(JsonTree::String(name)) => name.parse().ok(),
            _ => None,
        };
        read_payment(payment, table, errors).map_or(Self::Wrongly(method), Self::For)
    }

    fn is_link(&self) -> bool {
        matches!(self, Self::For(requested) if requested.method() == Method::PaymentLink)
    }

    /// Returns the longest life the order may have: of the channels asked for, else of all that are
    /// on.
    fn longest(&self, table: &ChannelTable) -> Option<TimeDelta> {
        let life = match self {
            Self::For(requested) => requested.longest_life(table),
            Self::Wrongly(_) => None,
            Self::Nothing => table
                .offered_by_links()
                .map(|channel| channel.max_expiry)
                .max(),
        };
        life.and_then(|life| TimeDelta::from_std(life).ok())
    }

    /// Checks the amount against the choice. Without a choice, it must suit some channel that is
    /// on.
    fn suit(
        &self,
        amount: Amount,
        table: &ChannelTable,
        errors: &mut FieldErrors,
    ) -> Option<PaymentChoice> {
        match self {
            Self::For(requested) => requested.suit(amount, table, errors),
            Self::Wrongly(_) => None,
            Self::Nothing => {
                let on: Vec<_> = table.offered_by_links().collect();
                if on.is_empty() {
                    errors.channel_unavailable("every channel");
                } else if !on.iter().any(|channel| takes(channel, amount)) {
                    let _refused = check_limits(&nearest(&on, amount), amount, errors);
                }
                None
            }
        }
    }
}

/// Returns the channel whose limit is the nearest to an amount that none takes.
fn nearest<'t>(channels: &[&'t Channel], amount: Amount) -> Vec<&'t Channel> {
    let above = channels
        .iter()
        .filter(|channel| channel.min.minor() > amount.minor())
        .min_by_key(|channel| channel.min.minor());
    let below = channels.iter().max_by_key(|channel| channel.max.minor());
    above.or(below).into_iter().copied().collect()
}

fn read_reference(fields: &Fields<'_>, errors: &mut FieldErrors) -> Option<String> {
    fields.require("reference", errors);
    let reference = fields.short_text("reference", REFERENCE_CHARS_MAX, errors)?;
    if !is_reference(reference) {
        let path = fields.path("reference");
        errors.add(path, FieldCode::InvalidFormat, REFERENCE_RULE);
        return None;
    }
    Some(reference.to_owned())
}

fn read_expiry(
    fields: &Fields<'_>,
    longest: Option<TimeDelta>,
    now: DateTime<Utc>,
    errors: &mut FieldErrors,
) -> Option<DateTime<Utc>> {
    let longest = longest.unwrap_or(TimeDelta::MAX);
    if fields.value("expires_at").is_some() && fields.value("expires_in").is_some() {
        let message = "either expires_at or expires_in, not both";
        errors.add(fields.path("expires_in"), FieldCode::NotAllowed, message);
    }
    let secs = fields.integer("expires_in", (1, i64::MAX), errors);
    let most = longest.num_seconds();
    if secs.is_some_and(|secs| secs > most) {
        let message = format!("at most {most}");
        errors.judge(fields.path("expires_in"), FieldCode::AboveMaximum, message);
    }
    let after_secs = secs.and_then(|secs| now.checked_add_signed(TimeDelta::try_seconds(secs)?));
    let Some(text) = fields.text("expires_at", errors) else {
        return after_secs;
    };
    let path = fields.path("expires_at");
    let Some(expires_at) = parse_time(text) else {
        let message = "must be an RFC 3339 time with an offset";
        errors.add(path, FieldCode::InvalidFormat, message);
        return None;
    };
    let ahead = expires_at.signed_duration_since(now);
    if ahead < AHEAD_MIN {
        errors.judge(
            path,
            FieldCode::InThePast,
            "must be at least 1 second ahead",
        );
    } else if ahead > longest {
        let message = format!("at most {} seconds ahead", longest.num_seconds());
        errors.judge(path, FieldCode::AboveMaximum, message);
    }
    Some(expires_at)
}

fn read_return_url<'t>(fields: &Fields<'t>, errors: &mut FieldErrors) -> Option<&'t str> {
    let url = fields.short_text("return_url", RETURN_URL_CHARS_MAX, errors)?;
    accept(fields, "return_url", check_return_url(url), errors)?;
    Some(url)
}

/// Keeps the items. Those of a payment link must add up; for other methods, items that do not are
/// ignored.
fn keep_items(
    items: Option<Vec<Item>>,
    amount: Option<Amount>,
    for_link: bool,
    errors: &mut FieldErrors,
) -> Vec<Item> {
    let (Some(items), Some(amount)) = (items, amount) else {
        return Vec::new();
    };
    if items.is_empty() || add_up_to(&items, amount) {
        return items;
    }
    if for_link {
        errors.add("items", FieldCode::NotAllowed, "must add up to amount");
    }
    Vec::new()
}

fn read_metadata(
    fields: &Fields<'_>,
    errors: &mut FieldErrors,
) -> Option<BTreeMap<String, String>> {
    let value = fields
        .value("metadata")
        .filter(|value| !is_empty_array(value))?;
    let names = match value {
        JsonTree::Object(members) => members.iter().map(|(name, _)| name.as_str()).collect(),
        _ => Vec::new(),
    };
    let metadata = fields.object("metadata", &names, errors)?;
    let mut pairs = BTreeMap::new();
    for (name, value) in metadata.members() {
        let path = metadata.path(name);
        if name.is_empty() || has_control(name) {
            let message = "a name must not be empty or have control characters";
            errors.add(path, FieldCode::InvalidFormat, message);
        } else if let Some(text) = text_at(value, path, errors) {
            pairs.insert(mask_card_numbers(name), mask_card_numbers(text));
        }
    }
    let bytes: usize = pairs
        .iter()
        .map(|(name, text)| name.len().saturating_add(text.len()))
        .fold(0, usize::saturating_add);
    if metadata.members().len() > METADATA_PAIRS_MAX || bytes > METADATA_BYTES_MAX {
        let message = format!("at most {METADATA_PAIRS_MAX} pairs and {METADATA_BYTES_MAX} bytes");
        errors.add(fields.path("metadata"), FieldCode::TooLong, message);
    }
    Some(pairs)
}

#[cfg(test)]
mod tests;
