//! The reference: what the contract allows, from nothing but the provider's truth, what was told and
//! acknowledged, and what was seen before. It knows none of the product's own decisions.

use std::collections::{BTreeMap, BTreeSet};

use ayolinx_core::order::OrderRefusal;
use ledger::Received;
use payment_flows::CancelOutcome;

use super::books::{Payment, Snapshot};
use super::operations::{Delivery, Told};
use super::provider::{Deal, PRICE, Provider, WRONG};
use super::world::Lease;

const OPEN: [&str; 3] = ["creating", "unknown", "pending"];
const ENDED: [&str; 3] = ["expired", "cancelled", "failed"];

/// Where a payment may go (contract 4.2): money wins everywhere, paid is left by refunds only.
fn payment_may(from: &str, to: &str) -> bool {
    let ends = ENDED.contains(&to);
    match from {
        "creating" => to == "unknown" || to == "pending" || ends || to == "paid" || to == "review",
        "unknown" => to == "pending" || ends || to == "paid" || to == "review",
        "pending" => ends || to == "paid" || to == "review",
        "expired" | "cancelled" | "failed" => to == "paid" || to == "review",
        "review" => ["paid", "refunded", "failed"].contains(&to),
        "paid" => to == "refunded",
        _ => false,
    }
}

/// Where an order may go.
fn order_may(from: &str, to: &str) -> bool {
    match from {
        "pending" => to != "refunded",
        "failed" => ["pending", "cancelled", "paid", "review"].contains(&to),
        "expired" | "cancelled" => to == "paid" || to == "review",
        "review" => ["paid", "refunded", "failed"].contains(&to),
        "paid" => to == "refunded",
        _ => false,
    }
}

/// What is known of a run so far.
#[derive(Default)]
pub(crate) struct Rules {
    pub(crate) before: Option<Snapshot>,
    /// Payments a payer has seen.
    pub(crate) shown: BTreeSet<String>,
    /// What fresh callbacks said that were answered with success.
    told: BTreeMap<String, BTreeSet<(&'static str, i64)>>,
    acknowledged: i64,
    attempts: BTreeSet<usize>,
    /// The first final reply to each request.
    finals: BTreeMap<String, (u16, Vec<u8>)>,
    /// How often what happened.
    pub(crate) counted: BTreeMap<&'static str, u64>,
}

impl Rules {
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counted.entry(what).or_default() += 1;
    }

    pub(crate) fn since(&self) -> i64 {
        let lines = self.before.as_ref().map(|before| &before.lines);
        lines
            .and_then(|lines| lines.last())
            .map_or(0, |line| line.id)
    }

    pub(crate) fn delivers(&mut self, letter: usize) {
        self.attempts.insert(letter);
    }

    /// What an operation heard, against what is in the books now.
    pub(crate) fn hears(
        &mut self,
        request: &str,
        told: Told,
        now: &Snapshot,
        provider: &mut Provider,
    ) {
        match told {
            Told::Final(status, bytes) => {
                let reply = (status, bytes);
                let first = self
                    .finals
                    .entry(request.to_owned())
                    .or_insert(reply.clone());
                assert_eq!(*first, reply, "two final replies to {request}");
            }
            Told::Cancel(CancelOutcome::Cancelled) => {
                let states = ["cancelled", "paid", "review", "refunded"];
                assert!(
                    states.contains(&now.state()),
                    "cancelled, and {}",
                    now.state()
                );
                self.count("an order was cancelled");
            }
            Told::Cancel(CancelOutcome::Refused(OrderRefusal::Paid)) => {
                // An answer 04 or over another sum is money, too.
                let states = ["paid", "refunded", "review"];
                assert!(
                    states.contains(&now.state()),
                    "refused as paid, and {}",
                    now.state()
                );
                self.count("a cancel met money");
            }
            Told::Cancel(_) | Told::Nothing => {}
            Told::Letter(delivery) => {
                self.acknowledged += 1;
                self.letter(delivery, now, provider);
            }
        }
    }

    fn letter(&mut self, delivery: Delivery, now: &Snapshot, provider: &mut Provider) {
        let Delivery {
            letter: number,
            stale,
            repeated,
            received,
        } = delivery;
        let letter = &mut provider.letters[number];
        if repeated {
            assert_eq!(
                received,
                Received::Duplicate,
                "{letter:?} took effect twice"
            );
            assert!(
                now.lines.is_empty(),
                "a duplicate of {letter:?} changed something"
            );
            self.count("a duplicate came");
        } else if received == Received::Duplicate {
            assert!(
                self.attempts.contains(&number),
                "{letter:?} never came before"
            );
        }
        letter.settled |= matches!(
            received,
            Received::Applied | Received::NoChange | Received::Duplicate
        );
        let (id, fact) = (
            letter.id.clone(),
            (letter.status, letter.amount.unwrap_or_default()),
        );
        match received {
            Received::Applied | Received::NoChange | Received::Duplicate if !stale => {
                self.told.entry(id).or_default().insert(fact);
            }
            Received::UnknownReference | Received::Unreadable => panic!("{id} is not known"),
            _ => {}
        }
    }

    /// Everything that must hold after every step.
    pub(crate) fn check(&mut self, now: Snapshot, provider: &Provider) {
        assert_eq!(provider.sins, Vec::<String>::new());
        self.moves_are_allowed(&now);
        self.versions_are_told(&now);
        self.money_is_right(&now, provider);
        let open: Vec<&Payment> = now
            .payments
            .iter()
            .filter(|payment| OPEN.contains(&payment.state.as_str()))
            .collect();
        let payable = open.iter().filter(|payment| payment.state == "pending");
        assert!(payable.count() <= 1, "two payments can be paid: {open:?}");
        let closed = ["paid", "cancelled", "expired", "refunded"].contains(&now.state());
        assert!(!closed || open.is_empty(), "{} with {open:?}", now.state());
        for payment in &now.payments {
            if payment.state == "pending" {
                self.shown.insert(payment.id.clone());
            }
        }
        assert!(
            now.seen >= self.acknowledged,
            "an acknowledged callback is not stored"
        );
        let mut now = now;
        if now.lines.is_empty()
            && let Some(before) = &mut self.before
        {
            now.lines.append(&mut before.lines);
        }
        self.before = Some(now);
    }

    fn moves_are_allowed(&mut self, now: &Snapshot) {
        for line in &now.lines {
            if let (Some(from), Some(to)) = (&line.payment_from, &line.payment_to) {
                assert!(
                    from == to || payment_may(from, to),
                    "payment {from} -> {to}"
                );
                if ENDED.contains(&from.as_str()) && to == "paid" {
                    self.count("an ended payment was paid");
                }
            }
            if let (Some(from), Some(to)) = (&line.order_from, &line.order_to) {
                assert!(from == to || order_may(from, to), "order {from} -> {to}");
                if to == "paid" && from != "paid" {
                    self.becomes_paid(now, from, line.version);
                }
            }
        }
    }

    /// Late is judged by the order, and the shop hears which it was.
    fn becomes_paid(&mut self, now: &Snapshot, from: &str, version: Option<i64>) {
        let late = ENDED.contains(&from);
        let word = if late {
            "order.paid_late"
        } else {
            "order.paid"
        };
        let heard = now
            .events
            .iter()
            .any(|event| Some(event.version) == version && event.kind == word);
        assert!(heard, "no {word} at {version:?}: {:?}", now.events);
        let order = now.order.as_ref().unwrap();
        assert!(!late || order.late, "late money that is not called so");
        self.count(if late {
            "an order was paid late"
        } else {
            "an order was paid"
        });
    }

    /// The version counts every change by one, and each is told at most once.
    fn versions_are_told(&self, now: &Snapshot) {
        let Some(order) = &now.order else {
            return;
        };
        let before = self
            .before
            .as_ref()
            .and_then(|before| before.order.as_ref());
        let known = before.map_or(0, |before| before.version);
        let news: BTreeSet<i64> = now
            .lines
            .iter()
            .filter_map(|line| line.version)
            .filter(|version| *version > known)
            .collect();
        let expected: BTreeSet<i64> = (known + 1..=order.version).collect();
        assert_eq!(
            news, expected,
            "versions without a change, or changes without a version"
        );
        let versions: BTreeSet<i64> = now.events.iter().map(|event| event.version).collect();
        assert_eq!(
            versions.len(),
            now.events.len(),
            "told twice: {:?}",
            now.events
        );
        if let Some(before) = before
            && before.state != order.state
        {
            assert!(order.version > before.version, "a change without a version");
        }
    }

    fn money_is_right(&self, now: &Snapshot, provider: &Provider) {
        assert_eq!(now.unbalanced, 0, "a journal does not balance");
        let merchants: i64 = now.payments.iter().map(|payment| payment.merchant).sum();
        let expected = if now.state() == "paid" { PRICE } else { 0 };
        assert_eq!(
            merchants,
            expected,
            "the merchant's money of an order {}",
            now.state()
        );
        for payment in &now.payments {
            let deal = provider.deals.get(&payment.id);
            self.state_is_proven(payment, deal, now);
            let receipts = now.receipts.get(&payment.id).copied().unwrap_or(0);
            let wrong = deal.is_some_and(|deal| deal.said.contains(&("00", Some(WRONG))));
            let most = if wrong { 2 } else { 1 };
            assert!(receipts <= most, "{receipts} receipts of {payment:?}");
            let held = payment.merchant + payment.suspense;
            match payment.state.as_str() {
                "paid" => assert!(held == PRICE && receipts >= 1, "{payment:?}"),
                "review" => assert!(
                    payment.merchant == 0 && [0, WRONG].contains(&held),
                    "{payment:?}"
                ),
                _ => assert_eq!(held, 0, "{payment:?}"),
            }
        }
    }

    /// Money that was said is recorded, and only what was said.
    fn state_is_proven(&self, payment: &Payment, deal: Option<&Deal>, now: &Snapshot) {
        let said = |status: &str, amount: Option<i64>| {
            deal.is_some_and(|deal| {
                let mut all = deal.said.iter();
                all.any(|word| word.0 == status && (amount.is_none() || word.1 == amount))
            })
        };
        let state = payment.state.as_str();
        match state {
            "paid" => assert!(said("00", Some(PRICE)), "paid out of nothing: {payment:?}"),
            "review" => assert!(said("00", Some(WRONG)) || said("04", None), "{payment:?}"),
            "refunded" => assert!(said("04", None), "refunded out of nothing: {payment:?}"),
            _ => {}
        }
        if state == "paid" {
            assert!(
                ["paid", "refunded"].contains(&now.state()),
                "paid, and {}",
                now.state()
            );
        }
        for (status, amount) in self.told.get(&payment.id).into_iter().flatten() {
            let right = match (*status, *amount) {
                ("00", PRICE) => ["paid", "refunded"].contains(&state),
                ("00" | "04", _) => ["paid", "review", "refunded"].contains(&state),
                _ => true,
            };
            assert!(right, "told {status} over {amount}, and it is {state}");
        }
    }

    /// A holder whose lease is another's, or over, moved: what it may not have done.
    pub(crate) fn late_holder(&mut self, lease: &Lease, now: &Snapshot) {
        let Some(before) = &self.before else {
            return;
        };
        let row = |snapshot: &Snapshot| {
            let mut all = snapshot.work.iter();
            let found =
                all.find(|work| work.payment == lease.payment && work.kind == lease.kind.as_str());
            found.cloned()
        };
        let (had, has) = (row(before), row(now));
        let ours = |work: &super::books::Work| work.token.as_ref() == Some(&lease.token);
        let holds = had.as_ref().is_some_and(ours);
        if holds && had.as_ref().is_some_and(|work| work.live) {
            return;
        }
        let token = |snapshot: &Snapshot| {
            let payment = snapshot.payment(&lease.payment);
            payment.and_then(|payment| payment.call_token.clone())
        };
        assert_eq!(token(before), token(now), "a late holder took a call");
        assert_eq!(
            before.payments.len(),
            now.payments.len(),
            "a late holder made a payment"
        );
        let mut facts = now.lines.iter();
        let learned = facts
            .any(|line| line.payment.as_ref() == Some(&lease.payment) && line.payment_to.is_some());
        if !holds && !learned {
            let rest = |work: &super::books::Work| (work.token.clone(), work.rest.clone());
            assert_eq!(
                had.as_ref().map(rest),
                has.as_ref().map(rest),
                "a late holder changed the work of {lease:?}"
            );
        }
        self.count(if holds {
            "a lease ran out in hand"
        } else {
            "a late holder woke up"
        });
    }
}
