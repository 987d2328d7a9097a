//! The end of a run: nothing fails any more, the loops go round, and what must come right does.

use ledger::WorkKind;

use super::operations::Hands;
use super::provider::{PRICE, Truth};
use super::run::Run;
use super::steps::How;

/// Turns of the loops before the order's time is over; three replacements and two proofs of "not
/// found" fit in.
const TURNS: usize = 14;
const TURN_SECONDS: i64 = 70;
/// Then past expiry, its grace, and the day in which inquiries go on.
const AFTERWARDS: [i64; 7] = [4000, 600, 3600, 10_000, 20_000, 30_000, 30_000];
const ROUNDS_MAX: usize = 40;

impl Run<'_> {
    pub(crate) fn heal(&mut self) {
        self.world.disarm();
        self.finish_all();
        self.payers_leave();
        if self
            .rules
            .before
            .as_ref()
            .is_none_or(|now| now.order.is_none())
        {
            return;
        }
        let in_time = self.now().order.as_ref().is_some_and(|order| !order.past);
        self.loops();
        if in_time {
            for _ in 0..TURNS {
                if self.doubt().is_none() {
                    break;
                }
                self.wait(TURN_SECONDS);
                self.loops();
            }
            assert_eq!(self.doubt(), None);
        }
        for seconds in AFTERWARDS {
            self.wait(seconds);
            self.loops();
        }
        self.everything_has_ended();
        self.books.forget(self.order.as_uuid());
    }

    /// Whatever waits goes on to its end.
    fn finish_all(&mut self) {
        while !self.world.lock().gates.is_empty() {
            self.release(0, How::Straight);
        }
    }

    /// Nobody is in the middle of paying.
    fn payers_leave(&mut self) {
        let count = self.world.lock().provider.deals.len();
        for at in 0..count {
            self.world.lock().provider.befalls(at, Truth::Open);
        }
    }

    /// The loops do what is due, until nothing is.
    fn loops(&mut self) {
        for round in 0.. {
            let now = self.books.snapshot(self.order.as_uuid(), i64::MAX);
            let due = now.work.iter().find(|work| work.due);
            let kind = due.and_then(|work| {
                WorkKind::ALL
                    .into_iter()
                    .find(|kind| kind.as_str() == work.kind)
            });
            let Some(kind) = kind else {
                break;
            };
            assert!(round < ROUNDS_MAX, "{kind:?} is due for ever");
            self.start(round % 2, "work", |hands| hands.work(kind));
            self.finish_all();
        }
        let now = self.books.snapshot(self.order.as_uuid(), i64::MAX);
        if now.order.is_some_and(|order| order.due) {
            self.start(0, "tidy", Hands::tidy);
        }
    }

    /// While the provider answers, everything is known in the end, and what was withdrawn is closed
    /// there.
    fn doubt(&self) -> Option<String> {
        let deals = self.world.lock().provider.deals.clone();
        let now = self.now();
        for payment in &now.payments {
            let state = payment.state.as_str();
            let deal = deals.get(&payment.id);
            let waits_for_shop =
                payment.last_outcome.as_deref() == Some("not_sent") && payment.replaces.is_none();
            // What never arrived is sent again only while the order wants it (contract 4.1).
            let absent = deal.is_none_or(|deal| deal.truth == Truth::Absent);
            let newest = now
                .payments
                .last()
                .is_some_and(|last| last.id == payment.id);
            let unwanted = absent && !(newest && now.state() == "pending");
            let known = match state {
                "creating" => waits_for_shop || unwanted,
                "unknown" => unwanted,
                _ => true,
            };
            if !known {
                return Some(format!("still not known: {payment:?}"));
            }
            let Some(deal) = deal else {
                continue;
            };
            let open = deal.truth == Truth::Open;
            if open && state == "cancelled" && !deal.ewallet {
                return Some(format!("withdrawn here and open there: {payment:?}"));
            }
        }
        None
    }

    /// Nothing is open, and every sum a payer could pay is found.
    fn everything_has_ended(&mut self) {
        let deals = self.world.lock().provider.deals.clone();
        let now = self.now().clone();
        let open = ["creating", "unknown", "pending"];
        for payment in &now.payments {
            let state = payment.state.as_str();
            assert!(!open.contains(&state), "open for ever: {payment:?}");
            let Some(deal) = deals.get(&payment.id) else {
                continue;
            };
            let seen = self.rules.shown.contains(&payment.id);
            let found = match deal.truth {
                Truth::Paid(PRICE) => ["paid", "refunded"].contains(&state),
                Truth::Paid(_) | Truth::Refunded(_) => {
                    ["review", "paid", "refunded"].contains(&state)
                }
                _ => true,
            };
            assert!(
                found || !seen,
                "{:?} was not found: {payment:?}",
                deal.truth
            );
        }
        assert_ne!(now.state(), "pending", "an order without an end");
        if deals.values().any(|deal| deal.sends > 1) {
            self.rules.count("a create was sent again");
        }
        if now.payments.len() > 1 {
            self.rules.count("an order had several payments");
        }
        if now
            .payments
            .iter()
            .any(|payment| payment.replaces.is_some())
        {
            self.rules.count("a lost payment was replaced");
        }
    }
}
