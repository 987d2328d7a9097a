//! `create-va` (protocol 4.7), lengths and character set from the SNAP family it derives from.

use chrono::{DateTime, Utc};

use super::create::{Account, Create};
use super::members::{TimeForm, channel_of, optional_time};
use crate::protocol::calls::Product;
use crate::protocol::channels::Channels;
use crate::protocol::fields::{FieldError, Fields, is_digits, is_email, is_reference, is_text};

const KNOWN: [&str; 11] = [
    "partnerServiceId",
    "customerNo",
    "virtualAccountNo",
    "virtualAccountName",
    "virtualAccountEmail",
    "virtualAccountPhone",
    "trxId",
    "totalAmount",
    "virtualAccountTrxType",
    "expiredDate",
    "additionalInfo",
];

pub(super) fn read(
    fields: &Fields<'_>,
    channels: &Channels,
    now: DateTime<Utc>,
) -> Result<Create, FieldError> {
    let account = read_account(fields)?;
    fields.optional_text("virtualAccountEmail", is_email)?;
    // Country code and number, so no 0 comes first.
    fields.optional_text("virtualAccountPhone", |text| {
        is_digits(text, 9, 30) && !text.starts_with('0')
    })?;
    let reference = fields.text("trxId", is_reference)?;
    let amount = if account.trx_type == "C" || fields.has("totalAmount") {
        Some(fields.amount("totalAmount")?)
    } else {
        None
    };
    let valid_until = optional_time(fields, "expiredDate", TimeForm::Jakarta, now)?;
    let info = fields.object("additionalInfo")?;
    let channel = channel_of(&info, channels, Some(Product::VirtualAccount))?;
    let mut undocumented = fields.undocumented(&KNOWN);
    undocumented.extend(info.undocumented(&["channel"]));
    Ok(Create {
        reference: reference.to_owned(),
        product: Product::VirtualAccount,
        channel,
        amount,
        valid_until,
        notification_url: None,
        account: Some(account),
        offered: Vec::new(),
        undocumented,
    })
}

fn read_account(fields: &Fields<'_>) -> Result<Account, FieldError> {
    let partner_service_id = fields.text("partnerServiceId", is_service_id)?;
    let customer_no = fields.text("customerNo", |text| is_digits(text, 1, 20))?;
    let number = fields
        .optional_text("virtualAccountNo", |text| {
            text.is_empty() || is_digits(text.trim_start_matches(' '), 1, 28)
        })?
        .filter(|text| !text.is_empty());
    let name = fields.text("virtualAccountName", is_name)?;
    let trx_type = fields.text("virtualAccountTrxType", |text| {
        matches!(text, "C" | "O" | "V")
    })?;
    Ok(Account {
        partner_service_id: partner_service_id.to_owned(),
        customer_no: customer_no.to_owned(),
        number: number.map(str::to_owned),
        name: name.to_owned(),
        trx_type: trx_type.to_owned(),
    })
}

/// Returns whether it is digits, unpadded or left-padded with blanks to exactly eight characters.
fn is_service_id(text: &str) -> bool {
    let digits = text.trim_start_matches(' ');
    is_digits(digits, 1, 8) && (digits.len() == text.len() || text.len() == 8)
}

fn is_name(text: &str) -> bool {
    is_text(text, 255)
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || ".\\-/+,=_:'@% ".contains(letter))
}
