//! The content of a callback (protocol 8): one parsed form for every body shape, since every path takes every shape.
//! Reads the very bytes that were verified.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::replies::{EchoInfo, SnapVaEcho};
use super::{
    MessageError, ProviderStatus, ReceivedAmount, details, lenient, our_spelling, parse, received,
};
use crate::accounting::receipt::ReceiptDetails;
use crate::provider::time::parse_time;

/// The content of one callback.
#[derive(Debug, Clone)]
pub struct Notification {
    /// Our payment id as we spell it: `originalPartnerReferenceNo` or `trxId`. Absent only where `link_code` is there.
    pub our_reference: Option<String>,
    /// The event that is reported.
    pub report: Report,
    /// The amount received.
    pub amount: ReceivedAmount,
    /// The provider's fee, for the channel's amount rule.
    pub fee_money: ReceivedAmount,
    /// The provider's number: `originalReferenceNo`, for a SNAP VA notice its `paymentRequestId`.
    pub provider_reference: Option<String>,
    /// SNAP VA only: identifies one transfer.
    pub payment_request_id: Option<String>,
    /// The time at which it was finished or paid, where readable.
    pub finished_time: Option<DateTime<Utc>>,
    /// The provider's channel constant, when there.
    pub channel: Option<String>,
    /// `additionalInfo.plh`: the payment link it came from.
    pub link_code: Option<String>,
    /// The other details that it reports of the receipt.
    pub details: ReceiptDetails,
}

/// The event that a callback reports; also the shape of its body.
#[derive(Debug, Clone)]
pub enum Report {
    /// The flat shape of all methods.
    Status(ProviderStatus),
    /// The SNAP virtual account shape: its arrival means paid.
    SnapVa {
        /// Present and not `00`: not paid for certain, ask (contract 5).
        flag: Option<String>,
        /// The fields that the success reply must repeat.
        echo: Box<SnapVaEcho>,
    },
}

/// The shape of a callback's body; decides the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `latestTransactionStatus`.
    Flat,
    /// `paymentRequestId` or `paidAmount`.
    SnapVa,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Wire {
    #[serde(deserialize_with = "lenient::text")]
    original_partner_reference_no: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    partner_reference_no: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    trx_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    original_reference_no: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    reference_no: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    latest_transaction_status: Option<String>,
    #[serde(deserialize_with = "received::amount")]
    amount: ReceivedAmount,
    #[serde(deserialize_with = "received::amount")]
    trans_amount: ReceivedAmount,
    #[serde(deserialize_with = "received::amount")]
    fee_money: ReceivedAmount,
    #[serde(deserialize_with = "lenient::text")]
    finished_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    paid_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    trx_date_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    payment_request_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    payment_flag_status: Option<String>,
    paid_amount: Option<Box<RawValue>>,
    #[serde(deserialize_with = "lenient::text")]
    partner_service_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    customer_no: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    virtual_account_no: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    virtual_account_name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    virtual_account_trx_type: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    additional_info: Info,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Info {
    #[serde(deserialize_with = "lenient::text")]
    channel: Option<String>,
    #[serde(deserialize_with = "received::amount")]
    fee_money: ReceivedAmount,
    #[serde(deserialize_with = "lenient::text")]
    plh: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    payment_time_iso8601: Option<String>,
}

impl Notification {
    /// Reads any callback body.
    ///
    /// # Errors
    /// [`MessageError`]: such a callback is quarantined. An unreadable amount is not an error.
    pub fn parse(body: &[u8]) -> Result<Self, MessageError> {
        let wire: Wire = parse(body)?;
        if wire.reference().is_none() && wire.additional_info.plh.is_none() {
            return Err(MessageError::NoReference);
        }
        let notification = match wire.latest_transaction_status.as_deref() {
            Some(code) => {
                let report = Report::Status(ProviderStatus::from_code(code));
                wire.flat(report)
            }
            None if wire.is_snap_va() => wire.snap_va(),
            None => return Err(MessageError::NoStatus),
        };
        Ok(Self {
            details: details::of_body(body),
            ..notification
        })
    }

    /// Returns the shape of the body.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        match self.report {
            Report::Status(_) => Shape::Flat,
            Report::SnapVa { .. } => Shape::SnapVa,
        }
    }

    /// Returns the status reported. A SNAP VA notice is a success, but for a flag other than `00`, which says
    /// nothing: `None`.
    #[must_use]
    pub fn status(&self) -> Option<ProviderStatus> {
        match &self.report {
            Report::Status(status) => Some(status.clone()),
            Report::SnapVa {
                flag: Some(flag), ..
            } if flag.trim() != "00" => None,
            Report::SnapVa { .. } => Some(ProviderStatus::Success),
        }
    }

    /// Returns the fields that the `2002500` reply repeats; `None` for the flat shape.
    #[must_use]
    pub fn snap_va_echo(&self) -> Option<&SnapVaEcho> {
        match &self.report {
            Report::Status(_) => None,
            Report::SnapVa { echo, .. } => Some(echo),
        }
    }
}

impl Wire {
    fn reference(&self) -> Option<String> {
        (self.original_partner_reference_no.as_deref())
            .or(self.trx_id.as_deref())
            .or(self.partner_reference_no.as_deref())
            .map(our_spelling)
    }

    fn is_snap_va(&self) -> bool {
        self.payment_request_id.is_some() || self.paid_amount.is_some()
    }

    fn finished(&self) -> Option<DateTime<Utc>> {
        [
            &self.finished_time,
            &self.paid_time,
            &self.additional_info.payment_time_iso8601,
            &self.trx_date_time,
        ]
        .into_iter()
        .flatten()
        .find_map(|time| parse_time(time))
    }

    fn flat(self, report: Report) -> Notification {
        let paid_amount = ReceivedAmount::from_optional(self.paid_amount.as_deref());
        Notification {
            our_reference: self.reference(),
            report,
            amount: self.amount.or(self.trans_amount).or(paid_amount),
            fee_money: self.additional_info.fee_money.or(self.fee_money),
            finished_time: self.finished(),
            provider_reference: self.original_reference_no.or(self.reference_no),
            payment_request_id: self.payment_request_id,
            channel: self.additional_info.channel,
            link_code: self.additional_info.plh.as_deref().map(our_spelling),
            details: ReceiptDetails::default(),
        }
    }

    fn snap_va(self) -> Notification {
        let amount = ReceivedAmount::from_optional(self.paid_amount.as_deref());
        let our_reference = self.reference();
        let finished_time = self.finished();
        let echo = SnapVaEcho {
            partner_service_id: self.partner_service_id,
            customer_no: self.customer_no,
            virtual_account_no: self.virtual_account_no,
            virtual_account_name: self.virtual_account_name,
            trx_id: self.trx_id,
            payment_request_id: self.payment_request_id.clone(),
            paid_amount: self.paid_amount,
            virtual_account_trx_type: self.virtual_account_trx_type,
            additional_info: (self.additional_info.channel.clone())
                .map(|channel| EchoInfo { channel }),
        };
        Notification {
            our_reference,
            report: Report::SnapVa {
                flag: self.payment_flag_status,
                echo: Box::new(echo),
            },
            amount,
            fee_money: self.additional_info.fee_money.or(self.fee_money),
            provider_reference: (self.original_reference_no)
                .or_else(|| self.payment_request_id.clone())
                .or(self.reference_no),
            payment_request_id: self.payment_request_id,
            finished_time,
            channel: self.additional_info.channel,
            link_code: self.additional_info.plh.as_deref().map(our_spelling),
            details: ReceiptDetails::default(),
        }
    }
}
