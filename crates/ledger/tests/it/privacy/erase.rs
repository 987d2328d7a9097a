//! A payer is erased: nothing names one any more, and the books stand as before.

use ayolinx_core::ids::OrderId;
use ayolinx_core::method::Method;
use ayolinx_core::order_view::Customer;
use ayolinx_core::reading::Channelled;
use ayolinx_core::sealing::Keyring;
use ayolinx_core::secret::Secret;
use chrono::TimeDelta;
use ledger::{
    Begun, Erased, Erasing, InboundNotification, NewOrder, RefusedNotification, SoughtPayer,
    Source, StoredReply,
};
use uuid::Uuid;

use crate::privacy::plain_text::{CANARY, leaks};
use crate::support::{Books, Started, claim, keyed, order, started};

fn erasing(is_dry: bool) -> Erasing {
    Erasing {
        source: Source::Operator,
        by: "ticket-7".to_owned(),
        with_free_text: false,
        is_dry,
    }
}

fn canary() -> Customer {
    Customer {
        name: Some(format!("Budi {CANARY}")),
        email: Some(format!("{CANARY}@example.co.id")),
        phone: Some("081299998888".to_owned()),
    }
}

fn named(books: &Books, reference: &str) -> NewOrder {
    NewOrder {
        customer: Some(canary()),
        description: Some(format!("for BUDI {CANARY}, call 081299998888")),
        metadata: Some(format!(r#"{{"mail":"{CANARY}@example.co.id"}}"#)),
        ..order(books.merchant, reference, Some(Method::VirtualAccount))
    }
}

/// A paid order whose payer stands wherever one can.
async fn paid_by_canary(books: &Books, reference: &str) -> Started {
    let one = started(
        books
            .begin(&named(books, reference), &keyed(reference, reference))
            .await,
    );
    let mut outcome = crate::support::accepted(Method::VirtualAccount);
    if let ledger::CallOutcome::Accepted(observation) = &mut outcome
        && let Some(ayolinx_core::artefact::Artefact::VirtualAccount { account_name, .. }) =
            &mut observation.artefact
    {
        *account_name = CANARY.to_uppercase();
    }
    books.settle(&one, outcome).await;
    let body = serde_json::to_vec(&books.view(one.order).await).unwrap();
    let creation = one.creation.unwrap();
    let reply = StoredReply { status: 201, body };
    books.run(move |tx| tx.keep_reply(creation, &reply)).await;
    let said = format!(
        r#"{{"trxId":"{}","paymentRequestId":"T-{reference}","virtualAccountName":"{CANARY}",
            "paidAmount":{{"value":"150000.00","currency":"IDR"}}}}"#,
        one.payment
    );
    let refused = RefusedNotification {
        path: "/v1.0/transfer-va/payment".to_owned(),
        query: None,
        headers: "{}".to_owned(),
        body: said.clone().into_bytes(),
        reason: "bad signature".to_owned(),
        explanation: None,
    };
    let inbound = InboundNotification {
        path: "/v1.0/transfer-va/payment",
        matched_route: "/v1.0/transfer-va/payment",
        body: said.into_bytes(),
        body_digest: one.order.as_uuid().as_bytes().repeat(2).try_into().unwrap(),
        headers: "{}".to_owned(),
        channelled: Channelled::Callback,
    };
    books.run(move |tx| tx.keep_refused(&refused)).await;
    books.run(move |tx| tx.receive(&inbound)).await;
    one
}

/// Everything that is sealed, opened with the key that the books have.
fn opened(books: &Books) -> Vec<String> {
    let keyring = Keyring::new(&[Secret::new("test key".to_owned())]).unwrap();
    let places = [
        "SELECT 'payer:' || order_id, encode(sealed, 'hex') FROM payers",
        "SELECT 'reply:' || id, encode(reply_sealed, 'hex') FROM creations WHERE reply_sealed IS NOT NULL",
        "SELECT 'notification:' || id, encode(body_sealed, 'hex') FROM notifications",
        "SELECT 'refused notification', encode(body_sealed, 'hex') FROM rejected_notifications",
    ];
    let mut all = Vec::new();
    for place in places {
        for line in books.sql(place).lines() {
            let (context, hex) = line.split_once('|').unwrap();
            let digits: Vec<char> = hex.chars().collect();
            let byte = |pair: &[char]| {
                let pair: String = pair.iter().collect();
                u8::from_str_radix(&pair, 16).unwrap()
            };
            let sealed: Vec<u8> = digits.chunks(2).map(byte).collect();
            let plain = keyring.open(&sealed, context.as_bytes()).unwrap();
            all.push(String::from_utf8(plain.to_vec()).unwrap().to_lowercase());
        }
    }
    all
}

async fn erase(books: &Books, order: OrderId, how: &Erasing) -> Erased {
    books.ledger.erase_payer(order, how).await.unwrap()
}

const TOTALS: &str =
    "SELECT count(*) || ' ' || sum(paid_minor) || ' ' || sum(amount_minor) FROM orders";

async fn assert_nobody_is_told_of_the_payer(books: &Books) {
    let due = books
        .run(|tx| tx.lease_deliveries(10, 10, TimeDelta::seconds(30)))
        .await;
    assert_eq!(due.len(), 2);
    for delivery in due {
        let body = String::from_utf8(delivery.body).unwrap();
        assert!(!body.to_lowercase().contains(CANARY), "{body}");
        assert!(body.contains(r#""customer":null"#), "{body}");
    }
}

#[tokio::test]
async fn nothing_of_an_erased_payer_is_left_and_the_books_stand() {
    let books = Books::open().await;
    books.endpoint("hook").await;
    let one = paid_by_canary(&books, "A-1").await;
    let (held, totals) = (books.held().await, books.sql(TOTALS));
    assert!(
        opened(&books)
            .iter()
            .filter(|text| text.contains(CANARY))
            .count()
            >= 4
    );
    let before = books.view(one.order).await;

    let erased = erase(&books, one.order, &erasing(false)).await;

    let expected = Erased {
        is_busy: false,
        payers: 1,
        replies: 1,
        callbacks: 1,
        refused: 1,
        texts: 2,
        events: 2,
    };
    assert_eq!(erased, expected);
    assert_eq!(leaks(&books), Vec::<String>::new());
    for text in opened(&books) {
        assert!(
            !text.contains(CANARY) && !text.contains("99998888"),
            "{text}"
        );
    }
    assert_eq!(books.count("orders WHERE description LIKE '%9999%'"), 0);
    books.audit().await;
    assert_eq!((books.held().await, books.sql(TOTALS)), (held, totals));
    let after = books.view(one.order).await;
    assert_eq!(
        (after.customer, after.description, after.metadata),
        (None, None, None)
    );
    assert_eq!(after.version, before.version + 1);
    assert_eq!(
        (after.status, after.paid_amount),
        (before.status, before.paid_amount)
    );
    assert_nobody_is_told_of_the_payer(&books).await;
    let again = books
        .begin(&named(&books, "A-1"), &keyed("A-1", "A-1"))
        .await;
    assert!(
        matches!(again, Begun::Erased(id) if id == one.order),
        "{again:?}"
    );
    let history = books.run(move |tx| tx.history_of(one.order)).await;
    let last = history.last().unwrap();
    assert_eq!(
        (last.fact.as_str(), last.source.as_str()),
        ("payer_erased", "operator")
    );
    assert_eq!(last.detail.as_deref(), Some("by ticket-7"));
    let nothing = erase(&books, one.order, &erasing(false)).await;
    assert_eq!(nothing, Erased::default());
    assert_eq!(
        books.run(move |tx| tx.history_of(one.order)).await.len(),
        history.len()
    );
}

#[tokio::test]
async fn an_erased_callback_is_still_known_when_it_comes_again() {
    let books = Books::open().await;
    let one = paid_by_canary(&books, "A-1").await;
    erase(&books, one.order, &erasing(false)).await;
    let merchant = books.merchant;
    let timeline = books.run(move |tx| tx.timeline(merchant, one.order)).await;
    let said = timeline.iter().filter_map(|item| item.detail.as_deref());
    assert!(
        said.clone().any(|text| text.contains("erased; came 1x")),
        "{timeline:?}"
    );
    let again = InboundNotification {
        path: "/v1.0/transfer-va/payment",
        matched_route: "/v1.0/transfer-va/payment",
        body: b"{}".to_vec(),
        body_digest: one.order.as_uuid().as_bytes().repeat(2).try_into().unwrap(),
        headers: "{}".to_owned(),
        channelled: Channelled::Callback,
    };
    let received = books.run(move |tx| tx.receive(&again)).await;
    assert_eq!(received, ledger::Received::Duplicate);
    books.audit().await;
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_changes_nothing() {
    let books = Books::open().await;
    let one = paid_by_canary(&books, "A-1").await;
    let before = books.view(one.order).await;
    let would = erase(&books, one.order, &erasing(true)).await;
    assert_eq!(books.view(one.order).await, before);
    assert_eq!(
        opened(&books)
            .iter()
            .filter(|text| text.contains(CANARY))
            .count(),
        4
    );
    assert_eq!(erase(&books, one.order, &erasing(false)).await, would);
}

#[tokio::test]
async fn free_text_that_does_not_name_the_payer_goes_only_when_asked_for() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    erase(&books, one.order, &erasing(false)).await;
    let kept = books.view(one.order).await;
    assert_eq!(kept.description.as_deref(), Some("Kopi susu 3x"));
    let all = Erasing {
        with_free_text: true,
        ..erasing(false)
    };
    let erased = erase(&books, one.order, &all).await;
    assert_eq!((erased.texts, erased.events), (3, 1));
    assert_eq!(books.view(one.order).await.description, None);
    assert_eq!(books.count("events WHERE body LIKE '%Kopi%'"), 0);
    books.audit().await;
}

#[tokio::test]
async fn a_payer_whose_create_is_under_way_stays() {
    let books = Books::open().await;
    let one = books.creating("A-1").await;
    let held_back = erase(&books, one.order, &erasing(false)).await;
    assert!(held_back.is_busy && !held_back.is_anything());
    assert_eq!(books.count("payers"), 1);
}

#[tokio::test]
async fn all_orders_of_a_payer_are_found_and_nobody_elses() {
    let books = Books::open().await;
    let mine = [
        paid_by_canary(&books, "A-1").await,
        paid_by_canary(&books, "A-2").await,
    ];
    let other = books.pending("B-1").await;
    let merchant = books.merchant;
    let seek = |sought: SoughtPayer| {
        books.run(move |tx| {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let (page, next) = tx.orders_of_payer(merchant, &sought, after, 2)?;
                found.extend(page);
                after = next;
                if after.is_none() {
                    return Ok(found);
                }
            }
        })
    };
    let email = Some(format!("{}@example.co.id", CANARY.to_uppercase()));
    let phone = Some("+62 812-9999-8888".to_owned());
    for sought in [
        SoughtPayer { email, phone: None },
        SoughtPayer { email: None, phone },
    ] {
        let mut found = seek(sought).await;
        found.sort();
        assert_eq!(found, [mine[0].order, mine[1].order]);
    }
    erase(&books, mine[0].order, &erasing(false)).await;
    assert!(books.view(mine[1].order).await.customer.is_some());
    assert!(books.view(other.order).await.customer.is_some());
}

/// An order that was made so many days ago, as its id tells.
async fn made_ago(books: &Books, reference: &str, days: u64) -> Started {
    let at = chrono::Utc::now() - chrono::Days::new(days);
    let seconds = u64::try_from(at.timestamp()).unwrap();
    let stamp = uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0);
    let new = NewOrder {
        id: OrderId::from_uuid(Uuid::new_v7(stamp)),
        ..order(books.merchant, reference, Some(Method::Qris))
    };
    let one = started(books.begin(&new, &claim(reference)).await);
    books.accept(&one, Method::Qris).await;
    books.sql(&format!(
        "UPDATE orders SET created_at = created_at - interval '{days} days' WHERE id = '{}'",
        new.id.as_uuid()
    ));
    one
}

#[tokio::test]
async fn payers_of_past_orders_are_erased_when_their_time_is_over() {
    let books = Books::open().await;
    let old = made_ago(&books, "A-1", 100).await;
    let open = made_ago(&books, "A-2", 100).await;
    let young = made_ago(&books, "A-3", 50).await;
    for one in [&old, &young] {
        books.say(one.payment, crate::support::paid()).await;
    }
    assert_eq!(books.ledger.erase_old_payers(2).await.unwrap(), 1);
    assert_eq!(books.view(old.order).await.customer, None);
    assert!(books.view(young.order).await.customer.is_some());
    assert!(books.view(open.order).await.customer.is_some());
    assert_eq!(books.ledger.erase_old_payers(2).await.unwrap(), 0);
    let history = books.run(move |tx| tx.history_of(old.order)).await;
    let last = history.last().unwrap();
    assert_eq!(last.detail.as_deref(), Some("by retention of 2 months"));
}

#[tokio::test]
async fn after_a_restore_no_number_is_handed_out_again() {
    let books = Books::open().await;
    for reference in ["A-1", "A-2"] {
        books.pending_by(reference, Method::VirtualAccount).await;
    }
    let newest = "SELECT max(customer_no)::bigint FROM payments";
    assert_eq!(books.sql(newest), "2");
    // A restore to a moment before the second one.
    books.sql("SELECT setval('virtual_account_customers', 1)");
    let done = books.run(|tx| tx.after_restore(1000)).await;
    assert_eq!((done.known_number, done.skipped_to), (1, 1001));
    assert_eq!(
        (done.inquiries, done.links, done.is_feed_ahead),
        (2, 0, false)
    );
    books.pending_by("A-3", Method::VirtualAccount).await;
    assert_eq!(books.sql(newest), "1002");
    assert_eq!(
        books.count("provider_work WHERE kind = 'inquire' AND due_at <= now()"),
        2
    );
    books.sql("UPDATE events SET transaction = '4000000000'::xid8");
    assert!(books.run(|tx| tx.after_restore(1)).await.is_feed_ahead);
}
