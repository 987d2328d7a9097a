//! The life of an attempt in one reviewable file, and what single words do to an order's money.

use ayolinx_core::allocation::allocate;
use ayolinx_core::channels::AmountRule;
use ayolinx_core::funds::{OrderFunds, PaymentFunds};
use ayolinx_core::ids::{PaymentId, ReceiptId};
use ayolinx_core::intake::{Input, ReviewVerdict};
use ayolinx_core::messages::{ProviderStatus, ReceivedAmount};
use ayolinx_core::money::Amount;
use ayolinx_core::order::{Before, Decision, attempt, decide};
use ayolinx_core::payment::{Fact, Step, step};
use ayolinx_core::reading::{Channelled, ProviderWord};
use ayolinx_core::receipt::{Place, ReceiptDetails};
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

#[test]
fn the_table_of_states_and_facts_is_the_golden_one() {
    let mut table = String::new();
    for fact in Fact::ALL {
        table.push_str(&format!("{}\n", fact.as_str()));
        for state in PaymentState::ALL {
            let next = match step(*state, *fact) {
                Step::To(next) => next.as_str(),
                Step::Note => "(note)",
                Step::Stay => "-",
            };
            table.push_str(&format!("  {:<10} {next}\n", state.as_str()));
        }
    }
    insta::assert_snapshot!("payment_transitions", table);
}

#[test]
fn an_order_fails_only_when_nothing_is_left_to_pay() {
    for (payer_chooses, others_open, expected) in [
        (false, false, OrderState::Failed),
        (true, false, OrderState::Pending),
        (false, true, OrderState::Pending),
        (true, true, OrderState::Pending),
    ] {
        let states = (PaymentState::Pending, OrderState::Pending);
        let after = attempt(states, payer_chooses, others_open, Fact::ProviderFailed);
        assert_eq!(after.order, expected);
    }
}

/// An order over 150,000 with a virtual account (0), another one (1) and a QRIS (2).
struct Story {
    funds: OrderFunds,
    now: DateTime<Utc>,
    ids: u128,
}

fn payment_id(place: usize) -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(0x100 + place as u128))
}

/// A word about a payment: `00 K 150`, `04 K 100`, `04 - all`, `06`; a key of `-` is none, amounts are
/// thousands.
fn word(text: &str) -> ProviderWord {
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
    fn new() -> Self {
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

    fn before(&self) -> Before {
        let payments = allocate(&self.funds).unwrap().payments;
        Before {
            order: self.funds.state,
            payments: payments.iter().map(|it| it.state).collect(),
        }
    }

    fn is_decided(&mut self, before: &Before, subject: PaymentId) -> String {
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

    fn id(&mut self) -> (ReceiptId, DateTime<Utc>) {
        self.ids += 1;
        let later = self.now + TimeDelta::seconds(i64::try_from(self.ids).unwrap());
        (ReceiptId::from_uuid(Uuid::from_u128(self.ids)), later)
    }

    fn hear(&mut self, place: usize, text: &str) -> String {
        let before = self.before();
        let id = self.id();
        let word = word(text);
        self.funds
            .take(payment_id(place), &Input::Word(&word), id)
            .unwrap();
        self.is_decided(&before, payment_id(place))
    }

    fn resolve(&mut self, verdict: ReviewVerdict) -> String {
        let before = self.before();
        let id = self.id();
        match self.funds.review(verdict, id).unwrap().first() {
            Some(subject) => self.is_decided(&before, *subject),
            None => "nothing".to_owned(),
        }
    }

    fn refund(&mut self, place: usize, thousands: i64) -> String {
        let before = self.before();
        let id = self.id();
        let part = Amount::rupiah(thousands * 1000).unwrap();
        self.funds
            .take(payment_id(place), &Input::RefundCompleted(part), id)
            .unwrap();
        self.is_decided(&before, payment_id(place))
    }

    /// Booked to the merchant and in suspense, in thousands.
    fn holds(&self) -> (i64, i64) {
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

fn line(decision: &Decision) -> String {
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

#[test]
fn what_went_back_before_it_came_is_not_the_shops() {
    let mut story = Story::new();
    assert_eq!(story.hear(2, "04 - 150"), "review order.review_required []");
    assert_eq!(
        story.hear(2, "00 - 150"),
        "refunded order.refunded [receive_for_merchant:150 refund_from_merchant:150]"
    );
    assert_eq!(story.hear(2, "04 - 150"), "refunded - []");
    let mut story = Story::new();
    story.hear(2, "04 - 50");
    assert_eq!(
        story.hear(2, "00 - 150"),
        "paid order.paid [receive_for_merchant:150 refund_from_merchant:50]"
    );
}

#[test]
fn another_transfer_is_other_money_in_every_state() {
    let mut story = Story::new();
    assert_eq!(
        story.hear(0, "00 K1 100"),
        "review order.review_required [receive_into_suspense:100]"
    );
    assert_eq!(
        story.hear(0, "00 K2 150"),
        "paid order.paid [receive_for_merchant:150]"
    );
    assert_eq!(story.holds(), (150, 100));
    assert_eq!(
        story.hear(0, "00 K3 50"),
        "paid order.overpaid [receive_into_suspense:50]"
    );
    assert_eq!(story.hear(0, "04 K1 100"), "paid - [release_suspense:100]");
    let mut story = Story::new();
    story.hear(0, "00 K1 100");
    assert_eq!(
        story.hear(0, "00 K2 50"),
        "review order.review_required [receive_into_suspense:50]"
    );
    assert_eq!(
        story.resolve(ReviewVerdict::Accept),
        "paid order.paid [suspense_to_merchant:100 suspense_to_merchant:50]"
    );
    // Found by an inquiry, which names no transfer: it takes the name of its own sum only.
    let mut story = Story::new();
    story.hear(0, "00 - 150");
    assert_eq!(
        story.hear(0, "00 K2 50"),
        "paid order.overpaid [receive_into_suspense:50]"
    );
    assert_eq!(story.hear(0, "00 K1 150"), "paid - []");
    assert_eq!(story.holds(), (150, 50));
}

#[test]
fn a_correction_of_one_receipt_leaves_nothing_of_the_first_sum() {
    let mut story = Story::new();
    story.hear(2, "00 - 149");
    assert_eq!(
        story.hear(2, "00 - 150"),
        "paid order.paid [release_suspense:149 receive_for_merchant:150]"
    );
    assert_eq!(story.hear(2, "00 - 149"), "paid - []");
}

#[test]
fn what_ends_a_review_puts_the_order_where_it_would_be_without_it() {
    // Another payment is open.
    for verdict in [ReviewVerdict::Refund, ReviewVerdict::Reject] {
        let mut story = Story::new();
        story.funds.payments[1].base = PaymentState::Pending;
        story.hear(0, "00 K1 15");
        let ended = story.resolve(verdict);
        assert!(ended.starts_with("pending"), "{ended}");
        assert!(story.hear(1, "00 K2 150").starts_with("paid order.paid "));
    }
    // It had ended before.
    for base in [
        OrderState::Cancelled,
        OrderState::Expired,
        OrderState::Failed,
    ] {
        for verdict in [ReviewVerdict::Refund, ReviewVerdict::Reject] {
            let mut story = Story::new();
            (story.funds.state, story.funds.base) = (base, base);
            story.funds.payments[0].base = PaymentState::Cancelled;
            assert!(story.hear(0, "00 K1 15").starts_with("review"));
            story.resolve(verdict);
            assert_eq!(story.funds.state, base, "{verdict:?}");
        }
    }
    // Nothing is open, nothing was before.
    let mut story = Story::new();
    story.hear(0, "00 K1 15");
    assert_eq!(
        story.resolve(ReviewVerdict::Refund),
        "refunded order.refunded [release_suspense:15]"
    );
    assert_eq!(story.resolve(ReviewVerdict::Refund), "nothing");
    assert!(story.funds.was_decided(ReviewVerdict::Refund));
    let mut story = Story::new();
    story.hear(0, "00 K1 15");
    assert_eq!(
        story.resolve(ReviewVerdict::Reject),
        "failed order.failed [release_suspense:15]"
    );
    assert_eq!(
        story.hear(0, "00 K1 15"),
        "failed - []",
        "it stays struck out"
    );
    assert!(
        story
            .hear(0, "00 K1 150")
            .starts_with("paid late order.paid_late"),
        "money wins"
    );
    // The payer can still choose.
    let mut story = Story::new();
    story.funds.payer_chooses = true;
    story.hear(0, "00 K1 15");
    assert!(story.resolve(ReviewVerdict::Refund).starts_with("pending"));
}

#[test]
fn a_claim_without_a_sum_is_decided_too() {
    for (verdict, expected) in [
        (
            ReviewVerdict::Accept,
            "paid order.paid [receive_for_merchant:150]",
        ),
        (ReviewVerdict::Refund, "refunded order.refunded []"),
        (ReviewVerdict::Reject, "failed order.failed []"),
    ] {
        let mut story = Story::new();
        story.funds.payments[0].can_inquire = false;
        assert_eq!(story.hear(0, "00 - all"), "review order.review_required []");
        assert_eq!(story.resolve(verdict), expected);
        assert_eq!(story.hear(0, "00 - all").split(' ').nth(1), Some("-"));
    }
}

#[test]
fn of_two_right_sums_one_is_the_orders_and_the_other_takes_its_place() {
    let mut story = Story::new();
    story.hear(0, "00 K2 150");
    assert_eq!(
        story.hear(0, "00 K1 150"),
        "paid order.overpaid [merchant_to_suspense:150 receive_for_merchant:150]",
        "the smaller key"
    );
    assert_eq!(
        story.hear(0, "04 K1 150"),
        "paid - [suspense_to_merchant:150 refund_from_merchant:150]",
        "the shop has what it had"
    );
    assert_eq!(story.holds(), (150, 0));
    assert_eq!(
        story.hear(0, "04 K2 all"),
        "refunded order.refunded [refund_from_merchant:150]"
    );
    assert!(story.hear(0, "00 K3 150").starts_with("paid order.paid "));
}

#[test]
fn what_a_transfer_not_heard_of_gave_back_takes_no_others_money() {
    for amount in ["100", "150"] {
        let mut story = Story::new();
        story.hear(0, "00 b 150");
        assert_eq!(story.hear(0, &format!("04 a {amount}")), "paid - []");
        story.hear(0, &format!("00 a {amount}"));
        assert_eq!(story.holds(), (150, 0), "{amount}");
        assert_eq!(story.funds.state, OrderState::Paid);
    }
}

#[test]
fn while_only_wrong_sums_wait_the_order_is_under_review() {
    let mut story = Story::new();
    story.hear(0, "00 K1 150");
    story.hear(0, "00 K2 70");
    assert!(
        story
            .hear(0, "04 K1 150")
            .starts_with("review order.review_required")
    );
    assert!(
        story
            .hear(0, "04 K2 70")
            .starts_with("refunded order.refunded")
    );
}

#[test]
fn the_amount_rule_holds_for_what_goes_back() {
    for (rule, received) in [(AmountRule::NetOfFee, 149), (AmountRule::PlusFee, 151)] {
        let mut story = Story::new();
        story.funds.payments[2].amount_rule = rule;
        let before = story.before();
        let id = story.id();
        let mut success = word(&format!("00 - {received}"));
        success.details.fee = Some(Amount::rupiah(1000).unwrap());
        (story.funds)
            .take(payment_id(2), &Input::Word(&success), id)
            .unwrap();
        assert_eq!(
            story.is_decided(&before, payment_id(2)),
            "paid order.paid [receive_for_merchant:150]"
        );
        assert_eq!(
            story.hear(2, &format!("04 - {received}")),
            "refunded order.refunded [refund_from_merchant:150]",
            "{rule:?}"
        );
    }
}

#[test]
fn refunds_are_completed_in_parts_and_a_total_told_later_is_not_added() {
    let mut story = Story::new();
    story.hear(2, "00 - 150");
    assert_eq!(
        story.refund(2, 50),
        "paid order.refunded [refund_from_merchant:50]"
    );
    assert_eq!(story.hear(2, "04 - 50"), "paid - []");
    assert_eq!(
        story.hear(2, "04 - 80"),
        "paid order.refunded [refund_from_merchant:30]"
    );
    assert_eq!(story.hear(2, "04 - 60"), "paid - []", "it never falls");
    assert_eq!(
        story.refund(2, 70),
        "refunded order.refunded [refund_from_merchant:70]"
    );
}

#[test]
fn money_that_comes_after_the_end_is_late() {
    for base in [
        OrderState::Cancelled,
        OrderState::Expired,
        OrderState::Failed,
    ] {
        let mut story = Story::new();
        (story.funds.state, story.funds.base) = (base, base);
        assert_eq!(
            story.hear(2, "00 - 150"),
            "paid late order.paid_late [receive_for_merchant:150]"
        );
    }
}
