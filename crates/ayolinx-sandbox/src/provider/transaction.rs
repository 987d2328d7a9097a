//! One transaction as the provider holds it, with every callback it sent and the answers it got.

use ayolinx_core::money::{Amount, Money};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::protocol::calls::Product;
use crate::protocol::clock::jakarta;
use crate::protocol::requests::{Account, Create};

/// Maximum number of callbacks kept per transaction; the oldest go first.
const CALLBACKS_MAX: usize = 32;
/// Maximum number of attempts kept per callback: one, its four repeats, and duplicates.
const ATTEMPTS_MAX: usize = 32;

/// `latestTransactionStatus` (protocol 5): two characters, also unknown ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status(String);

impl Status {
    /// Returns the status of a payment that waits for the payer.
    pub(crate) fn pending() -> Self {
        Self("03".to_owned())
    }

    /// Returns the status "paid".
    pub(crate) fn success() -> Self {
        Self("00".to_owned())
    }

    /// Returns the status "refunded".
    pub(crate) fn refunded() -> Self {
        Self("04".to_owned())
    }

    /// Returns the status "cancelled, or closed because it expired".
    pub(crate) fn cancelled() -> Self {
        Self("05".to_owned())
    }

    /// Returns the status "failed".
    pub(crate) fn failed() -> Self {
        Self("06".to_owned())
    }

    /// Parses any code of two digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        crate::protocol::fields::is_digits(text, 2, 2).then(|| Self(text.to_owned()))
    }

    /// Returns the code.
    pub(crate) fn code(&self) -> &str {
        &self.0
    }

    /// Returns the name on the page.
    pub(crate) fn word(&self) -> &'static str {
        match self.code() {
            "00" => "paid",
            "01" => "initiated",
            "02" => "paying",
            "03" => "pending",
            "04" => "refunded",
            "05" => "cancelled",
            "06" => "failed",
            "07" => "not_found",
            _ => "unknown",
        }
    }

    /// Returns whether it is not paid and not closed.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.code(), "01" | "02" | "03")
    }
}

/// The provider's knowledge of a transaction.
#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    /// Number in the order of arrival.
    pub(crate) sequence: u64,
    /// The request that opened it.
    pub(crate) create: Create,
    /// The body of the create, whole.
    pub(crate) request: Value,
    /// The provider's own number.
    pub(crate) provider_reference: String,
    /// The artefact that the payer was given.
    pub(crate) artefact: String,
    /// Payment links only.
    pub(crate) link_code: Option<String>,
    /// The current status.
    pub(crate) status: Status,
    /// The amount that the payer paid.
    pub(crate) paid: Option<Amount>,
    /// The sums that came, the most recently reported one last.
    pub(crate) transfers: Vec<Transfer>,
    /// Time when it was created.
    pub(crate) created_at: DateTime<Utc>,
    /// Time when it closes.
    pub(crate) valid_until: DateTime<Utc>,
    /// Time when it reached a final status.
    pub(crate) finished_at: Option<DateTime<Utc>>,
    /// Callbacks, oldest first.
    pub(crate) callbacks: Vec<CallbackRecord>,
}

impl Transaction {
    /// Returns the account whose number a VA payer uses.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.create.account.as_ref()
    }

    /// Returns the status that an inquiry reports: DANA closes what expired (protocol 7.2), the others go
    /// on saying pending.
    pub(crate) fn status_at(&self, now: DateTime<Utc>) -> Status {
        if self.status.is_open()
            && self.create.product == Product::Ewallet
            && now > self.valid_until
        {
            return Status::cancelled();
        }
        if self.status.is_open() && self.status.code() == "01" {
            return Status::pending();
        }
        self.status.clone()
    }

    /// Returns the amount an inquiry reports: what was given back, else what was paid, else asked.
    pub(crate) fn amount(&self) -> Option<Amount> {
        let returned = self.transfers.last().and_then(|last| last.returned);
        returned
            .filter(|_| self.status == Status::refunded())
            .or(self.paid)
            .or(self.create.amount)
    }

    /// Returns the number by which an inquiry names its subject.
    pub(crate) fn told_reference(&self) -> &str {
        let named = self.transfers.last().and_then(|last| last.name.as_deref());
        named.unwrap_or(&self.provider_reference)
    }

    /// Records a sum that came, or came again in another amount.
    pub(crate) fn receive(&mut self, name: Option<&str>, paid: Option<Amount>) {
        let returned = self.take_transfer(name).and_then(|known| known.returned);
        self.transfers.push(Transfer {
            name: name.map(str::to_owned),
            paid,
            returned,
        });
        self.paid = paid;
    }

    /// Records how much of a sum was returned by now, all if `total` is absent; nothing lowers it later.
    pub(crate) fn give_back(&mut self, name: Option<&str>, total: Option<Amount>) {
        let known = match name {
            None => self.transfers.pop(),
            Some(_) => self.take_transfer(name),
        };
        let Some(mut transfer) = known else { return };
        let total = total.or(transfer.paid);
        let minor = |amount: Option<Amount>| amount.map_or(0, Amount::minor);
        if minor(total) >= minor(transfer.returned) {
            transfer.returned = total;
        }
        self.transfers.push(transfer);
    }

    fn take_transfer(&mut self, name: Option<&str>) -> Option<Transfer> {
        let known = self.transfers.iter();
        let place = known
            .map(|transfer| transfer.name.as_deref())
            .position(|known| known == name)?;
        Some(self.transfers.remove(place))
    }

    /// Adds a callback and returns its number.
    pub(crate) fn open_callback(&mut self, mut record: CallbackRecord) -> u64 {
        let number = self
            .callbacks
            .last()
            .map_or(1, |last| last.number.saturating_add(1));
        record.number = number;
        if self.callbacks.len() >= CALLBACKS_MAX {
            self.callbacks.remove(0);
        }
        self.callbacks.push(record);
        number
    }

    /// Returns the callback of that number.
    pub(crate) fn callback(&mut self, number: u64) -> Option<&mut CallbackRecord> {
        self.callbacks
            .iter_mut()
            .find(|record| record.number == number)
    }

    /// Returns everything, for the control API.
    pub(crate) fn view(&self) -> Value {
        let mut view = self.summary();
        let details = json!({
            "artefact": self.artefact,
            "linkCode": self.link_code,
            "offeredChannels": self.create.offered,
            "notificationUrl": self.create.notification_url,
            "virtualAccount": self.account().map(|account| json!({
                "partnerServiceId": account.partner_service_id,
                "customerNo": account.customer_no,
                "virtualAccountName": account.name,
                "virtualAccountTrxType": account.trx_type,
            })),
            "request": self.request,
            "undocumentedFields": self.create.undocumented,
            "transfers": self.transfers.iter().map(Transfer::view).collect::<Vec<_>>(),
            "callbacks": self.callbacks,
        });
        if let (Value::Object(view), Value::Object(details)) = (&mut view, details) {
            view.extend(details);
        }
        view
    }

    /// Returns one line of the listing.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "partnerReferenceNo": self.create.reference,
            "originalReferenceNo": self.provider_reference,
            "product": self.create.product.as_str(),
            "channel": self.create.channel,
            "latestTransactionStatus": self.status.code(),
            "status": self.status.word(),
            "amount": self.create.amount.map(Money::from),
            "paidAmount": self.paid.map(Money::from),
            "createdAt": jakarta(self.created_at),
            "validUpTo": jakarta(self.valid_until),
            "finishedTime": self.finished_at.map(jakarta),
            "callbackCount": self.callbacks.len(),
        })
    }
}

/// One sum that came.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    /// A number of its own, if one transaction takes several.
    pub(crate) name: Option<String>,
    /// The amount that came.
    pub(crate) paid: Option<Amount>,
    /// The amount of it that was returned by now.
    pub(crate) returned: Option<Amount>,
}

impl Transfer {
    fn view(&self) -> Value {
        json!({
            "transfer": self.name,
            "paidAmount": self.paid.map(Money::from),
            "returnedAmount": self.returned.map(Money::from),
        })
    }
}

/// One callback with all its attempts.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallbackRecord {
    /// Number that counts up per transaction.
    pub(crate) number: u64,
    /// The URL it goes to.
    pub(crate) url: String,
    /// `plain` or `snap`.
    pub(crate) mode: &'static str,
    /// The status it reports.
    pub(crate) status: String,
    /// `sending`, `held`, `retrying`, `delivered`, `dropped`, `given_up`.
    pub(crate) state: &'static str,
    /// Body as last sent.
    pub(crate) body: String,
    /// The attempts, oldest first.
    pub(crate) attempts: Vec<Attempt>,
}

impl CallbackRecord {
    /// Adds an attempt; beyond the limit only the counts of the others are lost, never the newest answer.
    pub(crate) fn add(&mut self, attempt: Attempt) {
        if self.attempts.len() >= ATTEMPTS_MAX {
            self.attempts.remove(0);
        }
        self.attempts.push(attempt);
    }
}

/// One attempt and its answer.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attempt {
    /// Time when it was sent.
    pub(crate) at: String,
    /// `X-TIMESTAMP` it carried.
    pub(crate) timestamp: String,
    /// True when the answer was the documented success.
    pub(crate) accepted: bool,
    /// HTTP status of the answer.
    pub(crate) http_status: Option<u16>,
    /// `responseCode` of the answer.
    pub(crate) response_code: Option<String>,
    /// Body of the answer, truncated.
    pub(crate) response_body: Option<String>,
    /// The reason why there was no answer.
    pub(crate) error: Option<String>,
    /// Time from send to answer.
    pub(crate) duration_ms: u64,
}
