//! The payment choice: the `payment` object of a new order and the body of `POST …/payments`.
//! Reading it needs only the channel table; checking it against an order needs that order's facts.

use std::time::Duration;

use ayolinx_core::channels::{Channel, ChannelTable, PAYMENT_LINK_CHANNEL};
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use ayolinx_core::order_view::Customer;

use super::requirements::{judge_formats, needed_by, particular};
use crate::http::error::{ApiError, FieldCode};
use crate::http::field_errors::FieldErrors;
use crate::http::fields::{Fields, is_blank, required, text_at};

pub(crate) const FIELDS: &[&str] = &["method", "channel", "channels"];
pub(crate) const OPTIONAL: &[&str] = &["channel", "channels"];

/// A choice that suits its order: the channels exist, are on, and take the amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentChoice {
    /// One channel.
    Channel {
        /// The method, never [`Method::PaymentLink`].
        method: Method,
        /// The channel's code.
        channel: String,
    },
    /// The provider's page, offering these channels.
    Link {
        /// The channels, at least one, in the order asked for.
        channels: Vec<String>,
    },
}

impl PaymentChoice {
    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> Method {
        match self {
            Self::Channel { method, .. } => *method,
            Self::Link { .. } => Method::PaymentLink,
        }
    }

    /// Returns the channel; `None` for a payment link.
    #[must_use]
    pub fn channel(&self) -> Option<&str> {
        match self {
            Self::Channel { channel, .. } => Some(channel),
            Self::Link { .. } => None,
        }
    }
}

/// The facts of an order that a choice must suit.
#[derive(Debug, Clone, Copy)]
pub struct OrderFacts<'o> {
    /// The amount of the order.
    pub amount: Amount,
    /// The payer.
    pub customer: Option<&'o Customer>,
    /// The URL to which a wallet sends the payer back.
    pub return_url: Option<&'o str>,
}

/// A choice as it was asked for: method and channels exist and belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedPayment {
    method: Method,
    channels: Vec<String>,
    named_by: NamedBy,
}

/// The origin of a link's channels: named by the shop, or all that are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NamedBy {
    Shop,
    Default,
}

impl RequestedPayment {
    /// Returns the choice of exactly this channel, as a button of the checkout page makes it.
    #[must_use]
    pub(crate) fn by_channel(channel: &Channel) -> Self {
        Self {
            method: channel.method,
            channels: vec![channel.code.clone()],
            named_by: NamedBy::Shop,
        }
    }

    /// Checks the choice against its order.
    ///
    /// # Errors
    /// 422 `validation_failed` naming what the order lacks (`amount.value`, `customer.name`, …).
    pub fn for_order(
        &self,
        order: OrderFacts<'_>,
        table: &ChannelTable,
    ) -> Result<PaymentChoice, ApiError> {
        let mut errors = FieldErrors::default();
        self.require_order_fields(order.customer, order.return_url, &mut errors);
        match self.suit(order.amount, table, &mut errors) {
            Some(choice) => errors.into_result(choice),
            None => Err(errors.into_error()),
        }
    }

    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Returns the choice, when its channels take the amount.
    pub(crate) fn suit(
        &self,
        amount: Amount,
        table: &ChannelTable,
        errors: &mut FieldErrors,
    ) -> Option<PaymentChoice> {
        let channels = self.channels_taking(amount, table, errors)?;
        match self.method {
            Method::PaymentLink => Some(PaymentChoice::Link { channels }),
            method => Some(PaymentChoice::Channel {
                method,
                channel: channels.into_iter().next()?,
            }),
        }
    }

    /// Returns the channels whose limits include the amount. Named channels must all take it, and
    /// so must the link itself; of a link's default channels, those that do not are left out.
    fn channels_taking(
        &self,
        amount: Amount,
        table: &ChannelTable,
        errors: &mut FieldErrors,
    ) -> Option<Vec<String>> {
        let offered: Vec<_> = self.offered(table).collect();
        let taking: Vec<_> = offered
            .iter()
            .filter(|channel| takes(channel, amount))
            .collect();
        let mut binding: Vec<_> = self.link(table).into_iter().collect();
        if self.named_by == NamedBy::Shop || taking.is_empty() {
            binding.extend(&offered);
        }
        if !check_limits(&binding, amount, errors) {
            return None;
        }
        Some(taking.iter().map(|channel| channel.code.clone()).collect())
    }

    /// Returns the longest life a payment of this choice may have.
    pub(crate) fn longest_life(&self, table: &ChannelTable) -> Option<Duration> {
        let bound_by = self.link(table).or_else(|| self.offered(table).next())?;
        Some(bound_by.max_expiry)
    }

    /// Returns the link's own limits, for a link.
    fn link<'t>(&self, table: &'t ChannelTable) -> Option<&'t Channel> {
        let link = table.get(PAYMENT_LINK_CHANNEL);
        link.filter(|_| self.method == Method::PaymentLink)
    }

    fn offered<'t>(&self, table: &'t ChannelTable) -> impl Iterator<Item = &'t Channel> {
        self.channels.iter().filter_map(|code| table.get(code))
    }

    /// Records the order's fields that the method needs and that are missing or unusable (contract
    /// 4.1).
    pub(crate) fn require_order_fields(
        &self,
        customer: Option<&Customer>,
        return_url: Option<&str>,
        errors: &mut FieldErrors,
    ) {
        for field in needed_by(self.method) {
            let given = match *field {
                "return_url" => return_url,
                name => particular(customer, name),
            };
            if given.is_none_or(is_blank) {
                let message = format!("must be given for {}", self.method);
                errors.add(*field, FieldCode::Required, message);
            }
        }
        judge_formats(self.method, customer, errors);
    }
}

/// Returns whether the amount is inside the channel's limits.
pub(crate) fn takes(channel: &Channel, amount: Amount) -> bool {
    (channel.min.minor()..=channel.max.minor()).contains(&amount.minor())
}

/// Returns whether all the channels take the amount; records the limit of the first that does not.
pub(crate) fn check_limits(
    channels: &[&Channel],
    amount: Amount,
    errors: &mut FieldErrors,
) -> bool {
    let Some(refusing) = channels.iter().find(|channel| !takes(channel, amount)) else {
        return true;
    };
    let (code, limit) = if amount.minor() < refusing.min.minor() {
        (
            FieldCode::BelowMinimum,
            format!("at least {}", refusing.min.to_decimal_string()),
        )
    } else {
        (
            FieldCode::AboveMaximum,
            format!("at most {}", refusing.max.to_decimal_string()),
        )
    };
    errors.judge(
        "amount.value",
        code,
        format!("{limit} for {}", refusing.code),
    );
    false
}

/// Reads `method`, `channel` and `channels`; `None` when something is wrong (recorded).
pub(crate) fn read_payment(
    fields: Fields<'_>,
    table: &ChannelTable,
    errors: &mut FieldErrors,
) -> Option<RequestedPayment> {
    let fields = &fields.with_optional(OPTIONAL);
    fields.require("method", errors);
    let method_name = fields.text("method", errors);
    let channel = fields.text("channel", errors);
    let Ok(method) = method_name?.parse::<Method>() else {
        let message = "must be one of qris, ewallet, virtual_account, retail, payment_link";
        errors.add(fields.path("method"), FieldCode::NotAllowed, message);
        return None;
    };
    if method == Method::PaymentLink {
        return read_link(fields, table, errors);
    }
    if fields.value("channels").is_some() {
        let message = "goes with payment_link only";
        errors.add(fields.path("channels"), FieldCode::NotAllowed, message);
    }
    let channel = match (channel, fields.value("channel")) {
        (Some(code), _) => named(code, Some(method), fields.path("channel"), table, errors)?,
        (None, None) => only_channel(method, fields, table, errors)?,
        (None, Some(_not_a_text)) => return None,
    };
    Some(RequestedPayment {
        method,
        channels: vec![channel.code.clone()],
        named_by: NamedBy::Shop,
    })
}

fn read_link(
    fields: &Fields<'_>,
    table: &ChannelTable,
    errors: &mut FieldErrors,
) -> Option<RequestedPayment> {
    if fields.value("channel").is_some() {
        let message = "a payment link takes channels, not channel";
        errors.add(fields.path("channel"), FieldCode::NotAllowed, message);
    }
    let requested = |channels, named_by| RequestedPayment {
        method: Method::PaymentLink,
        channels,
        named_by,
    };
    if !table
        .get(PAYMENT_LINK_CHANNEL)
        .is_some_and(Channel::is_available)
    {
        errors.channel_unavailable(PAYMENT_LINK_CHANNEL);
        return None;
    }
    if fields.value("channels").is_none() {
        let offered = table.offered_by_links();
        let all: Vec<_> = offered.map(|channel| channel.code.clone()).collect();
        if all.is_empty() {
            errors.channel_unavailable(PAYMENT_LINK_CHANNEL);
            return None;
        }
        return Some(requested(all, NamedBy::Default));
    }
    let values = fields.array("channels", errors)?;
    if values.is_empty() {
        required(fields.path("channels"), errors);
        return None;
    }
    let mut channels: Vec<String> = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let path = fields.path(&format!("channels[{index}]"));
        let Some(code) = text_at(value, path.clone(), errors) else {
            continue;
        };
        if channels.iter().any(|earlier| earlier == code) {
            errors.add(path, FieldCode::NotAllowed, "stands twice");
        } else if let Some(channel) = named(code, None, path, table, errors) {
            channels.push(channel.code.clone());
        }
    }
    (channels.len() == values.len()).then(|| requested(channels, NamedBy::Shop))
}

/// Returns the channel that a shop named, which must exist, belong to the method (any but a link)
/// and be on.
fn named<'t>(
    code: &str,
    method: Option<Method>,
    path: String,
    table: &'t ChannelTable,
    errors: &mut FieldErrors,
) -> Option<&'t Channel> {
    let belongs = |channel: &&Channel| match method {
        Some(method) => channel.method == method,
        None => channel.method != Method::PaymentLink,
    };
    let Some(channel) = table.get(code).filter(belongs) else {
        let message = match method {
            Some(method) => format!("is no channel of {method}"),
            None => "is no channel".to_owned(),
        };
        errors.judge(path, FieldCode::NotAllowed, message);
        return None;
    };
    if !channel.is_available() {
        errors.channel_unavailable(code);
        return None;
    }
    Some(channel)
}

/// Returns the method's one channel that is on, where the contract lets the shop leave it out.
fn only_channel<'t>(
    method: Method,
    fields: &Fields<'_>,
    table: &'t ChannelTable,
    errors: &mut FieldErrors,
) -> Option<&'t Channel> {
    let must_name = matches!(method, Method::VirtualAccount | Method::Retail);
    let none_on = !table.of_method(method).any(Channel::is_available);
    match table.only_available(method) {
        Some(only) if !must_name => Some(only),
        _ if none_on && !must_name => {
            errors.channel_unavailable(method.as_str());
            None
        }
        _ if must_name => {
            required(fields.path("channel"), errors);
            None
        }
        _ => {
            errors.judge(fields.path("channel"), FieldCode::Required, "must be given");
            None
        }
    }
}
