//! Lists of orders: every filter, and pages without gaps or repeats.

use ayolinx_core::ids::{MerchantId, OrderId};
use ayolinx_core::method::Method;
use ayolinx_core::states::OrderState;
use chrono::{DateTime, Utc};
use ledger::{OrderFilter, Urgency};
use uuid::Uuid;

use crate::support::crowd::{Filters, expected, plant};
use crate::support::{Books, PRICE, claim, order, paid, word};

async fn references(books: &Books, filter: OrderFilter) -> Vec<String> {
    let merchant = books.merchant;
    let page = books
        .run(move |tx| tx.list_orders(merchant, &filter, None, 200))
        .await;
    assert!(page.next.is_none());
    page.orders
        .into_iter()
        .map(|order| order.reference)
        .collect()
}

fn at(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse().unwrap())
}

#[tokio::test]
async fn pages_over_250_orders_have_no_gap_and_no_repeat() {
    let books = Books::open().await;
    let merchant = books.merchant;
    books
        .run(move |tx| {
            for number in 0..250 {
                let reference = format!("A-{number:03}");
                tx.begin_order(&order(merchant, &reference, None), &claim(&reference))?;
            }
            Ok(())
        })
        .await;
    // All of one transaction bear the same time: only the id tells them apart.
    assert_eq!(
        books.sql("SELECT count(DISTINCT created_at) FROM orders"),
        "1"
    );
    books.sql("UPDATE orders SET created_at = created_at - interval '1 s' * (random() * 5)::int");
    let expected = books.sql("SELECT reference FROM orders ORDER BY created_at DESC, id DESC");
    for limit in [1, 7, 50, 125, 250, 251] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = books
                .run(move |tx| tx.list_orders(merchant, &OrderFilter::default(), after, limit))
                .await;
            assert!(page.orders.len() <= usize::try_from(limit).unwrap());
            seen.extend(page.orders.into_iter().map(|order| order.reference));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.join("\n"), expected, "{limit}");
    }
}

/// A paid by QRIS on day 1, B failed by virtual account on day 2, C open by link and QRIS on day 3.
async fn three_orders() -> Books {
    let books = Books::open().await;
    let a = books.pending("A").await;
    books.say(a.payment, paid()).await;
    let b = books.pending_by("B", Method::VirtualAccount).await;
    books.say(b.payment, word("06", PRICE)).await;
    let c = books.pending_by("C", Method::PaymentLink).await;
    books.further(c.order, Method::Qris, "k").await;
    for (reference, day) in [("A", 1), ("B", 2), ("C", 3)] {
        books.sql(&format!(
            "UPDATE orders SET created_at = '2026-01-0{day} 00:00:00+00' \
             WHERE reference = '{reference}'"
        ));
    }
    books.sql("UPDATE orders SET paid_at = '2026-02-01 00:00:00+00' WHERE paid_at IS NOT NULL");
    books
}

#[tokio::test]
async fn every_filter_leaves_what_it_says() {
    let books = three_orders().await;
    type Change = fn(&mut OrderFilter);
    let cases: [(Change, &[&str]); 13] = [
        (|_| {}, &["C", "B", "A"]),
        (|all| all.reference = Some("B".into()), &["B"]),
        (|all| all.reference = Some("b".into()), &[]),
        (|all| all.state = Some(OrderState::Paid), &["A"]),
        (|all| all.state = Some(OrderState::Failed), &["B"]),
        (|all| all.method = Some("qris".into()), &["C", "A"]),
        (|all| all.method = Some("payment_link".into()), &["C"]),
        (
            |all| all.channel = Some("VIRTUAL_ACCOUNT_BNI".into()),
            &["B"],
        ),
        (
            |all| {
                all.method = Some("payment_link".into());
                all.channel = Some("BNC_QRIS".into());
            },
            &[],
        ),
        (
            |all| all.created_from = at("2026-01-02T00:00:00Z"),
            &["C", "B"],
        ),
        (|all| all.created_to = at("2026-01-02T00:00:00Z"), &["A"]),
        (|all| all.paid_from = at("2026-02-01T00:00:00Z"), &["A"]),
        (|all| all.paid_to = at("2026-02-01T00:00:00Z"), &[]),
    ];
    for (change, expected) in cases {
        let mut filter = OrderFilter::default();
        change(&mut filter);
        let found = references(&books, filter.clone()).await;
        assert_eq!(found, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn any_filters_together_tell_the_whole_list_however_few_fit() {
    const MANY: u32 = 4_000;
    let books = Books::open().await;
    plant(&books, "SELECT id FROM merchants", MANY);
    let merchant = books.merchant;
    let mut filters = Filters::over(MANY);
    let (mut short, mut empty) = (0, 0);
    for number in 0..60 {
        let (filter, limit) = (filters.draw(), [40, 200][number % 2]);
        let mut found = Vec::new();
        let mut after = None;
        for pages in 1.. {
            let wanted = filter.clone();
            let page = books
                .run_for_shop(move |tx| tx.list_orders(merchant, &wanted, after, limit))
                .await;
            let size = i64::try_from(page.orders.len()).unwrap();
            assert!(size <= limit, "{filter:?}");
            found.extend(page.orders.into_iter().map(|order| order.reference));
            if page.next.is_none() {
                break;
            }
            assert!(
                page.next < after || after.is_none(),
                "it goes on: {filter:?}"
            );
            assert!(pages < i64::from(MANY) / limit + 20, "it ends: {filter:?}");
            short += i32::from(size < limit);
            empty += i32::from(size == 0);
            after = page.next;
        }
        let all = expected(&books, merchant, &filter);
        assert_eq!(found.join("\n"), all, "{filter:?}, {limit} a page");
    }
    assert!(
        short > 0 && empty > 0,
        "no look came to its bound: {short}, {empty}"
    );
}

#[tokio::test]
async fn another_merchants_orders_are_not_there() {
    let books = Books::open().await;
    let one = books.pending("A").await;
    let stranger = MerchantId::from_uuid(Uuid::now_v7());
    let page = books
        .run(move |tx| tx.list_orders(stranger, &OrderFilter::default(), None, 10))
        .await;
    assert!(page.orders.is_empty());
    let id = one.order;
    for found in [
        books
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.order_view(stranger, id).map(drop))
            .await,
        books
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.order_pulse(stranger, id).map(drop))
            .await,
        books
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.payments_of_order(stranger, id).map(drop))
            .await,
        books
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.plan_cancel(stranger, id).map(drop))
            .await,
    ] {
        assert!(
            matches!(found, Err(ledger::LedgerError::NotFound)),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn an_operator_finds_an_order_by_any_name() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    for name in [
        "A-1".to_owned(),
        one.order.to_string(),
        one.payment.to_string(),
    ] {
        let found = books.run(move |tx| tx.orders_named(&name)).await;
        assert_eq!(found, [one.order]);
    }
    assert!(books.run(|tx| tx.orders_named("nothing")).await.is_empty());
}

#[tokio::test]
async fn an_operator_is_told_whose_an_order_is() {
    let books = Books::open().await;
    let other = MerchantId::from_uuid(Uuid::now_v7());
    books.run(move |tx| tx.add_merchant(other, "Toko")).await;
    let (mine, theirs) = (
        order(books.merchant, "A-1", None),
        order(other, "A-1", None),
    );
    for new in [mine, theirs] {
        let (id, merchant) = (new.id, new.merchant_id);
        books.begin(&new, &claim("A-1")).await;
        assert_eq!(books.run(move |tx| tx.merchant_of(id)).await, merchant);
    }
    let nobodys = OrderId::from_uuid(Uuid::now_v7());
    let found = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.merchant_of(nobodys))
        .await;
    assert!(
        matches!(found, Err(ledger::LedgerError::NotFound)),
        "{found:?}"
    );
}
