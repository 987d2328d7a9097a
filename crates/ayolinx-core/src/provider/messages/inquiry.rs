//! Inquiries about a payment (protocol 4.3, 4.6, 4.8, 4.10): one request for all methods, one parsed answer for every
//! shape the answers are known or expected to have.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    ChannelInfo, MessageError, ProviderStatus, ReceivedAmount, details, lenient, our_spelling,
    parse, received,
};
use crate::accounting::receipt::ReceiptDetails;
use crate::provider::response_code::InquiryRefusal;
use crate::provider::time::parse_time;

/// Body of every inquiry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InquiryRequest {
    /// Our payment id, also where the create called it `trxId`.
    pub original_partner_reference_no: String,
    /// The channel.
    pub additional_info: ChannelInfo,
}

/// The answer of a successful inquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InquiryAnswer {
    /// The payment's status.
    pub status: ProviderStatus,
    /// The amount of the transaction.
    pub amount: ReceivedAmount,
    /// The provider's fee.
    pub fee_money: ReceivedAmount,
    /// Echo of our id as we spell it, when there.
    pub our_reference: Option<String>,
    /// The provider's number.
    pub provider_reference: Option<String>,
    /// The time at which it was finished, where readable.
    pub finished_time: Option<DateTime<Utc>>,
    /// The channel, when there.
    pub channel: Option<String>,
    /// The other details that it reports of the receipt.
    pub details: ReceiptDetails,
    /// Set when its time is over, whatever the clock here says (`404…19`).
    pub is_expired: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Wire {
    #[serde(deserialize_with = "lenient::text")]
    original_reference_no: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    reference_no: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    original_partner_reference_no: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    partner_reference_no: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    trx_id: Option<String>,
    #[serde(deserialize_with = "received::amount")]
    amount: ReceivedAmount,
    #[serde(deserialize_with = "received::amount")]
    trans_amount: ReceivedAmount,
    #[serde(deserialize_with = "received::amount")]
    fee_money: ReceivedAmount,
    #[serde(deserialize_with = "lenient::text")]
    latest_transaction_status: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    finished_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    paid_time: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    additional_info: Info,
    #[serde(deserialize_with = "lenient::object")]
    virtual_account_data: Option<Account>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Info {
    #[serde(deserialize_with = "lenient::text")]
    channel: Option<String>,
    #[serde(deserialize_with = "received::amount")]
    fee_money: ReceivedAmount,
    #[serde(deserialize_with = "lenient::text")]
    payment_time_iso8601: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Account {
    #[serde(deserialize_with = "lenient::text")]
    trx_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    payment_request_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    reference_no: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    latest_transaction_status: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    payment_flag_status: Option<String>,
    #[serde(deserialize_with = "received::amount")]
    paid_amount: ReceivedAmount,
    #[serde(deserialize_with = "received::amount")]
    total_amount: ReceivedAmount,
    #[serde(deserialize_with = "lenient::text")]
    trx_date_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    transaction_date: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    additional_info: Info,
}

impl InquiryAnswer {
    /// Reads the body of an inquiry whose response code said success.
    ///
    /// # Errors
    /// [`MessageError::Malformed`], or [`MessageError::NoStatus`] when nothing names the status.
    pub fn parse(body: &[u8]) -> Result<Self, MessageError> {
        let wire: Wire = parse(body)?;
        let status = match wire.latest_transaction_status.as_deref() {
            Some(code) => ProviderStatus::from_code(code),
            None => wire.account_status()?,
        };
        Ok(Self {
            details: details::of_body(body),
            ..wire.answer(status)
        })
    }

    /// Returns the answer that a refusal of an inquiry amounts to; `None` where it says nothing about the payment.
    #[must_use]
    pub fn of_refusal(refusal: InquiryRefusal) -> Option<Self> {
        match refusal {
            InquiryRefusal::NotFound => Some(Self::bare(ProviderStatus::NotFound)),
            InquiryRefusal::PaidBill => Some(Self::bare(ProviderStatus::Success)),
            InquiryRefusal::Expired => Some(Self {
                is_expired: true,
                ..Self::bare(ProviderStatus::Cancelled)
            }),
            InquiryRefusal::Other => None,
        }
    }

    /// Creates an answer of a status and nothing else.
    fn bare(status: ProviderStatus) -> Self {
        Self {
            status,
            amount: ReceivedAmount::Absent,
            fee_money: ReceivedAmount::Absent,
            our_reference: None,
            provider_reference: None,
            finished_time: None,
            channel: None,
            details: ReceiptDetails::default(),
            is_expired: false,
        }
    }
}

impl Wire {
    /// Returns the status by protocol 4.8: the flag `00`, else a paid amount, means paid; an account without either
    /// exists unpaid.
    fn account_status(&self) -> Result<ProviderStatus, MessageError> {
        let account = self
            .virtual_account_data
            .as_ref()
            .ok_or(MessageError::NoStatus)?;
        if let Some(code) = &account.latest_transaction_status {
            return Ok(ProviderStatus::from_code(code));
        }
        let paid = match account.payment_flag_status.as_deref().map(str::trim) {
            Some(flag) => flag == "00",
            None => match account.paid_amount {
                ReceivedAmount::Absent => false,
                ReceivedAmount::Unreadable => true,
                ReceivedAmount::Read(amount) => !amount.is_zero(),
            },
        };
        Ok(if paid {
            ProviderStatus::Success
        } else {
            ProviderStatus::Pending
        })
    }

    fn answer(self, status: ProviderStatus) -> InquiryAnswer {
        let account = self.virtual_account_data.unwrap_or_default();
        let paid_amount = match status {
            ProviderStatus::Success | ProviderStatus::Refunded => account.paid_amount,
            ProviderStatus::Initiated
            | ProviderStatus::Paying
            | ProviderStatus::Pending
            | ProviderStatus::Cancelled
            | ProviderStatus::Failed
            | ProviderStatus::NotFound
            | ProviderStatus::Other(_) => ReceivedAmount::Absent,
        };
        let times = [
            self.finished_time,
            self.paid_time,
            self.additional_info.payment_time_iso8601,
            account.additional_info.payment_time_iso8601,
            account.trx_date_time,
            account.transaction_date,
        ];
        InquiryAnswer {
            status,
            amount: (self.amount.or(self.trans_amount))
                .or(paid_amount)
                .or(account.total_amount),
            fee_money: (self.additional_info.fee_money.or(self.fee_money))
                .or(account.additional_info.fee_money),
            our_reference: (self.original_partner_reference_no)
                .or(self.partner_reference_no)
                .or(self.trx_id)
                .or(account.trx_id)
                .as_deref()
                .map(our_spelling),
            provider_reference: (self.original_reference_no.or(self.reference_no))
                .or(account.payment_request_id)
                .or(account.reference_no),
            finished_time: times.iter().flatten().find_map(|time| parse_time(time)),
            channel: (self.additional_info.channel).or(account.additional_info.channel),
            details: ReceiptDetails::default(),
            is_expired: false,
        }
    }
}
