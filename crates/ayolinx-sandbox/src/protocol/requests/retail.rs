//! `retail/create` (protocol 4.9).

use chrono::{DateTime, Utc};

use super::create::Create;
use super::members::{TimeForm, Urls, channel_of, required_time};
use crate::protocol::calls::Product;
use crate::protocol::channels::Channels;
use crate::protocol::fields::{FieldError, Fields, is_email, is_reference, is_text};

pub(super) fn read(
    fields: &Fields<'_>,
    channels: &Channels,
    now: DateTime<Utc>,
) -> Result<Create, FieldError> {
    let reference = fields.text("partnerReferenceNo", is_reference)?;
    let valid_until = required_time(fields, "validUpTo", TimeForm::Jakarta, now)?;
    fields.text("customerName", |text| is_text(text, 255))?;
    fields.text("customerEmail", is_email)?;
    fields.optional_text("customerPhone", is_phone)?;
    let amount = fields.amount("amount")?;
    let urls = Urls::read(fields)?;
    let info = fields.object("additionalInfo")?;
    let channel = channel_of(&info, channels, Some(Product::Retail))?;
    let mut undocumented = fields.undocumented(&[
        "partnerReferenceNo",
        "validUpTo",
        "customerName",
        "customerEmail",
        "customerPhone",
        "amount",
        "urlParams",
        "additionalInfo",
    ]);
    undocumented.extend(info.undocumented(&["channel"]));
    Ok(Create {
        reference: reference.to_owned(),
        product: Product::Retail,
        channel,
        amount: Some(amount),
        valid_until: Some(valid_until),
        notification_url: urls.notification,
        account: None,
        offered: Vec::new(),
        undocumented,
    })
}

fn is_phone(text: &str) -> bool {
    (1..=30).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+- ".contains(&byte))
}
