//! Strict reading of what the merchant sends, field by field as documented (protocol 4).
//! Own code on purpose: what the gateway's types would send is no argument here.

use ayolinx_core::money::Amount;
use chrono::{DateTime, TimeDelta, Utc};

use crate::protocol::calls::{Call, Product};
use crate::protocol::channels::{ChannelName, Channels};
use crate::protocol::clock::{parse_epoch, parse_jakarta};
use crate::protocol::fields::{FieldError, Fields, is_reference, is_text};
use crate::protocol::json_tree::Json;

/// DANA opens nothing that is to live longer; a minute more for clocks that differ.
const EWALLET_LIFE_MAX: TimeDelta = TimeDelta::minutes(7 * 24 * 60 + 1);

mod link;
mod retail;
mod virtual_account;

/// A create call that passed every check.
#[derive(Debug, Clone)]
pub(crate) struct Create {
    /// The merchant's id.
    pub(crate) reference: String,
    /// Family.
    pub(crate) product: Product,
    /// Channel; for links the first one offered.
    pub(crate) channel: ChannelName,
    /// Absent for an open virtual account.
    pub(crate) amount: Option<Amount>,
    /// When the merchant wants it closed.
    pub(crate) valid_until: Option<DateTime<Utc>>,
    /// `urlParams` entry.
    pub(crate) notification_url: Option<String>,
    /// Virtual account numbers.
    pub(crate) account: Option<Account>,
    /// Channels offered on a payment link.
    pub(crate) offered: Vec<ChannelName>,
    /// Members no document names: tolerated, but shown.
    pub(crate) undocumented: Vec<String>,
}

/// What a virtual account create says about the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// Bank prefix as sent.
    pub(crate) partner_service_id: String,
    /// Digits.
    pub(crate) customer_no: String,
    /// Number chosen by the merchant, modes b and c.
    pub(crate) number: Option<String>,
    /// Payer's name.
    pub(crate) name: String,
    /// `C`, `O` or `V`.
    pub(crate) trx_type: String,
}

/// A query or cancel call.
#[derive(Debug, Clone)]
pub(crate) struct Inquiry {
    /// The merchant's id.
    pub(crate) reference: String,
    /// Channel, of the call's family.
    pub(crate) channel: ChannelName,
    /// Members no document names.
    pub(crate) undocumented: Vec<String>,
}

/// Reads a create call.
pub(crate) fn read_create(
    call: Call,
    document: &Json,
    channels: &Channels,
    now: DateTime<Utc>,
) -> Result<Create, FieldError> {
    let fields = Fields::root(document)?;
    match call {
        Call::QrisGenerate => read_qris(&fields, channels, now),
        Call::EwalletPayment => read_ewallet(&fields, channels, now),
        Call::VaCreate => virtual_account::read(&fields, channels, now),
        Call::RetailCreate => retail::read(&fields, channels, now),
        Call::LinkCreate => link::read(&fields, channels, now),
        _ => Err(fields.format("body")),
    }
}

/// Reads a query or cancel call (protocol 4.3, 4.4, 4.6, 4.8, 4.10).
pub(crate) fn read_inquiry(
    call: Call,
    document: &Json,
    channels: &Channels,
) -> Result<Inquiry, FieldError> {
    let fields = Fields::root(document)?;
    let reference = fields.text("originalPartnerReferenceNo", is_reference)?;
    let info = fields.object("additionalInfo")?;
    let channel = channel_of(&info, channels, call.product())?;
    let mut known = vec!["originalPartnerReferenceNo", "additionalInfo"];
    if call == Call::QrisCancel {
        known.extend(["originalReferenceNo", "reason", "amount"]);
    }
    let mut undocumented = fields.undocumented(&known);
    undocumented.extend(info.undocumented(&["channel"]));
    Ok(Inquiry {
        reference: reference.to_owned(),
        channel,
        undocumented,
    })
}

fn read_qris(
    fields: &Fields<'_>,
    channels: &Channels,
    now: DateTime<Utc>,
) -> Result<Create, FieldError> {
    let reference = fields.text("partnerReferenceNo", is_reference)?;
    let amount = fields.amount("amount")?;
    if !amount.is_whole_rupiah() {
        return Err(FieldError::Format("amount.value".to_owned()));
    }
    let valid_until = optional_time(fields, "validUpTo", TimeForm::JakartaOrEpoch, now)?;
    let urls = Urls::read(fields)?;
    let info = fields.object("additionalInfo")?;
    let channel = channel_of(&info, channels, Some(Product::Qris))?;
    info.optional_text("subMerchantId", |text| is_text(text, 64))?;
    let mut undocumented = fields.undocumented(&[
        "partnerReferenceNo",
        "amount",
        "validUpTo",
        "urlParams",
        "additionalInfo",
    ]);
    undocumented.extend(info.undocumented(&["channel", "subMerchantId"]));
    Ok(Create {
        reference: reference.to_owned(),
        product: Product::Qris,
        channel,
        amount: Some(amount),
        valid_until,
        notification_url: urls.notification,
        account: None,
        offered: Vec::new(),
        undocumented,
    })
}

fn read_ewallet(
    fields: &Fields<'_>,
    channels: &Channels,
    now: DateTime<Utc>,
) -> Result<Create, FieldError> {
    let reference = fields.text("partnerReferenceNo", is_reference)?;
    let valid_until = required_time(fields, "validUpTo", TimeForm::JakartaOrEpoch, now)?;
    let amount = fields.amount("amount")?;
    if !fields.has("urlParams") {
        return Err(fields.missing("urlParams"));
    }
    let urls = Urls::read(fields)?;
    if urls.notification.is_none() || !urls.has_return {
        return Err(fields.missing("urlParams"));
    }
    let info = fields.object("additionalInfo")?;
    let channel = channel_of(&info, channels, Some(Product::Ewallet))?;
    // DANA's own lengths.
    info.optional_text("orderTitle", |text| is_text(text, 64))?;
    info.optional_text("subMerchantId", |text| is_text(text, 32))?;
    info.optional_text("externalStoreId", |text| is_text(text, 64))?;
    if valid_until > now + EWALLET_LIFE_MAX {
        return Err(fields.format("validUpTo"));
    }
    let mut undocumented = fields.undocumented(&[
        "partnerReferenceNo",
        "validUpTo",
        "amount",
        "urlParams",
        "additionalInfo",
    ]);
    undocumented.extend(info.undocumented(&[
        "channel",
        "orderTitle",
        "subMerchantId",
        "externalStoreId",
    ]));
    Ok(Create {
        reference: reference.to_owned(),
        product: Product::Ewallet,
        channel,
        amount: Some(amount),
        valid_until: Some(valid_until),
        notification_url: urls.notification,
        account: None,
        offered: Vec::new(),
        undocumented,
    })
}

fn channel_of(
    info: &Fields<'_>,
    channels: &Channels,
    product: Option<Product>,
) -> Result<ChannelName, FieldError> {
    let name = info.text("channel", |_any| true)?;
    channels
        .find(name)
        .filter(|(_name, family)| Some(*family) == product)
        .map(|(known, _family)| known)
        .ok_or_else(|| info.format("channel"))
}

/// How a moment may be spelt.
#[derive(Clone, Copy)]
enum TimeForm {
    Jakarta,
    JakartaOrEpoch,
}

impl TimeForm {
    fn parse(self, text: &str) -> Option<DateTime<Utc>> {
        match self {
            Self::Jakarta => parse_jakarta(text),
            Self::JakartaOrEpoch => parse_jakarta(text).or_else(|| parse_epoch(text)),
        }
    }
}

fn required_time(
    fields: &Fields<'_>,
    name: &str,
    form: TimeForm,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, FieldError> {
    fields.text(name, |_any| true)?;
    optional_time(fields, name, form, now)?.ok_or_else(|| fields.missing(name))
}

fn optional_time(
    fields: &Fields<'_>,
    name: &str,
    form: TimeForm,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, FieldError> {
    let Some(text) = fields.optional_text(name, |_any| true)? else {
        return Ok(None);
    };
    form.parse(text)
        .filter(|time| *time > now)
        .map(Some)
        .ok_or_else(|| fields.format(name))
}

/// `urlParams`, as documented for QRIS, e-wallet, retail and links.
struct Urls {
    notification: Option<String>,
    has_return: bool,
}

impl Urls {
    fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let mut urls = Self {
            notification: None,
            has_return: false,
        };
        for item in fields.list("urlParams")?.unwrap_or_default() {
            let item = fields.item("urlParams", item)?;
            let url = item.text("url", is_url)?;
            match item.text("type", |_any| true)? {
                "NOTIFICATION" if urls.notification.is_none() => {
                    urls.notification = Some(url.to_owned());
                }
                "PAY_RETURN" if !urls.has_return => urls.has_return = true,
                _ => return Err(item.format("type")),
            }
        }
        Ok(urls)
    }
}

fn is_url(text: &str) -> bool {
    text.len() <= 2048
        && url::Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
