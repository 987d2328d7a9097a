//! Every plan that the server makes for a whole life of the books, looked at: none reads a table
//! whole that grows with the number of orders. The server itself tells the plans (`auto_explain`),
//! those of triggers too. The ledger's sessions avoid such plans, so one means: there is no index.

mod explained;
mod feed;
mod idle_looks;
mod lists;
mod work;

use std::sync::Arc;

use ayolinx_core::event::EventType;
use ayolinx_core::ids::EventId;
use ayolinx_core::method::Method;
use ayolinx_core::reading::Channelled;
use ayolinx_core::states::OrderState;
use chrono::{TimeDelta, Utc};
use ledger::{
    Backlog, Begun, CallEnd, DeliveryNext, Dismissal, FeedPlace, KeepReply, List, NotedCall,
    OnUntaken, OrderFilter, PageEnd, Received, RedeliveryRange, RefusedNotification, Source,
    StoredReply, WorkKind, WorkNext,
};
use uuid::Uuid;

use self::explained::{BIG, conditions, explained, read_whole, touched};
use crate::callbacks::inbox::{inbound, says};
use crate::support::{Books, Started, accepted, keyed, order, paid, started};
use crate::webhooks::endpoints::{lease, settle, test_event};

/// Created with a key and its reply kept, in commits that may be shared; asked for again by the same
/// key and by another.
async fn create(books: &Books) -> Started {
    let (new, claim) = (
        order(books.merchant, "A-1", Some(Method::Qris)),
        keyed("A-1", "key"),
    );
    let begin = |claim| {
        let untaken: OnUntaken = Arc::new(|begun| panic!("not taken: {begun:?}"));
        books.ledger.begin_order(new.clone(), claim, untaken)
    };
    let one = started(begin(claim.clone()).await.unwrap());
    let end = CallEnd {
        payment: one.payment,
        token: one.token,
        outcome: accepted(Method::Qris),
        keep: Some(KeepReply {
            creation: one.creation,
            reply: |_view| {
                Ok(StoredReply {
                    status: 201,
                    body: b"{}".to_vec(),
                })
            },
        }),
    };
    assert!(books.ledger.end_call(end).await.unwrap().reply.is_some());
    let again = begin(claim).await.unwrap();
    assert!(matches!(again, Begun::Replay(_)), "{again:?}");
    let other = begin(keyed("A-1", "other key")).await.unwrap();
    assert!(matches!(other, Begun::ReferenceExists(_)), "{other:?}");
    one
}

async fn hear(books: &Books, body: &str, channelled: Channelled) -> Received {
    let inbound = inbound(body, channelled);
    books.ledger.receive(inbound).await.unwrap()
}

/// Callbacks: applied, again, stale, of a link, of nobody; and what is kept of the refused.
async fn callbacks(books: &Books, one: &Started, link: &Started) {
    let body = says(one.payment, "00", "150000.00");
    hear(books, &body, Channelled::StaleCallback).await;
    assert_eq!(
        hear(books, &body, Channelled::Callback).await,
        Received::Applied
    );
    assert_eq!(
        hear(books, &body, Channelled::Callback).await,
        Received::Duplicate
    );
    let of_link = r#"{"originalPartnerReferenceNo":"x","latestTransactionStatus":"00","additionalInfo":{"plh":"PLH-7"},"amount":{"value":"150000.00","currency":"IDR"}}"#;
    assert_eq!(
        hear(books, of_link, Channelled::Callback).await,
        Received::Applied
    );
    assert_eq!(books.view(link.order).await.status, OrderState::Paid);
    let nobodys = says(
        ayolinx_core::ids::PaymentId::from_uuid(Uuid::now_v7()),
        "00",
        "1.00",
    );
    hear(books, &nobodys, Channelled::Callback).await;
    books
        .run(|tx| {
            tx.retry_quarantine(None)?;
            tx.rematch(50)?;
            tx.quarantine(None, 50)?;
            tx.keep_refused(&RefusedNotification {
                path: "/v1.0/qr/qr-mpm-notify".to_owned(),
                query: None,
                headers: "{}".to_owned(),
                body: b"{}".to_vec(),
                reason: "bad signature".to_owned(),
                explanation: None,
            })?;
            tx.refused(10)
        })
        .await;
}

/// Every kind of work with the provider, an expiry, a cancel, and another payment.
async fn provider_work(books: &Books) {
    let lost = books.creating("B-1").await;
    books.settle(&lost, crate::support::unknown()).await;
    let old = books.pending("B-2").await;
    let cancelled = books.pending("B-3").await;
    let (merchant, id) = (books.merchant, cancelled.order);
    books
        .run(move |tx| {
            tx.claim_sync(merchant, id, TimeDelta::seconds(2), Source::Merchant)?;
            tx.payments_of_order(merchant, id)?;
            tx.plan_cancel(merchant, id)?;
            tx.cancel_order(merchant, id, Source::Merchant)
        })
        .await
        .unwrap();
    let several = books.pending("B-4").await;
    let other = books.further(several.order, Method::Ewallet, "k").await;
    books.accept(&other, Method::Ewallet).await;
    books.age(old.order, 3_600);
    books.sql("UPDATE provider_work SET due_at = now() - interval '1 s'");
    for kind in WorkKind::ALL {
        let leased = books.run(move |tx| tx.lease_work(kind, 32)).await;
        assert!(!leased.is_empty(), "{}", kind.as_str());
        for (number, work) in leased.into_iter().enumerate() {
            let next = match number {
                0 => WorkNext::Done,
                _ => WorkNext::At(Utc::now()),
            };
            books
                .run(move |tx| {
                    tx.payment_facts(work.payment_id)?;
                    tx.still_leased(&work)?;
                    tx.renew_work(&work)?;
                    tx.note_not_found(&work, Some(Utc::now()))?;
                    let call = NotedCall {
                        call: "inquiry",
                        outcome: "no answer".to_owned(),
                    };
                    tx.note_calls(work.payment_id, &[call])?;
                    if kind == WorkKind::Resolve {
                        tx.lease_resend(&work)?;
                    }
                    tx.settle_work(&work, next)
                })
                .await;
        }
    }
    books
        .fact(old.payment, ayolinx_core::payment::Fact::ExpiryReached)
        .await;
    books.sql("UPDATE orders SET expiry_due_at = now() - interval '1 s' WHERE state = 'pending'");
    books.run(|tx| tx.expire_orders(50)).await;
}

/// Webhooks taken and put off, the feed, and what is sent again.
async fn webhooks(books: &Books, event: EventId) {
    for delivery in lease(books).await {
        settle(books, delivery, DeliveryNext::Delivered).await;
    }
    let hook = books.endpoint("second").await;
    test_event(books, hook).await;
    for _ in 0..6 {
        for delivery in lease(books).await {
            settle(books, delivery, DeliveryNext::RetryAfter(TimeDelta::zero())).await;
        }
    }
    books
        .run(|tx| tx.lease_troubled(64, TimeDelta::seconds(30)))
        .await;
    let merchant = books.merchant;
    books
        .run(|tx| {
            let (_, backlog) = tx.queues(&Backlog::default())?;
            tx.queues(&backlog)?;
            tx.money()
        })
        .await;
    books
        .run_for_shop(move |tx| {
            tx.feed(merchant, None, FeedPlace::START, 50)?;
            tx.feed(merchant, Some(EventType::OrderPaid), FeedPlace::START, 50)?;
            tx.event_body(merchant, event)?;
            tx.deliveries_of(merchant, event)?;
            tx.redeliver(merchant, event, Source::Merchant)?;
            let range = RedeliveryRange {
                from: Utc::now() - TimeDelta::hours(1),
                to: Utc::now() + TimeDelta::hours(1),
                event_type: None,
            };
            tx.begin_redelivery(merchant, &range, Source::Merchant)
        })
        .await;
    while let Some(leased) = books.run(|tx| tx.lease_redelivery()).await {
        books.run(move |tx| tx.step_redelivery(&leased)).await;
    }
}

/// Everything a shop or an operator may look at.
async fn looks(books: &Books, one: &Started) {
    let (merchant, id) = (books.merchant, one.order);
    books
        .run(move |tx| {
            tx.checkout_order(id, |_any| true)?;
            tx.orders_named("A-1")
        })
        .await;
    books
        .run_for_shop(move |tx| {
            tx.order_view(merchant, id)?;
            tx.order_pulse(merchant, id)?;
            tx.order_expires_at(id)?;
            tx.timeline(merchant, id)?;
            tx.event_types_of(id)?;
            tx.balances(merchant)?;
            tx.report(merchant, Utc::now() - TimeDelta::days(1), Utc::now())?;
            tx.order_by_reference(merchant, "A-1")
        })
        .await;
    let now = Utc::now();
    let filters = [
        OrderFilter::default(),
        OrderFilter {
            reference: Some("A-1".to_owned()),
            ..OrderFilter::default()
        },
        OrderFilter {
            state: Some(OrderState::Paid),
            method: Some("qris".to_owned()),
            channel: Some("BNC_QRIS".to_owned()),
            ..OrderFilter::default()
        },
        OrderFilter {
            created_from: Some(now - TimeDelta::days(1)),
            created_to: Some(now),
            paid_from: Some(now - TimeDelta::days(1)),
            paid_to: Some(now),
            ..OrderFilter::default()
        },
    ];
    for filter in filters {
        for after in [
            None,
            Some(PageEnd {
                created_at: now,
                id,
            }),
        ] {
            let filter = filter.clone();
            books
                .run_for_shop(move |tx| tx.list_orders(merchant, &filter, after, 50))
                .await;
        }
    }
}

/// Every page of the operator's console, its later pages too.
async fn console(books: &Books, one: &Started, event: EventId) {
    let id = one.order;
    let names = [
        "A-1".to_owned(),
        "PRV-1".to_owned(),
        one.payment.to_string(),
        event.to_string(),
    ];
    let (now, other) = (Utc::now(), Uuid::now_v7().simple());
    let timed = format!("{}.{other}", now.timestamp_micros());
    let two = format!("{other}.{other}");
    books
        .run(move |tx| {
            for name in names {
                tx.console_search(&name)?;
            }
            tx.dossier(id)?;
            tx.count_eyes()?;
            tx.booked_between(now - TimeDelta::hours(1), now)?;
            tx.traffic_of_channels(3_600)?;
            tx.console_endpoints(None)?;
            tx.console_keys(None)?;
            for list in List::ALL {
                for after in [None, Some(&timed), Some(&two)] {
                    tx.console_list(list, after.map(String::as_str))?;
                }
            }
            Ok(())
        })
        .await;
    let dismissal = Dismissal {
        operator: Some(Uuid::nil()),
        reason: Some("seen".to_owned()),
    };
    books
        .run(move |tx| {
            tx.retry_quarantine(Some(Uuid::nil()))?;
            tx.quarantine_depth(1_000)?;
            tx.dismiss_quarantined(Uuid::nil(), &dismissal)
        })
        .await;
}

#[tokio::test]
async fn no_statement_reads_a_table_whole_that_grows_with_the_orders() {
    let books = explained().await;
    books.endpoint("hook").await;
    let one = create(&books).await;
    let link = books.pending_by("L-1", Method::PaymentLink).await;
    callbacks(&books, &one, &link).await;
    provider_work(&books).await;
    let further = books.pending("C-1").await;
    books.say(further.payment, paid()).await;
    let event = books.sql("SELECT id FROM events WHERE type = 'order.paid' LIMIT 1");
    webhooks(&books, EventId::from_uuid(event.parse().unwrap())).await;
    looks(&books, &one).await;
    console(&books, &one, EventId::from_uuid(event.parse().unwrap())).await;
    assert_eq!(
        touched(&books),
        BIG.into_iter().collect(),
        "every big table is tried"
    );
    let found: Vec<String> = read_whole(&books).into_iter().collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[tokio::test]
async fn a_page_begins_where_the_one_before_it_ended() {
    let books = explained().await;
    let (merchant, created_at) = (books.merchant, Utc::now());
    let id = books.pending("A-1").await.order;
    let page = move |tx: &mut ledger::Tx<'_>| {
        let end = PageEnd { created_at, id };
        tx.list_orders(merchant, &OrderFilter::default(), Some(end), 50)
    };
    books.run_for_shop(page).await;
    let found = conditions(
        &books,
        "FROM orders WHERE merchant_id = $1 AND (created_at, id) <",
    );
    assert!(!found.is_empty());
    // The others look up what was found.
    let mut walks = found.iter().filter(|one| !one.contains("id = o"));
    assert!(walks.clone().count() > 0, "{found:?}");
    assert!(walks.all(|one| one.contains("created_at")), "{found:?}");
}

#[tokio::test]
async fn an_index_that_is_missing_is_seen() {
    let books = explained().await;
    let link = books.pending_by("L-1", Method::PaymentLink).await;
    books.sql("DROP INDEX payments_by_link_code");
    let of_link = r#"{"latestTransactionStatus":"00","additionalInfo":{"plh":"PLH-7"},"amount":{"value":"150000.00","currency":"IDR"}}"#;
    assert_eq!(
        hear(&books, of_link, Channelled::Callback).await,
        Received::Applied
    );
    assert_eq!(books.view(link.order).await.status, OrderState::Paid);
    let found = read_whole(&books);
    assert!(
        found
            .iter()
            .any(|one| one.starts_with("Seq Scan of payments")),
        "{found:?}"
    );
}
