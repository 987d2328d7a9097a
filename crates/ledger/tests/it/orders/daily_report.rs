//! A day's report against the journal: midnights in Jakarta, refunds and late money on later days.

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::intake::ReviewVerdict;
use ayolinx_core::method::Method;
use ayolinx_core::payment::Fact;
use chrono::{DateTime, TimeDelta, Utc};
use ledger::{PeriodReport, Sum, Way, WayFigures};
use uuid::Uuid;

use crate::support::{Books, PRICE, claim, order, paid, started, transfer, word};

/// The first moment of a day of November 2025 in Jakarta: long ago, so that what was just written is told
/// apart from it.
fn midnight(day: i64) -> DateTime<Utc> {
    let first: DateTime<Utc> = "2025-10-31T17:00:00Z".parse().unwrap();
    first + TimeDelta::days(day - 1)
}

async fn report(books: &Books, day: i64) -> PeriodReport {
    let merchant = books.merchant;
    books
        .run_for_shop(move |tx| tx.report(merchant, midnight(day), midnight(day + 1)))
        .await
}

fn figures(report: &PeriodReport, method: Option<&str>, channel: Option<&str>) -> WayFigures {
    let way = Way {
        method: method.map(str::to_owned),
        channel: channel.map(str::to_owned),
    };
    report.ways.get(&way).copied().unwrap_or_default()
}

fn qris(report: &PeriodReport) -> WayFigures {
    figures(report, Some("qris"), Some("BNC_QRIS"))
}

fn account(report: &PeriodReport) -> WayFigures {
    figures(report, Some("virtual_account"), Some("VIRTUAL_ACCOUNT_BNI"))
}

fn rupiah(count: i64, whole: i64) -> Sum {
    Sum {
        count,
        minor: whole * 100,
    }
}

impl Books {
    /// An order and its payments were made at this moment.
    fn made_at(&self, order: OrderId, at: DateTime<Utc>) {
        let id = order.as_uuid();
        self.sql(&format!(
            "UPDATE orders SET created_at = '{at}' WHERE id = '{id}'"
        ));
        self.sql(&format!(
            "UPDATE payments SET created_at = '{at}' WHERE order_id = '{id}'"
        ));
    }

    /// What was booked for a payment since this was last said, was booked at this moment.
    fn booked_at(&self, payment: PaymentId, at: DateTime<Utc>) {
        self.sql(&format!(
            "ALTER TABLE journals DISABLE TRIGGER USER; \
             UPDATE journals SET created_at = '{at}' WHERE payment_id = '{}' \
                AND created_at > now() - interval '1 hour'; \
             ALTER TABLE journals ENABLE TRIGGER USER",
            payment.as_uuid()
        ));
    }

    /// What was told of an order since this was last said, was told at this moment.
    fn told_at(&self, order: OrderId, at: DateTime<Utc>) {
        self.sql(&format!(
            "UPDATE events SET created_at = '{at}' WHERE order_id = '{}' \
             AND created_at > now() - interval '1 hour'",
            order.as_uuid()
        ));
    }
}

/// Orders on the 3rd and around it.
async fn around_the_3rd(books: &Books) {
    let (begins, ends) = (midnight(3), midnight(4));
    let instant = TimeDelta::microseconds(1);
    let a = books.pending("A").await;
    books.made_at(a.order, begins);
    books.say(a.payment, paid()).await;
    books.booked_at(a.payment, ends - instant);
    books.say(a.payment, word("04", 50_000)).await;
    books.booked_at(a.payment, ends + TimeDelta::days(1));

    let b = books.pending_by("B", Method::VirtualAccount).await;
    books.made_at(b.order, ends - instant);
    books.say(b.payment, transfer("T-1", PRICE)).await;
    books.booked_at(b.payment, ends);
    books.say(b.payment, transfer("T-2", PRICE)).await;
    books.booked_at(b.payment, begins);
    let mut back = word("04", PRICE);
    back.payment_request_id = Some("T-2".to_owned());
    books.say(b.payment, back).await;
    books.booked_at(b.payment, ends);

    let c = books.pending("C").await;
    books.made_at(c.order, begins - instant);
    books.age(c.order, 3_600);
    books.fact(c.payment, Fact::ExpiryReached).await;
    books.sql("UPDATE orders SET expiry_due_at = now() - interval '1 s' WHERE reference = 'C'");
    books.run(|tx| tx.expire_orders(50)).await;
    books.told_at(c.order, ends - instant);
    books.say(c.payment, paid()).await;
    books.booked_at(c.payment, ends + TimeDelta::hours(30));
    books.told_at(c.order, ends);

    let d = books.pending("D").await;
    books.made_at(d.order, begins + TimeDelta::hours(1));
    books.say(d.payment, word("00", 149_000)).await;
    books.booked_at(d.payment, begins);
    books.resolve(d.order, ReviewVerdict::Accept).await;
    books.booked_at(d.payment, ends + TimeDelta::days(1));

    let alone = order(books.merchant, "E", None);
    books.begin(&alone, &claim("E")).await;
    books.made_at(alone.id, begins);
    let f = books.pending_by("F", Method::Retail).await;
    books.made_at(f.order, begins);
    books.say(f.payment, word("06", PRICE)).await;
    books.told_at(f.order, ends - instant);
}

#[tokio::test]
async fn each_day_tells_what_happened_on_it() {
    let books = Books::open().await;
    around_the_3rd(&books).await;
    let day = report(&books, 3).await;
    assert!(!day.events_are_gone);
    let of_qris = qris(&day);
    assert_eq!((of_qris.orders, of_qris.expired, of_qris.failed), (2, 1, 0));
    assert_eq!(of_qris.received, rupiah(1, PRICE));
    assert_eq!(of_qris.held, rupiah(1, 149_000));
    assert_eq!(of_qris.refunded, Sum::default());
    let of_account = account(&day);
    assert_eq!(
        (of_account.orders, of_account.received),
        (1, Sum::default())
    );
    assert_eq!(of_account.held, rupiah(1, PRICE));
    let retail = figures(&day, Some("retail"), Some("ALFAMART"));
    assert_eq!((retail.orders, retail.failed), (1, 1));
    assert_eq!(figures(&day, None, None).orders, 1);
    assert_eq!(day.ways.len(), 4, "{day:?}");

    let next = report(&books, 4).await;
    assert_eq!(account(&next).received, rupiah(1, PRICE));
    assert_eq!(account(&next).released, rupiah(1, PRICE));
    assert_eq!(next.ways.len(), 1, "{next:?}");
    let after = qris(&report(&books, 5).await);
    assert_eq!(after.received, rupiah(1, PRICE), "late money");
    assert_eq!(after.accepted, rupiah(1, 149_000));
    assert_eq!(after.refunded, rupiah(1, 50_000));
    let before = report(&books, 2).await;
    assert_eq!(qris(&before).orders, 1);
    assert_eq!(before.ways.len(), 1, "{before:?}");
}

#[tokio::test]
async fn the_sum_of_the_days_is_the_sum_of_the_journal() {
    let books = Books::open().await;
    around_the_3rd(&books).await;
    let (mut owed, mut waiting) = (0, 0);
    for day in 1..=10 {
        let told = report(&books, day).await;
        let sum =
            |of: fn(&WayFigures) -> Sum| told.ways.values().map(|way| of(way).minor).sum::<i64>();
        let received = sum(|way| way.received) + sum(|way| way.accepted);
        let booked = books.sql(&format!(
            "SELECT coalesce(-sum(e.minor), 0) FROM entries e JOIN journals j ON j.id = e.journal_id \
             WHERE e.account = 'merchant_payable' AND e.minor < 0 \
             AND (j.created_at AT TIME ZONE 'Asia/Jakarta')::date = '2025-11-{day:02}'"
        ));
        assert_eq!(received.to_string(), booked, "day {day}");
        owed += received - sum(|way| way.refunded);
        waiting += sum(|way| way.held) + sum(|way| way.displaced)
            - sum(|way| way.accepted)
            - sum(|way| way.released);
    }
    assert_eq!((owed / 100, waiting / 100), books.held().await);
    assert_eq!(books.held().await, (3 * PRICE - 50_000 + 149_000, 0));
    books.audit().await;
}

#[tokio::test]
async fn nobody_elses_day_is_told_and_what_is_no_longer_known_is_said() {
    let books = Books::open().await;
    let other = MerchantId::from_uuid(Uuid::now_v7());
    books.run(move |tx| tx.add_merchant(other, "Toko")).await;
    let hers = order(other, "A-1", Some(Method::Qris));
    let begun = started(books.begin(&hers, &claim("A-1")).await);
    books.accept(&begun, Method::Qris).await;
    books.say(begun.payment, paid()).await;
    let (merchant, now) = (books.merchant, Utc::now());
    let around = move |of: MerchantId| {
        let (from, to) = (now - TimeDelta::days(1), now + TimeDelta::days(1));
        told_of(of, from, to)
    };
    let mine = books.run(around(merchant)).await;
    assert_eq!(mine, PeriodReport::default());
    assert_eq!(
        qris(&books.run(around(other)).await).received,
        rupiah(1, PRICE)
    );
    let through_the_wall = books.run_for_shop(around(other)).await;
    assert_eq!(through_the_wall, PeriodReport::default());
    books.sql("INSERT INTO partition_drops VALUES ('outbox', (now() + interval '2 days')::date)");
    assert!(books.run(around(merchant)).await.events_are_gone);
}

fn told_of(
    of: MerchantId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> impl FnOnce(&mut ledger::Tx<'_>) -> Result<PeriodReport, ledger::LedgerError> + Send + 'static
{
    move |tx| tx.report(of, from, to)
}
