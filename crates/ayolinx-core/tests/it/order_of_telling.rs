//! The truth does not depend on the order of its telling (contract 4.2): whatever the provider
//! truthfully says of up to three receipts of one order, told in any order, repeated, by any door,
//! ends in one state and one set of balances, and these are what the provider holds.

use std::collections::BTreeMap;

use ayolinx_core::allocation::allocate;
use ayolinx_core::funds::{OrderFunds, PaymentFunds};
use ayolinx_core::ids::{PaymentId, ReceiptId};
use ayolinx_core::intake::{Input, would_change};
use ayolinx_core::money::Amount;
use ayolinx_core::order::{Before, decide};
use ayolinx_core::posting::{Account, Booking, Journal};
use ayolinx_core::reading::ProviderWord;
use ayolinx_core::receipt::Place;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use uuid::Uuid;

mod truth;

use truth::{Truth, payment_id, truth};

const ASKED: i64 = 150_000;
const FEE: i64 = 1_050;

fn rupiah(whole: i64) -> Amount {
    Amount::rupiah(whole).unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
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
        let other = usize::try_from((seed >> 33) % (u64::try_from(place).unwrap() + 1)).unwrap();
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
