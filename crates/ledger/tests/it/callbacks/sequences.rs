//! Whatever is said about an order, in whatever order: the books stay provable, versions count
//! every change, paid is left only by what goes back, and no order ends while it can be paid.

use ayolinx_core::intake::ReviewVerdict;
use ayolinx_core::messages::{ProviderStatus, ReceivedAmount};
use ayolinx_core::method::Method;
use ayolinx_core::order_view::{OrderView, PaymentView};
use ayolinx_core::payment::Fact;
use ayolinx_core::reading::{Channelled, ProviderWord};
use ayolinx_core::receipt::ReceiptDetails;
use ayolinx_core::states::{OrderState, PaymentState};
use ledger::{CallOutcome, Source};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{
    Books, Started, accepted, claim, keyed, new_payment, order, refused, rupiah, unknown,
};

const METHODS: [Method; 3] = [Method::Qris, Method::VirtualAccount, Method::PaymentLink];

#[derive(Debug, Clone)]
enum Act {
    /// Something about the n-th payment.
    Say(usize, ProviderWord),
    Fact(usize, Fact),
    Settle(usize, CallOutcome),
    /// A person decides what is under review.
    Resolve(ReviewVerdict),
    /// A further payment by the n-th method.
    PayBy(usize),
    Cancel,
    Expire,
}

fn words() -> impl Strategy<Value = ProviderWord> {
    let amount = prop_oneof![
        4 => Just(ReceivedAmount::Read(rupiah(150_000))),
        2 => select(vec![1, 40_000, 110_000, 150_001]).prop_map(|whole| ReceivedAmount::Read(rupiah(whole))),
        1 => Just(ReceivedAmount::Absent),
        1 => Just(ReceivedAmount::Unreadable),
    ];
    let status = select(vec![
        "00", "00", "00", "01", "02", "03", "04", "04", "05", "06", "07", "42",
    ]);
    let key = proptest::option::of(select(vec!["T-1", "T-2", "T-3"]));
    let channelled = select(vec![
        Channelled::Callback,
        Channelled::Callback,
        Channelled::Inquiry,
        Channelled::StaleCallback,
    ]);
    (status, amount, key, channelled).prop_map(|(status, amount, key, channelled)| ProviderWord {
        channelled,
        status: Some(ProviderStatus::from_code(status)),
        amount,
        provider_reference: key.map(str::to_owned),
        payment_request_id: key.map(str::to_owned),
        finished_at: None,
        channel: None,
        details: ReceiptDetails::default(),
    })
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let which = 0..4_usize;
    let outcome = prop_oneof![
        3 => Just(accepted(Method::Qris)),
        1 => Just(refused()),
        1 => Just(unknown()),
        1 => Just(CallOutcome::StillRunning),
        1 => Just(CallOutcome::NotSent),
    ];
    let act = prop_oneof![
        8 => (which.clone(), words()).prop_map(|(at, word)| Act::Say(at, word)),
        3 => (which.clone(), select(Fact::ALL)).prop_map(|(at, fact)| Act::Fact(at, fact)),
        4 => (which, outcome).prop_map(|(at, outcome)| Act::Settle(at, outcome)),
        2 => (0..3_usize).prop_map(Act::PayBy),
        1 => select(ReviewVerdict::ALL.to_vec()).prop_map(Act::Resolve),
        1 => Just(Act::Cancel),
        1 => Just(Act::Expire),
    ];
    proptest::collection::vec(act, 1..14)
}

async fn act(books: &Books, payments: &mut Vec<Started>, step: usize, act: &Act) {
    let first = payments[0].clone();
    let pick = |at: usize| payments[at % payments.len()].clone();
    match act {
        Act::Say(at, word) => {
            books.say(pick(*at).payment, word.clone()).await;
        }
        Act::Fact(at, fact) => {
            books.fact(pick(*at).payment, *fact).await;
        }
        Act::Resolve(verdict) => {
            books.resolve(first.order, *verdict).await;
        }
        Act::Settle(at, outcome) => {
            books.settle(&pick(*at), outcome.clone()).await;
        }
        Act::PayBy(method) => {
            let new = new_payment(METHODS[*method]);
            let asked = keyed("p", &format!("{}-{step}", first.order));
            if let ledger::Begun::Send { call, .. } =
                books.begin_payment(first.order, &new, &asked).await
            {
                payments.push(crate::support::again(&call));
            }
        }
        Act::Cancel => {
            let (merchant, id) = (books.merchant, first.order);
            // A refusal is an answer, too.
            books
                .run(move |tx| tx.cancel_order(merchant, id, Source::Merchant))
                .await
                .ok();
        }
        Act::Expire => {
            books.age(first.order, 400);
            books.run(|tx| tx.expire_orders(100)).await;
        }
    }
}

fn check(before: &OrderView, after: &OrderView) {
    if before.status == OrderState::Paid {
        assert!(matches!(
            after.status,
            OrderState::Paid | OrderState::Refunded | OrderState::Review
        ));
    }
    let is_open = |payment: &PaymentView| payment.status.is_open();
    if matches!(after.status, OrderState::Refunded | OrderState::Failed) {
        let was_the_orders = (after.payments.iter())
            .flat_map(|payment| &payment.receipts)
            .any(|receipt| receipt.amount == after.amount);
        let is_dead_end = after.payments.iter().any(is_open) && !was_the_orders;
        assert!(!is_dead_end, "{after:?}");
    }
    let grown = after.version - before.version;
    assert!(
        (0..=1).contains(&grown),
        "{} -> {}",
        before.version,
        after.version
    );
    if grown == 0 {
        assert_eq!(
            without_clock(before),
            without_clock(after),
            "a change without a version"
        );
    }
    for payment in &before.payments {
        let later = after
            .payments
            .iter()
            .find(|later| later.id == payment.id)
            .unwrap();
        if payment.status == PaymentState::Paid {
            assert!(matches!(
                later.status,
                PaymentState::Paid | PaymentState::Refunded | PaymentState::Review
            ));
        }
    }
}

/// The test itself moves expiries.
fn without_clock(view: &OrderView) -> OrderView {
    let mut view = view.clone();
    view.expires_at.clear();
    for payment in &mut view.payments {
        payment.expires_at.clear();
    }
    view
}

#[test]
fn the_books_stay_provable_whatever_is_said() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let books = runtime.block_on(Books::open());
    let mut runner = TestRunner::new(Config {
        cases: 96,
        failure_persistence: None,
        ..Config::default()
    });
    let number = std::cell::Cell::new(0);
    let sequences = (any::<bool>(), 0..3_usize, acts());
    let result = runner.run(&sequences, |(payer_chooses, method, acts)| {
        number.set(number.get() + 1);
        let reference = format!("S-{}", number.get());
        runtime.block_on(async {
            let method = METHODS[method];
            let first = if payer_chooses {
                let new = order(books.merchant, &reference, None);
                books.begin(&new, &claim(&reference)).await;
                books.further(new.id, method, &reference).await
            } else {
                books.start(&reference, method).await
            };
            let mut payments = vec![first.clone()];
            for (step, next) in acts.iter().enumerate() {
                let before = books.view(first.order).await;
                act(&books, &mut payments, step, next).await;
                check(&before, &books.view(first.order).await);
            }
            assert_eq!(books.findings().await, Vec::<String>::new());
        });
        Ok(())
    });
    result.unwrap();
}
