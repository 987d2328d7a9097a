//! An order whose money is told word by word, and what follows from each.

use ayolinx_core::allocation::allocate;
use ayolinx_core::channels::AmountRule;
use ayolinx_core::funds::{OrderFunds, PaymentFunds};
use ayolinx_core::ids::{PaymentId, ReceiptId};
use ayolinx_core::intake::{Input, ReviewVerdict};
use ayolinx_core::messages::{ProviderStatus, ReceivedAmount};
use ayolinx_core::money::Amount;
use ayolinx_core::order::{Before, Decision, decide};
use ayolinx_core::reading::{Channelled, ProviderWord};
use ayolinx_core::receipt::{Place, ReceiptDetails};
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// An order over 150,000 with a virtual account (0), another one (1) and a QRIS (2).
pub(crate) struct Story {
    pub(crate) funds: OrderFunds,
    now: DateTime<Utc>,
    ids: u128,
}

pub(crate) fn payment_id(place: usize) -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(0x100 + u128::try_from(place).unwrap()))
}

/// A word about a payment: `00 K 150`, `04 K 100`, `04 - all`, `06`; a key of `-` is none, amounts are
/// thousands.
pub(crate) fn word(text: &str) -> ProviderWord {
    let mut parts = text.split(' ');
    let status = ProviderStatus::from_code(parts.next().unwrap());
    let key = parts.next().filter(|key| *key != "-").map(str::to_owned);
    let amount = match parts.next() {
        Some("all") | None => ReceivedAmount::Absent,
        Some(thousands) => {
            ReceivedAmount::Read(Amount::rupiah(thousands.parse::<i64>().unwrap() * 1000).unwrap())
        }
    };
    ProviderWord {
        channelled: Channelled::Callback,
        status: Some(status),
        amount,
        provider_reference: key.clone(),
        payment_request_id: key,
        finished_at: None,
        channel: None,
        details: ReceiptDetails::default(),
    }
}

impl Story {
    pub(crate) fn new() -> Self {
        let now: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().unwrap();
        Self {
            funds: OrderFunds {
                state: OrderState::Pending,
                base: OrderState::Pending,
                payer_chooses: false,
                is_in_time: true,
                payments: (0..3)
                    .map(|place| PaymentFunds {
                        id: payment_id(place),
                        base: match place {
                            0 => PaymentState::Pending,
                            _ => PaymentState::Cancelled,
                        },
                        asked: Amount::rupiah(150_000).unwrap(),
                        amount_rule: AmountRule::Exact,
                        can_inquire: true,
                        names_transfers: place < 2,
                        expires_at: now + TimeDelta::days(1),
                        receipts: Vec::new(),
                        notices: Vec::new(),
                    })
                    .collect(),
            },
            now,
            ids: 0,
        }
    }

    pub(crate) fn before(&self) -> Before {
        let payments = allocate(&self.funds).unwrap().payments;
        Before {
            order: self.funds.state,
            payments: payments.iter().map(|it| it.state).collect(),
        }
    }

    pub(crate) fn is_decided(&mut self, before: &Before, subject: PaymentId) -> String {
        let decision = decide(before, &self.funds, subject).unwrap();
        for (payment, allocated) in
            (self.funds.payments.iter_mut()).zip(&decision.allocation.payments)
        {
            for (receipt, posted) in payment.receipts.iter_mut().zip(&allocated.receipts) {
                receipt.posted = Some(*posted);
            }
        }
        self.funds.state = decision.allocation.order;
        self.funds.base = decision.base;
        line(&decision)
    }

    pub(crate) fn id(&mut self) -> (ReceiptId, DateTime<Utc>) {
        self.ids += 1;
        let later = self.now + TimeDelta::seconds(i64::try_from(self.ids).unwrap());
        (ReceiptId::from_uuid(Uuid::from_u128(self.ids)), later)
    }

    pub(crate) fn hear(&mut self, place: usize, text: &str) -> String {
        let before = self.before();
        let id = self.id();
        let word = word(text);
        self.funds
            .take(payment_id(place), &Input::Word(&word), id)
            .unwrap();
        self.is_decided(&before, payment_id(place))
    }

    pub(crate) fn resolve(&mut self, verdict: ReviewVerdict) -> String {
        let before = self.before();
        let id = self.id();
        match self.funds.review(verdict, id).unwrap().first() {
            Some(subject) => self.is_decided(&before, *subject),
            None => "nothing".to_owned(),
        }
    }

    pub(crate) fn refund(&mut self, place: usize, thousands: i64) -> String {
        let before = self.before();
        let id = self.id();
        let part = Amount::rupiah(thousands * 1000).unwrap();
        self.funds
            .take(payment_id(place), &Input::RefundCompleted(part), id)
            .unwrap();
        self.is_decided(&before, payment_id(place))
    }

    /// Booked to the merchant and in suspense, in thousands.
    pub(crate) fn holds(&self) -> (i64, i64) {
        let allocation = allocate(&self.funds).unwrap();
        let of = |place: Place| {
            (allocation.payments.iter())
                .flat_map(|payment| &payment.receipts)
                .filter(|posted| posted.place == place)
                .map(|posted| posted.rest().unwrap().whole_rupiah() / 1000)
                .sum()
        };
        (of(Place::Booked), of(Place::Suspense))
    }
}

pub(crate) fn line(decision: &Decision) -> String {
    let bookings: Vec<String> = (decision.postings.iter())
        .map(|it| {
            format!(
                "{}:{}",
                it.booking.as_str(),
                it.amount.whole_rupiah() / 1000
            )
        })
        .collect();
    format!(
        "{}{} {} [{}]",
        decision.allocation.order,
        if decision.paid_late { " late" } else { "" },
        decision.event.map_or("-", |event| event.as_str()),
        bookings.join(" "),
    )
}
