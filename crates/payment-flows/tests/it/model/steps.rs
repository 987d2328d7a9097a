//! The moves of a run, and how they are drawn: mostly what a day brings, often enough what it should not.

use ayolinx_core::method::Method;
use ledger::WorkKind;
use proptest::prelude::*;
use proptest::sample::select;

use super::provider::{PRICE, Truth, WRONG};
use super::world::Fault;

/// How a waiting operation goes on. What makes no sense at its gate means [`How::Straight`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Straight,
    /// The provider did it, and its reply is lost; the commit was done, and nobody hears so.
    ReplyLost,
    /// The request never arrives.
    NeverArrives,
    Refused,
    Throttled,
    /// The provider does it; its reply is still on the way.
    EffectOnly,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// The shop's one create, again and again, at any replica.
    Create(usize),
    /// Another way to pay, with or without a key of its own.
    PayAnotherWay(usize, Method, Option<u8>),
    Cancel(usize),
    /// The shop's sync about the n-th payment.
    Ask(usize, usize),
    /// The shop's patience with the n-th payment is over.
    Patience(usize, usize),
    /// A loop takes a piece of work.
    Work(usize, WorkKind),
    /// The loops that need no provider.
    Tidy(usize),
    /// The n-th waiting operation goes on.
    Release(usize, How),
    /// Something befalls the n-th deal at the provider.
    Befalls(usize, Truth),
    /// The n-th letter is delivered, again or for the first time.
    Deliver {
        replica: usize,
        letter: usize,
        stale: bool,
    },
    /// A process dies; what it had sent may still arrive.
    Crash {
        replica: usize,
        arrives: bool,
    },
    /// What the commit after so many others will meet.
    Commit(usize, u8, Fault),
    /// The clock goes on.
    Wait(i64),
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let drawn = proptest::collection::vec(step(), 8..40);
    (beginning(), drawn).prop_map(|(mut all, drawn)| {
        all.extend(drawn);
        all
    })
}

/// The create waits before its call is made; most runs have more to tell once it is answered.
fn beginning() -> impl Strategy<Value = Vec<Step>> {
    use Step::{Befalls, Release};
    let sent = || vec![Release(0, How::Straight)];
    let pending = || vec![Release(0, How::Straight), Release(0, How::Straight)];
    let paid = || [pending(), vec![Befalls(0, Truth::Paid(PRICE))]].concat();
    let lost = vec![Release(0, How::Straight), Release(0, How::ReplyLost)];
    select(vec![Vec::new(), sent(), pending(), pending(), paid(), lost])
}

fn step() -> impl Strategy<Value = Step> {
    let replica = || 0..2_usize;
    let nth = || 0..6_usize;
    let method = || select(vec![Method::Qris, Method::Qris, Method::Ewallet]);
    let key = || proptest::option::of(0..2_u8);
    let kind = || select(WorkKind::ALL.to_vec());
    prop_oneof![
        5 => replica().prop_map(Step::Create),
        3 => (replica(), method(), key()).prop_map(|(at, method, key)| Step::PayAnotherWay(at, method, key)),
        1 => replica().prop_map(Step::Cancel),
        1 => (replica(), nth()).prop_map(|(at, payment)| Step::Ask(at, payment)),
        1 => (replica(), nth()).prop_map(|(at, payment)| Step::Patience(at, payment)),
        8 => (replica(), kind()).prop_map(|(at, kind)| Step::Work(at, kind)),
        2 => replica().prop_map(Step::Tidy),
        20 => (nth(), how()).prop_map(|(gate, how)| Step::Release(gate, how)),
        5 => (nth(), fate()).prop_map(|(deal, fate)| Step::Befalls(deal, fate)),
        6 => (replica(), nth(), proptest::bool::weighted(0.15))
            .prop_map(|(replica, letter, stale)| Step::Deliver { replica, letter, stale }),
        2 => (replica(), proptest::bool::ANY).prop_map(|(replica, arrives)| Step::Crash { replica, arrives }),
        4 => (replica(), 0..3_u8, fault()).prop_map(|(at, after, fault)| Step::Commit(at, after, fault)),
        6 => select(vec![3, 16, 16, 31, 31, 31, 70, 70, 70, 600, 600, 4000]).prop_map(Step::Wait),
    ]
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        14 => Just(How::Straight),
        3 => Just(How::ReplyLost),
        2 => Just(How::NeverArrives),
        1 => Just(How::Refused),
        2 => Just(How::Throttled),
        2 => Just(How::EffectOnly),
    ]
}

fn fate() -> impl Strategy<Value = Truth> {
    prop_oneof![
        8 => Just(Truth::Paid(PRICE)),
        2 => Just(Truth::Paid(WRONG)),
        1 => Just(Truth::Paying),
        1 => Just(Truth::Open),
        1 => Just(Truth::Refunded(PRICE)),
        1 => Just(Truth::Refunded(WRONG)),
        1 => Just(Truth::Cancelled),
        1 => Just(Truth::Failed),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    select(vec![
        Fault::Held,
        Fault::Held,
        Fault::CutBefore,
        Fault::CutAfter,
    ])
}
