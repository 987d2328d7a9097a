//! One transaction as the provider holds it, with every callback it sent and the answers it got.

use ayolinx_core::money::{Amount, Money};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use crate::protocol::calls::Product;
use crate::protocol::clock::jakarta;
use crate::protocol::requests::{Account, Create};

/// Callbacks kept per transaction; the oldest go first.
const CALLBACKS_MAX: usize = 32;
/// Attempts kept per callback: one, its four repeats, and duplicates.
const ATTEMPTS_MAX: usize = 32;

/// `latestTransactionStatus` (protocol 5): two characters, also unknown ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status(String);

impl Status {
    /// Waiting for the payer.
    pub(crate) fn pending() -> Self {
        Self("03".to_owned())
    }

    /// Paid.
    pub(crate) fn success() -> Self {
        Self("00".to_owned())
    }

    /// Refunded.
    pub(crate) fn refunded() -> Self {
        Self("04".to_owned())
    }

    /// Cancelled, or closed because it expired.
    pub(crate) fn cancelled() -> Self {
        Self("05".to_owned())
    }

    /// Failed.
    pub(crate) fn failed() -> Self {
        Self("06".to_owned())
    }

    /// Any code of two digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        crate::protocol::fields::is_digits(text, 2, 2).then(|| Self(text.to_owned()))
    }

    /// The code.
    pub(crate) fn code(&self) -> &str {
        &self.0
    }

    /// The name on the page.
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

    /// Not paid and not closed.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.code(), "01" | "02" | "03")
    }
}

/// What the provider knows.
#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    /// Order of arrival.
    pub(crate) sequence: u64,
    /// What was asked for.
    pub(crate) create: Create,
    /// The body of the create, whole.
    pub(crate) request: Value,
    /// The provider's own number.
    pub(crate) provider_reference: String,
    /// What the payer was given.
    pub(crate) artefact: String,
    /// Payment links only.
    pub(crate) link_code: Option<String>,
    /// Where it stands.
    pub(crate) status: Status,
    /// What the payer paid.
    pub(crate) paid: Option<Amount>,
    /// The sums that came, the one last told of at the end.
    pub(crate) transfers: Vec<Transfer>,
    /// When it came.
    pub(crate) created_at: DateTime<Utc>,
    /// When it closes.
    pub(crate) valid_until: DateTime<Utc>,
    /// When it reached a final status.
    pub(crate) finished_at: Option<DateTime<Utc>>,
    /// Callbacks, oldest first.
    pub(crate) callbacks: Vec<CallbackRecord>,
}

impl Transaction {
    /// The number a VA payer uses.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.create.account.as_ref()
    }

    /// Status an inquiry tells: DANA closes what expired (protocol 7.2), the others go on saying pending.
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

    /// Amount an inquiry tells: what was given back, what was paid, else what was asked.
    pub(crate) fn amount(&self) -> Option<Amount> {
        let returned = self.transfers.last().and_then(|last| last.returned);
        returned
            .filter(|_| self.status == Status::refunded())
            .or(self.paid)
            .or(self.create.amount)
    }

    /// The number by which an inquiry names what it tells of.
    pub(crate) fn told_reference(&self) -> &str {
        let named = self.transfers.last().and_then(|last| last.name.as_deref());
        named.unwrap_or(&self.provider_reference)
    }

    /// A sum came, or came again in another amount.
    pub(crate) fn receive(&mut self, name: Option<&str>, paid: Option<Amount>) {
        let returned = self.take_transfer(name).and_then(|known| known.returned);
        self.transfers.push(Transfer {
            name: name.map(str::to_owned),
            paid,
            returned,
        });
        self.paid = paid;
    }

    /// So much of a sum, or all of it, has gone back by now; which no later word makes less.
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

    /// Adds a callback and gives its number.
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

    /// The callback of that number.
    pub(crate) fn callback(&mut self, number: u64) -> Option<&mut CallbackRecord> {
        self.callbacks
            .iter_mut()
            .find(|record| record.number == number)
    }

    /// Everything, for the control API.
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

    /// One line of the listing.
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
    /// A number of its own, where one transaction takes several.
    pub(crate) name: Option<String>,
    /// How much came.
    pub(crate) paid: Option<Amount>,
    /// How much of it has gone back by now.
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

/// One callback with all its tries.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallbackRecord {
    /// Counts up per transaction.
    pub(crate) number: u64,
    /// Where it goes.
    pub(crate) url: String,
    /// `plain` or `snap`.
    pub(crate) mode: &'static str,
    /// Status it tells.
    pub(crate) status: String,
    /// `sending`, `held`, `retrying`, `delivered`, `dropped`, `given_up`.
    pub(crate) state: &'static str,
    /// Body as last sent.
    pub(crate) body: String,
    /// Tries, oldest first.
    pub(crate) attempts: Vec<Attempt>,
}

impl CallbackRecord {
    /// Adds a try; beyond the limit only the counts of the others are lost, never the newest answer.
    pub(crate) fn add(&mut self, attempt: Attempt) {
        if self.attempts.len() >= ATTEMPTS_MAX {
            self.attempts.remove(0);
        }
        self.attempts.push(attempt);
    }
}

/// One try and what came back.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attempt {
    /// When it was sent.
    pub(crate) at: String,
    /// `X-TIMESTAMP` it carried.
    pub(crate) timestamp: String,
    /// Whether the answer was the documented success.
    pub(crate) accepted: bool,
    /// HTTP status of the answer.
    pub(crate) http_status: Option<u16>,
    /// `responseCode` of the answer.
    pub(crate) response_code: Option<String>,
    /// Body of the answer, cut.
    pub(crate) response_body: Option<String>,
    /// Why there was no answer.
    pub(crate) error: Option<String>,
    /// From send to answer.
    pub(crate) duration_ms: u64,
}
