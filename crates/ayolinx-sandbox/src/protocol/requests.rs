//! Reads strictly what the merchant sends, field by field as documented (protocol 4).
//! Own code on purpose: what the gateway's types would send proves nothing here.

mod create;
mod link;
mod members;
mod retail;
mod virtual_account;

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use create::{Account, Create, Inquiry};

use self::members::{TimeForm, Urls, channel_of, optional_time, required_time};
use crate::protocol::calls::{Call, Product};
use crate::protocol::channels::Channels;
use crate::protocol::fields::{FieldError, Fields, is_reference, is_text};
use crate::protocol::json_tree::Json;

/// The longest life that DANA accepts; a minute more for clocks that differ.
const EWALLET_LIFE_MAX: TimeDelta = TimeDelta::minutes(7 * 24 * 60 + 1);

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
