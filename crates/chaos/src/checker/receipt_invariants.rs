//! Invariants about receipts, the unit of money: 7, 8, 9, 22, 30, 31. A receipt is one sum that the
//! provider reports to have; payments, orders and ledger must agree with their receipts, and the
//! receipts with the provider.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    checked::Checked,
    database::{Booking, Order, Payment, Receipt},
    evidence::Evidence,
    provider::{Sum, is_told},
};

/// Rows by the order or payment they belong to.
struct Grouped<'e> {
    payments: BTreeMap<&'e str, Vec<&'e Payment>>,
    receipts: BTreeMap<&'e str, Vec<&'e Receipt>>,
    claims: BTreeSet<&'e str>,
}

impl<'e> Grouped<'e> {
    fn of(evidence: &'e Evidence) -> Self {
        let mut payments: BTreeMap<&str, Vec<&Payment>> = BTreeMap::new();
        for payment in &evidence.database.payments {
            payments.entry(&payment.order_id).or_default().push(payment);
        }
        let mut receipts: BTreeMap<&str, Vec<&Receipt>> = BTreeMap::new();
        for receipt in &evidence.database.receipts {
            receipts
                .entry(&receipt.payment_id)
                .or_default()
                .push(receipt);
        }
        let open = evidence.database.notices.iter().filter(|one| one.is_open);
        Self {
            payments,
            receipts,
            claims: open.map(|notice| notice.payment_id.as_str()).collect(),
        }
    }

    fn payments_of(&self, order: &Order) -> &[&'e Payment] {
        self.payments
            .get(order.id.as_str())
            .map_or(&[], Vec::as_slice)
    }

    fn receipts_of(&self, payment: &str) -> &[&'e Receipt] {
        self.receipts.get(payment).map_or(&[], Vec::as_slice)
    }

    fn of_order(&self, order: &Order) -> Vec<&'e Receipt> {
        let payments = self.payments_of(order).iter();
        payments
            .flat_map(|payment| self.receipts_of(&payment.id))
            .copied()
            .collect()
    }
}

/// Checks invariant 7: paid means that the provider has a sum that it asked for, or that a person
/// accepted one.
pub(super) fn paid_is_true(evidence: &Evidence) -> Checked {
    let money = evidence.money();
    let grouped = Grouped::of(evidence);
    let paid = evidence.database.payments.iter();
    Checked::each(paid.filter(|p| p.state == "paid"), |payment| {
        let sums = money
            .get(payment.id.as_str())
            .map_or(&[][..], Vec::as_slice);
        let is_there = sums
            .iter()
            .any(|sum| Some(sum.paid) == payment.amount && sum.returned < sum.paid);
        let waits = sums.iter().any(|sum| Some(sum.paid) == payment.amount)
            && !evidence.heard_of_every_return(payment.id.as_str(), sums);
        let is_accepted = grouped
            .receipts_of(&payment.id)
            .iter()
            .any(|receipt| receipt.verdict.as_deref() == Some("accepted"));
        (!is_there && !waits && !is_accepted)
            .then(|| format!("payment {} is paid; the provider has {sums:?}", payment.id))
    })
}

/// Checks invariant 8: sum by sum, what came and what went back is what the provider has.
///
/// A link's money that could not be verified is with a person, unbooked (contract 5). Of several
/// sums of one payment nobody can know those that no callback reported, nor of any sum an
/// unreported return.
pub(super) fn sums_agree(evidence: &Evidence) -> Checked {
    let money = evidence.money();
    let grouped = Grouped::of(evidence);
    let in_review: BTreeSet<&str> = evidence
        .database
        .payments
        .iter()
        .filter(|payment| payment.state == "review" && payment.method == "payment_link")
        .map(|payment| payment.id.as_str())
        .collect();
    let told = evidence.told("00");
    let all: BTreeSet<&str> = money
        .keys()
        .chain(grouped.receipts.keys())
        .copied()
        .collect();
    Checked::each(all.iter(), |payment| {
        let theirs = money.get(*payment).map_or(&[][..], Vec::as_slice);
        let ours: Vec<&Receipt> = grouped
            .receipts_of(payment)
            .iter()
            .filter(|receipt| !receipt.is_struck_out())
            .copied()
            .collect();
        if ours.is_empty() && in_review.contains(payment) {
            return None;
        }
        let are_known = |sum: &&Sum<'_>| theirs.len() == 1 || is_told(&told, payment, sum.name);
        let came = sorted(ours.iter().map(|receipt| receipt.received));
        let is_right = came == sorted(theirs.iter().map(|sum| sum.paid))
            || came == sorted(theirs.iter().filter(are_known).map(|sum| sum.paid));
        if !is_right {
            return Some(format!(
                "payment {payment}: provider {theirs:?}, we {came:?}"
            ));
        }
        let back: i64 = ours.iter().map(|receipt| receipt.returned).sum();
        let they_gave: i64 = theirs.iter().map(|sum| sum.returned).sum();
        let may_lack = !evidence.heard_of_every_return(payment, theirs);
        (back > they_gave || (back < they_gave && !may_lack)).then(|| {
            format!("payment {payment}: {they_gave} went back at the provider, {back} with us")
        })
    })
}

fn sorted(all: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut all: Vec<i64> = all.collect();
    all.sort_unstable();
    all
}

impl Evidence {
    /// Returns whether we acknowledged a report of every return of these sums, after which we must
    /// know it.
    fn heard_of_every_return(&self, payment: &str, sums: &[Sum<'_>]) -> bool {
        let told = self.told("04");
        let mut returned = sums.iter().filter(|sum| sum.returned > 0);
        returned.all(|sum| is_told(&told, payment, sum.name))
    }
}

/// Checks invariant 9: no order is open or closed unpaid while the provider has money for it that
/// has not gone back.
pub(super) fn no_money_on_the_dead(evidence: &Evidence) -> Checked {
    let money = evidence.money();
    let orders: BTreeMap<&str, &Order> = evidence
        .database
        .orders
        .iter()
        .map(|order| (order.id.as_str(), order))
        .collect();
    let with_money = evidence.database.payments.iter().filter(|payment| {
        let sums = money.get(payment.id.as_str());
        sums.is_some_and(|sums| sums.iter().any(|sum| sum.returned < sum.paid))
    });
    Checked::each(with_money, |payment| {
        let order = orders.get(payment.order_id.as_str())?;
        let is_dead = matches!(
            order.state.as_str(),
            "pending" | "failed" | "expired" | "cancelled" | "refunded"
        );
        is_dead.then(|| format!("order {} is {} and has money", order.id, order.state))
    })
}

/// Checks invariant 22: a receipt, its payment, its order and the ledger agree.
///
/// Every movement of the ledger names the receipt it moves.
pub(super) fn books_agree(evidence: &Evidence) -> Checked {
    let grouped = Grouped::of(evidence);
    let payments = evidence.database.payments.iter();
    let mut checked = Checked::each(payments, |payment| {
        let receipts = grouped.receipts_of(&payment.id);
        let sum =
            |part: &dyn Fn(&Receipt) -> i64| receipts.iter().map(|one| part(one)).sum::<i64>();
        let in_place = |place: &str| sum(&|one| if one.held == place { one.rest() } else { 0 });
        let counted = |one: &Receipt, minor: i64| if one.is_struck_out() { 0 } else { minor };
        let expected = (
            Some(sum(&|one| counted(one, one.amount))),
            Some(sum(&|one| counted(one, one.returned))),
            in_place("merchant"),
            in_place("suspense"),
        );
        let known = (
            payment.received,
            payment.refunded,
            payment.merchant_holds,
            payment.suspended,
        );
        (known != expected).then(|| {
            let id = &payment.id;
            format!("payment {id} has {known:?}, its receipts say {expected:?}")
        })
    });
    checked.add(journals_agree(evidence));
    checked.add(Checked::each(evidence.database.orders.iter(), |order| {
        let booked = grouped.payments_of(order).iter();
        let booked: i64 = booked.map(|payment| payment.merchant_holds).sum();
        let is_paid = order.state == "paid";
        (order.paid != booked || is_paid != (booked > 0)).then(|| {
            let (id, state, paid) = (&order.id, &order.state, order.paid);
            format!("order {id} is {state} with {paid}, booked is {booked}")
        })
    }));
    checked
}

fn journals_agree(evidence: &Evidence) -> Checked {
    let mut moved: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    let owners: BTreeMap<&str, &str> = evidence
        .database
        .receipts
        .iter()
        .map(|receipt| (receipt.id.as_str(), receipt.payment_id.as_str()))
        .collect();
    let names_its_receipt = |booking: &Booking| {
        let named = booking.receipt_id.as_deref();
        named.and_then(|id| owners.get(id)) == Some(&booking.payment_id.as_str())
    };
    for booking in &evidence.database.bookings {
        let (merchant, suspense) = moved
            .entry(booking.receipt_id.as_deref().unwrap_or_default())
            .or_default();
        *merchant = merchant.saturating_add(booking.to_merchant);
        *suspense = suspense.saturating_add(booking.to_suspense);
    }
    let mut checked = Checked::each(evidence.database.bookings.iter(), |booking| {
        (!names_its_receipt(booking)).then(|| {
            let (what, payment) = (&booking.booking, &booking.payment_id);
            format!("{what} of payment {payment} names no receipt of it")
        })
    });
    checked.add(Checked::each(
        evidence.database.receipts.iter(),
        |receipt| {
            let rest = receipt.rest();
            let expected = match receipt.held.as_str() {
                "merchant" => (rest, 0),
                "suspense" => (0, rest),
                _ => (0, 0),
            };
            let booked = moved.get(receipt.id.as_str()).copied().unwrap_or_default();
            (booked != expected).then(|| {
                let (id, held) = (&receipt.id, &receipt.held);
                format!("receipt {id} is {held} with {rest}, the books have {booked:?}")
            })
        },
    ));
    checked
}

/// Checks invariant 30: of an order's receipts one right sum is its money, or what a person
/// accepted.
///
/// It is the earliest that has not gone back. A wrong sum never is, and a right one waits only
/// beside it.
pub(super) fn one_right_sum(evidence: &Evidence) -> Checked {
    let grouped = Grouped::of(evidence);
    Checked::each(evidence.database.orders.iter(), |order| {
        let receipts = grouped.of_order(order);
        let booked: Vec<&Receipt> = receipts
            .iter()
            .filter(|receipt| receipt.held == "merchant")
            .copied()
            .collect();
        let accepted = |receipt: &Receipt| receipt.verdict.as_deref() == Some("accepted");
        let any_accepted = receipts
            .iter()
            .any(|receipt| accepted(receipt) && receipt.rest() > 0);
        let elected: Vec<&&Receipt> = booked.iter().filter(|one| !accepted(one)).collect();
        let waiting = receipts
            .iter()
            .filter(|one| one.is_right && one.held == "suspense" && one.verdict.is_none());
        let time = |receipt: &Receipt| receipt.finished_us.unwrap_or(i64::MAX);
        let first = waiting.map(|receipt| time(receipt)).min();
        let id = &order.id;
        if elected.iter().any(|receipt| !receipt.is_right) {
            return Some(format!("order {id} has a wrong sum for its money"));
        }
        match elected.as_slice() {
            [] if first.is_some() && !any_accepted => {
                Some(format!("order {id} has a right sum that waits for nothing"))
            }
            [] => None,
            [_] if any_accepted => Some(format!("order {id} has more than was accepted")),
            [one] => first
                .is_some_and(|first| first < time(one))
                .then(|| format!("order {id} has the later of two right sums")),
            more => Some(format!("order {id} has {} right sums", more.len())),
        }
    })
}

/// Checks invariant 31: no order is in a state that its open payments could not change by being
/// paid.
///
/// An order under review has something to decide.
pub(super) fn no_dead_ends(evidence: &Evidence) -> Checked {
    let grouped = Grouped::of(evidence);
    let is_to_decide = |payment: &Payment| {
        grouped.claims.contains(payment.id.as_str())
            || grouped
                .receipts_of(&payment.id)
                .iter()
                .any(|receipt| receipt.held == "suspense")
    };
    let mut checked = Checked::each(evidence.database.orders.iter(), |order| {
        let payments = grouped.payments_of(order);
        let has = |states: &[&str]| payments.iter().any(|p| states.contains(&p.state.as_str()));
        let any_open = has(&["creating", "unknown", "pending"]);
        let (id, state) = (&order.id, order.state.as_str());
        let said = match state {
            "review" if !payments.iter().any(|payment| is_to_decide(payment)) => {
                "waits for no decision"
            }
            "failed" if any_open => "can still be paid",
            "pending" if !any_open && !order.payer_chooses && has(&["refunded"]) => {
                "cannot be paid any more"
            }
            _ => return None,
        };
        Some(format!("order {id} is {state} and {said}"))
    });
    let under_review = evidence.database.payments.iter();
    checked.add(Checked::each(
        under_review.filter(|payment| payment.state == "review"),
        |payment| {
            let id = &payment.id;
            (!is_to_decide(payment)).then(|| format!("payment {id} waits for no decision"))
        },
    ));
    checked
}
