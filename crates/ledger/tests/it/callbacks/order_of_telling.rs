//! The truth does not depend on the order of its telling (contract 4.2), against the real tables: words
//! about up to three receipts of one order come by callbacks and inquiries, some of them at once over
//! two replicas, repeated under other headers and with other white space. Whatever the order, the order,
//! its receipts and the books end the same, and the books can be proven. `HISTORIES=N` for more.

use std::collections::BTreeMap;

use ayolinx_core::ids::{OrderId, PaymentId};
use ayolinx_core::json_style::minify;
use ayolinx_core::messages::notification::Notification;
use ayolinx_core::method::Method;
use ayolinx_core::order_view::ReceiptStatus;
use ayolinx_core::reading::{Channelled, ProviderWord};
use ayolinx_core::states::OrderState;
use futures_util::future::join_all;
use ledger::{InboundNotification, Ledger, Observation, Source, Urgency};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use sha2::{Digest as _, Sha256};

use crate::support::{Books, Started, context, settings};

/// How many truths are drawn; each is told in two orders.
const HISTORIES: u32 = 150;

/// A sum that the provider holds, in thousands, and the totals of it that went back.
#[derive(Debug, Clone)]
struct Held {
    is_transfer: bool,
    key: &'static str,
    amount: i64,
    returned: Vec<i64>,
    minute: u32,
}

#[derive(Debug, Clone)]
struct Truth {
    held: Vec<Held>,
    ended: Option<&'static str>,
}

/// A word, and the doors it comes by.
#[derive(Debug, Clone)]
struct Told {
    is_transfer: bool,
    body: String,
    by_inquiry: bool,
    seed: u64,
}

fn truths() -> impl Strategy<Value = Truth> {
    let held = (
        any::<bool>(),
        select(vec![150_i64, 150, 150, 100, 50, 157]),
        select(vec![0_u8, 0, 1, 2, 3]),
        select(vec![1_u32, 1, 2, 3]),
    );
    let ended = select(vec![None, None, Some("05"), Some("06")]);
    (prop::collection::vec(held, 1..=3), ended).prop_map(|(drawn, ended)| {
        let mut held: Vec<Held> = Vec::new();
        for (key, (is_transfer, amount, returned, minute)) in ["c", "a", "b"].into_iter().zip(drawn)
        {
            // A QRIS is paid once.
            let is_transfer = is_transfer || held.iter().any(|it| !it.is_transfer);
            held.push(Held {
                is_transfer,
                key,
                amount,
                returned: match returned {
                    0 => Vec::new(),
                    1 => vec![amount],
                    2 => vec![20],
                    _ => vec![20, amount],
                },
                minute,
            });
        }
        Truth { held, ended }
    })
}

impl Held {
    fn body(&self, payment: PaymentId, number: u32, status: &str, amount: i64) -> String {
        let key = format!("{}-{number}", self.key);
        let sum = format!(r#"{{"value":"{amount}000.00","currency":"IDR"}}"#);
        let time = format!("2026-01-01T10:0{}:00+07:00", self.minute);
        match (self.is_transfer, status) {
            (true, "00") => format!(
                r#"{{"trxId":"{payment}","paymentRequestId":"{key}","paidAmount":{sum},"additionalInfo":{{"paymentTimeIso8601":"{time}"}}}}"#
            ),
            (true, _) => format!(
                r#"{{"originalPartnerReferenceNo":"{payment}","paymentRequestId":"{key}","originalReferenceNo":"{key}","latestTransactionStatus":"{status}","amount":{sum}}}"#
            ),
            (false, _) => format!(
                r#"{{"originalPartnerReferenceNo":"{payment}","originalReferenceNo":"{key}","latestTransactionStatus":"{status}","amount":{sum},"finishedTime":"{time}"}}"#
            ),
        }
    }
}

impl Truth {
    fn words(&self, account: PaymentId, qris: PaymentId, number: u32, seed: u64) -> Vec<Told> {
        let mut words = Vec::new();
        let mut seed = seed;
        let mut add = |is_transfer: bool, is_success: bool, body: String| {
            seed = next(seed);
            let told = Told {
                is_transfer,
                // The answer to an inquiry names no transfer: of a success, its notice comes too.
                by_inquiry: seed.is_multiple_of(3) && !is_success,
                body,
                seed,
            };
            if seed.is_multiple_of(4) {
                let by_inquiry = is_success && seed.is_multiple_of(3);
                words.push(Told {
                    by_inquiry,
                    ..told.clone()
                });
            }
            words.push(told);
        };
        for held in &self.held {
            let payment = if held.is_transfer { account } else { qris };
            add(
                held.is_transfer,
                true,
                held.body(payment, number, "00", held.amount),
            );
            for total in &held.returned {
                add(
                    held.is_transfer,
                    false,
                    held.body(payment, number, "04", *total),
                );
            }
        }
        if let Some(status) = self.ended {
            let body = format!(
                r#"{{"originalPartnerReferenceNo":"{account}","latestTransactionStatus":"{status}"}}"#
            );
            add(true, false, body);
        }
        words
    }
}

fn next(seed: u64) -> u64 {
    seed.wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407)
        .rotate_left(17)
}

/// Says a word until it is taken, as the provider does.
async fn say(ledger: &Ledger, payment: PaymentId, told: &Told) {
    for _ in 0..10 {
        let said = if told.by_inquiry {
            let notification = Notification::parse(told.body.as_bytes()).unwrap();
            let mut word = ProviderWord::of_notification(&notification, Channelled::Inquiry);
            // The answer to an inquiry names no transfer of its own.
            word.payment_request_id = None;
            let observation = Observation::word(Source::Inquiry, word);
            ledger
                .at(Urgency::Write)
                .transact(move |tx| tx.apply(payment, &observation).map(drop))
                .await
        } else {
            let body = match told.seed % 3 {
                0 => told.body.replace("\":", "\" : "),
                _ => told.body.clone(),
            };
            let inbound = InboundNotification {
                path: "/v1.0/debit/notify",
                matched_route: "/v1.0/debit/notify",
                body_digest: Sha256::digest(minify(body.as_bytes())).into(),
                body: body.into_bytes(),
                headers: format!(r#"[["x-external-id","{}"]]"#, told.seed),
                channelled: Channelled::Callback,
            };
            ledger.receive(inbound).await.map(drop)
        };
        match said {
            Ok(()) => return,
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
    }
    panic!("never taken: {told:?}");
}

fn shuffled(mut words: Vec<Told>, mut seed: u64) -> Vec<Told> {
    for place in (1..words.len()).rev() {
        seed = next(seed);
        let other = usize::try_from(seed % (u64::try_from(place).unwrap() + 1)).unwrap();
        words.swap(place, other);
    }
    words
}

/// What an order has come to, apart from its names and times.
#[derive(Debug, PartialEq, Eq)]
struct End {
    state: OrderState,
    paid: String,
    receipts: BTreeMap<String, (String, String, String)>,
    books: String,
}

struct Replicas {
    books: Books,
    second: Ledger,
}

impl Replicas {
    async fn order(&self, number: u32) -> (Started, Started) {
        let reference = format!("T-{number}");
        let account = self
            .books
            .pending_by(&reference, Method::VirtualAccount)
            .await;
        let qris = self
            .books
            .further(account.order, Method::Qris, &reference)
            .await;
        self.books.accept(&qris, Method::Qris).await;
        (account, qris)
    }

    async fn tell(&self, truth: &Truth, number: u32, (words, order): (u64, u64)) -> End {
        let (account, qris) = self.order(number).await;
        let words = truth.words(account.payment, qris.payment, number, words);
        let words = shuffled(words, order);
        let payment = |told: &Told| match told.is_transfer {
            true => account.payment,
            false => qris.payment,
        };
        let replicas = [&self.books.ledger, &self.second];
        // By turns, or several at once over both.
        let at_once = usize::try_from(order % 3).unwrap() + 1;
        for chunk in words.chunks(at_once) {
            let said = chunk.iter().enumerate();
            let said = said.map(|(at, told)| say(replicas[at % 2], payment(told), told));
            join_all(said).await;
        }
        let before = self.end(account.order).await;
        for told in &words {
            say(&self.second, payment(told), told).await;
        }
        let after = self.end(account.order).await;
        assert_eq!(
            before, after,
            "told once more it changes nothing: {truth:?}"
        );
        after
    }

    async fn end(&self, order: OrderId) -> End {
        let view = self.books.view(order).await;
        let status = |status: ReceiptStatus| format!("{status:?}");
        let mut receipts = BTreeMap::new();
        for receipt in view.payments.iter().flat_map(|payment| &payment.receipts) {
            let name = receipt.provider_reference.clone().unwrap_or_default();
            let name = name.chars().take(1).collect::<String>();
            let line = (
                receipt.amount.value.clone(),
                receipt.returned_amount.value.clone(),
                status(receipt.status),
            );
            assert!(
                receipts.insert(name, line).is_none(),
                "a receipt stands twice: {view:?}"
            );
        }
        let books = self.books.sql(&format!(
            "SELECT coalesce(string_agg(account || ' ' || minor, ', ' ORDER BY account), '') FROM ( \
                 SELECT account, sum(minor) AS minor FROM entries e JOIN journals j ON j.id = e.journal_id \
                 WHERE j.order_id = '{}' GROUP BY account HAVING sum(minor) <> 0) sums",
            order.as_uuid()
        ));
        End {
            state: view.status,
            paid: view.paid_amount.value,
            receipts,
            books,
        }
    }
}

fn rest(truth: &Truth) -> i64 {
    let gone = |held: &Held| held.returned.iter().copied().max().unwrap_or(0);
    truth.held.iter().map(|held| held.amount - gone(held)).sum()
}

#[test]
fn the_same_words_end_in_one_state_and_one_set_of_balances() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let replicas = runtime.block_on(async {
        let books = Books::open().await;
        let second = Ledger::new(&settings(books.database.services_url()), context());
        Replicas { books, second }
    });
    let wanted = std::env::var("HISTORIES").ok();
    let mut runner = TestRunner::new(Config {
        cases: wanted.map_or(HISTORIES, |text| text.parse().unwrap()),
        failure_persistence: None,
        max_shrink_iters: 20,
        ..Config::default()
    });
    let number = std::cell::Cell::new(0_u32);
    let drawn = (truths(), any::<u64>(), any::<(u64, u64)>());
    let result = runner.run(&drawn, |(truth, words, orders)| {
        number.set(number.get() + 2);
        let at = number.get();
        runtime.block_on(async {
            let first = replicas.tell(&truth, at, (words, orders.0)).await;
            let second = replicas.tell(&truth, at + 1, (words, orders.1)).await;
            assert_eq!(first, second, "{truth:?}");
            let held = rest(&truth) * 100_000;
            let is_right = match held {
                0 => first.books.is_empty(),
                held => first.books.contains(&format!("provider_receivable {held}")),
            };
            assert!(is_right, "{} and not {held} for {truth:?}", first.books);
        });
        Ok(())
    });
    result.unwrap();
    let findings = runtime.block_on(replicas.books.findings());
    assert_eq!(findings, Vec::<String>::new());
    let told = replicas.books.sql("SELECT sum(seen) FROM notifications");
    println!("{} histories, {told} callbacks", number.get());
}
