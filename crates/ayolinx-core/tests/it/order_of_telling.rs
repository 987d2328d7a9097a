//! The truth does not depend on the order of its telling (contract 4.2): whatever the provider
//! truthfully says of up to three receipts of one order, told in any order, repeated, by any door,
//! ends in one state and one set of balances, and these are what the provider holds.

use std::collections::BTreeMap;

use ayolinx_core::allocation::allocate;
use ayolinx_core::channels::AmountRule;
use ayolinx_core::funds::{OrderFunds, PaymentFunds};
use ayolinx_core::ids::{PaymentId, ReceiptId};
use ayolinx_core::intake::{Input, would_change};
use ayolinx_core::messages::{ProviderStatus, ReceivedAmount};
use ayolinx_core::money::Amount;
use ayolinx_core::order::{Before, decide};
use ayolinx_core::posting::{Account, Booking, Journal};
use ayolinx_core::reading::{Channelled, ProviderWord};
use ayolinx_core::receipt::{Place, ReceiptDetails};
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

const ASKED: i64 = 150_000;
const FEE: i64 = 1_050;

fn rupiah(whole: i64) -> Amount {
    Amount::rupiah(whole).unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// The payments of the order: 0 and 1 are virtual accounts, whose transfers are named; 2 is a QRIS.
fn payment_id(place: usize) -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(0x0193_0000 + place as u128))
}

/// A sum that the provider holds, and what became of it there.
#[derive(Debug, Clone)]
struct Held {
    payment: usize,
    key: String,
    received: i64,
    /// Running totals that status 04 told, `None` for the whole without an amount.
    returned: Vec<Option<i64>>,
    minute: i64,
}

impl Held {
    fn is_named(&self) -> bool {
        self.payment < 2
    }

    fn gone(&self) -> i64 {
        (self.returned.iter())
            .map(|total| total.unwrap_or(self.received))
            .max()
            .unwrap_or(0)
    }

    fn word(&self, status: ProviderStatus, amount: Option<i64>, door: Door) -> ProviderWord {
        ProviderWord {
            channelled: match door {
                Door::Notice | Door::Flat => Channelled::Callback,
                Door::Inquiry => Channelled::Inquiry,
            },
            status: Some(status),
            amount: amount.map_or(ReceivedAmount::Absent, |it| {
                ReceivedAmount::Read(rupiah(it))
            }),
            provider_reference: Some(self.key.clone()),
            payment_request_id: (door == Door::Notice && self.is_named()).then(|| self.key.clone()),
            finished_at: Some(now() - TimeDelta::minutes(60 - self.minute)),
            channel: None,
            details: ReceiptDetails {
                fee: Some(rupiah(FEE)),
                ..ReceiptDetails::default()
            },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// A callback that names the transfer by its own key where the method has one.
    Notice,
    /// A callback of the flat shape, which names it by the provider's number.
    Flat,
    /// The answer to an inquiry.
    Inquiry,
}

/// All that may be said of an order whose payer paid these sums.
#[derive(Debug, Clone)]
struct Truth {
    rule: AmountRule,
    held: Vec<Held>,
    /// Payments of which the provider also says cancelled or failed.
    ended: Vec<(usize, bool)>,
    payer_chooses: bool,
}

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![3 => Just(0_i64), 1 => Just(-50_000), 1 => Just(-100_000), 1 => Just(7_000)]
}

fn truth() -> impl Strategy<Value = Truth> {
    let held = (
        0_usize..3,
        amount(),
        prop_oneof![
            3 => Just(vec![]),
            2 => Just(vec![Some(100)]),
            2 => Just(vec![None]),
            1 => Just(vec![Some(40)]),
            2 => Just(vec![Some(40), Some(100)]),
            1 => Just(vec![Some(20), Some(40)]),
        ],
        prop_oneof![Just(1_i64), Just(2), Just(3)],
    );
    (
        prop_oneof![
            3 => Just(AmountRule::Exact),
            1 => Just(AmountRule::NetOfFee),
            1 => Just(AmountRule::PlusFee)
        ],
        prop::collection::vec(held, 1..=3),
        prop::collection::vec((0_usize..3, any::<bool>()), 0..=2),
        any::<bool>(),
    )
        .prop_map(|(rule, drawn, ended, payer_chooses)| {
            let base = match rule {
                AmountRule::Exact => ASKED,
                AmountRule::NetOfFee => ASKED - FEE,
                AmountRule::PlusFee => ASKED + FEE,
            };
            let mut held: Vec<Held> = Vec::new();
            for (place, (payment, off, returned, minute)) in drawn.into_iter().enumerate() {
                // A method that does not name its transfers has one.
                if payment == 2 && held.iter().any(|it| it.payment == 2) {
                    continue;
                }
                let received = base + off;
                held.push(Held {
                    payment,
                    key: format!("{}-{place}", ['c', 'a', 'b'][place]),
                    received,
                    returned: (returned.into_iter())
                        .map(|part| part.map(|percent: i64| received * percent / 100))
                        .collect(),
                    minute,
                });
            }
            Truth {
                rule,
                held,
                ended,
                payer_chooses,
            }
        })
}

impl Truth {
    /// Every word once, by the doors that `draw` chooses, and some of them again.
    fn words(&self, draw: u64) -> Vec<(usize, ProviderWord)> {
        let mut draw = draw;
        let mut pick = |of: u64| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (draw >> 33) % of
        };
        let mut words = Vec::new();
        for held in &self.held {
            let alone = self
                .held
                .iter()
                .filter(|it| it.payment == held.payment)
                .count()
                == 1;
            let mut tell = |status: &ProviderStatus, amount: Option<i64>| {
                words.push((
                    held.payment,
                    held.word(status.clone(), amount, Door::Notice),
                ));
                // What names no transfer of its own key is said where it can mean one only.
                let again = match pick(4) {
                    0 => Some(Door::Notice),
                    1 if alone || amount.is_some() => Some(Door::Inquiry),
                    2 if !held.is_named() => Some(Door::Flat),
                    _ => None,
                };
                if let Some(door) = again {
                    words.push((held.payment, held.word(status.clone(), amount, door)));
                }
            };
            tell(&ProviderStatus::Success, Some(held.received));
            for total in &held.returned {
                tell(&ProviderStatus::Refunded, *total);
            }
        }
        for (payment, failed) in &self.ended {
            let status = match failed {
                true => ProviderStatus::Failed,
                false => ProviderStatus::Cancelled,
            };
            let nothing = Held {
                payment: *payment,
                key: "none".to_owned(),
                received: 0,
                returned: Vec::new(),
                minute: 1,
            };
            words.push((*payment, nothing.word(status, None, Door::Inquiry)));
        }
        words
    }

    fn order(&self) -> OrderFunds {
        OrderFunds {
            state: OrderState::Pending,
            base: OrderState::Pending,
            payer_chooses: self.payer_chooses,
            is_in_time: true,
            payments: (0..3)
                .map(|place| PaymentFunds {
                    id: payment_id(place),
                    base: PaymentState::Pending,
                    asked: rupiah(ASKED),
                    amount_rule: self.rule,
                    can_inquire: true,
                    names_transfers: place < 2,
                    expires_at: now() + TimeDelta::days(1),
                    receipts: Vec::new(),
                    notices: Vec::new(),
                })
                .collect(),
        }
    }

    /// Whether a sum is the one that was asked for.
    fn is_right(&self, held: &Held) -> bool {
        self.rule
            .matches(rupiah(ASKED), rupiah(held.received), Some(rupiah(FEE)))
    }
}

/// What an order looks like at the end, apart from what depends on who spoke when.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    order: OrderState,
    payments: Vec<Option<PaymentState>>,
    receipts: BTreeMap<String, (i64, i64, Place)>,
    balances: BTreeMap<&'static str, i64>,
}

/// Tells the words in this order; whatever is told again at the end changes nothing.
fn tell(truth: &Truth, words: &[(usize, ProviderWord)]) -> End {
    let mut funds = truth.order();
    let mut balances = BTreeMap::new();
    let mut ids = 0_u128;
    for (payment, word) in words {
        ids += 1;
        let before = before(&funds);
        let id = ReceiptId::from_uuid(Uuid::from_u128(ids));
        funds
            .take(payment_id(*payment), &Input::Word(word), (id, now()))
            .unwrap();
        let decision = decide(&before, &funds, payment_id(*payment)).unwrap();
        let mut held: BTreeMap<(PaymentId, AccountName), i64> = BTreeMap::new();
        for posting in &decision.postings {
            for entry in Journal::new(posting.booking, posting.amount)
                .unwrap()
                .entries
            {
                *balances.entry(entry.account.as_str()).or_insert(0) += entry.minor;
                *held
                    .entry((posting.payment, AccountName::of(entry.account)))
                    .or_insert(0) += entry.minor;
            }
        }
        for (payment, allocated) in funds.payments.iter_mut().zip(&decision.allocation.payments) {
            for (receipt, posted) in payment.receipts.iter_mut().zip(&allocated.receipts) {
                receipt.posted = Some(*posted);
            }
        }
        funds.state = decision.allocation.order;
        funds.base = decision.base;
        no_dead_end(
            &funds,
            &decision
                .allocation
                .payments
                .iter()
                .map(|it| it.state)
                .collect::<Vec<_>>(),
        );
    }
    for (payment, word) in words {
        let told = would_change(&funds, payment_id(*payment), word, now()).unwrap();
        assert!(
            told.is_none(),
            "told again, {word:?} changes something: {told:?}"
        );
    }
    balances.retain(|_, minor| *minor != 0);
    end(&funds, balances)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct AccountName(&'static str);

impl AccountName {
    const fn of(account: Account) -> Self {
        Self(account.as_str())
    }
}

fn before(funds: &OrderFunds) -> Before {
    Before {
        order: funds.state,
        payments: allocate(funds)
            .unwrap()
            .payments
            .iter()
            .map(|it| it.state)
            .collect(),
    }
}

/// No order is in a state that its open payments could not leave by being paid.
fn no_dead_end(funds: &OrderFunds, states: &[PaymentState]) {
    let any_open = states.iter().any(|state| state.is_open());
    let counted = funds.payments.iter().any(PaymentFunds::has_counted);
    if any_open && !counted {
        assert!(
            !matches!(funds.state, OrderState::Refunded),
            "{:?} with an open payment",
            funds.state
        );
    }
}

fn end(funds: &OrderFunds, balances: BTreeMap<&'static str, i64>) -> End {
    let allocation = allocate(funds).unwrap();
    let mut receipts = BTreeMap::new();
    for (payment, allocated) in funds.payments.iter().zip(&allocation.payments) {
        for (receipt, posted) in payment.receipts.iter().zip(&allocated.receipts) {
            let name = receipt
                .key
                .clone()
                .unwrap_or_else(|| payment.id.to_string());
            let line = (posted.amount.minor(), posted.returned.minor(), posted.place);
            assert!(
                receipts.insert(name, line).is_none(),
                "a receipt stands twice"
            );
        }
    }
    End {
        order: allocation.order,
        payments: (funds.payments.iter().zip(&allocation.payments))
            .map(|(payment, allocated)| (!payment.receipts.is_empty()).then_some(allocated.state))
            .collect(),
        receipts,
        balances,
    }
}

fn shuffled<T: Clone>(all: &[T], seed: u64) -> Vec<T> {
    let mut all = all.to_vec();
    let mut seed = seed;
    for place in (1..all.len()).rev() {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from((seed >> 33) % (place as u64 + 1)).unwrap();
        all.swap(place, other);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if std::env::var_os("LONG").is_some() { 100_000 } else { 3_000 }, ..ProptestConfig::default() })]

    #[test]
    fn the_same_words_end_in_one_state_and_one_set_of_balances(
        truth in truth(),
        draw in any::<u64>(),
        seeds in any::<(u64, u64)>(),
    ) {
        let words = truth.words(draw);
        let first = tell(&truth, &shuffled(&words, seeds.0));
        let second = tell(&truth, &shuffled(&words, seeds.1));
        prop_assert_eq!(&first, &second);
        let mut rest = 0;
        for held in &truth.held {
            let booked = if truth.is_right(held) { ASKED } else { held.received };
            let gone = if held.gone() >= held.received.min(booked) { booked } else { held.gone() };
            rest += (booked - gone) * 100;
        }
        let receivable = first.balances.get("provider_receivable").copied().unwrap_or(0);
        prop_assert_eq!(receivable, rest, "the books hold what the provider holds");
        let right_left = truth.held.iter().any(|held| {
            truth.is_right(held) && held.gone() < held.received.min(ASKED)
        });
        prop_assert_eq!(first.order == OrderState::Paid, right_left);
    }
}

#[test]
fn every_booking_has_its_opposite() {
    let opposite = |booking: Booking| match booking {
        Booking::ReceiveForMerchant => Booking::RefundFromMerchant,
        Booking::ReceiveIntoSuspense => Booking::ReleaseSuspense,
        Booking::SuspenseToMerchant => Booking::MerchantToSuspense,
        Booking::MerchantToSuspense => Booking::SuspenseToMerchant,
        Booking::ReleaseSuspense => Booking::ReceiveIntoSuspense,
        Booking::RefundFromMerchant => Booking::ReceiveForMerchant,
    };
    for booking in [
        Booking::ReceiveForMerchant,
        Booking::ReceiveIntoSuspense,
        Booking::SuspenseToMerchant,
    ] {
        let sum = |booking: Booking, account: Account| -> i64 {
            let entries = Journal::new(booking, rupiah(1)).unwrap().entries;
            entries
                .iter()
                .filter(|it| it.account == account)
                .map(|it| it.minor)
                .sum()
        };
        for account in [
            Account::ProviderReceivable,
            Account::MerchantPayable,
            Account::Suspense,
        ] {
            assert_eq!(sum(booking, account) + sum(opposite(booking), account), 0);
        }
    }
}
