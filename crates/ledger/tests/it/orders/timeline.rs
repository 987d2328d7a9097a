//! The timeline: everything that is known of an order, in one order, fit to be shown.

use ayolinx_core::ids::MerchantId;
use ayolinx_core::reading::Channelled;
use chrono::TimeDelta;
use ledger::{
    DeliveryNext, InboundNotification, LedgerError, NotedCall, TimelineItem, TimelineKind,
    TryResult, Urgency,
};
use uuid::Uuid;

use crate::support::{Books, Started};

async fn timeline(books: &Books, one: &Started) -> Vec<TimelineItem> {
    let (merchant, order) = (books.merchant, one.order);
    books.run(move |tx| tx.timeline(merchant, order)).await
}

async fn called_back(books: &Books, one: &Started) {
    let body = format!(
        r#"{{"originalPartnerReferenceNo":"{}","originalReferenceNo":"20261121000000000123","latestTransactionStatus":"00","amount":{{"value":"150000.00","currency":"IDR"}},"additionalInfo":{{"payer":"4111111111111111"}}}}"#,
        one.payment
    );
    let inbound = InboundNotification {
        path: "/v1.0/qr/qr-mpm-notify",
        matched_route: "mounted",
        body: body.into_bytes(),
        body_digest: [9; 32],
        headers: "{}".to_owned(),
        channelled: Channelled::Callback,
    };
    books.run(move |tx| tx.receive(&inbound)).await;
}

async fn tried(books: &Books) {
    let leased = books
        .run(|tx| tx.lease_deliveries(10, 10, TimeDelta::seconds(30)))
        .await;
    for delivery in leased {
        let result = TryResult {
            next: DeliveryNext::Delivered,
            outcome: "delivered".to_owned(),
            status: Some(204),
            duration_ms: 7,
        };
        books
            .ledger
            .settle_delivery(&delivery, &result)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_paid_order_tells_its_whole_story_in_order() {
    let books = Books::open().await;
    books.endpoint("hook").await;
    let one = books.pending("A-1").await;
    tried(&books).await;
    let payment = one.payment;
    books
        .run(move |tx| {
            let noted = NotedCall {
                call: "inquiry",
                outcome: "no answer for 4111111111111111".to_owned(),
            };
            tx.note_calls(payment, &[noted])
        })
        .await;
    called_back(&books, &one).await;
    tried(&books).await;
    let items = timeline(&books, &one).await;
    let told: Vec<(TimelineKind, &str)> = items
        .iter()
        .map(|item| (item.kind, item.fact.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (TimelineKind::Request, "order_created"),
            (TimelineKind::ProviderRequest, "create"),
            (TimelineKind::ProviderReply, "accepted"),
            (TimelineKind::Event, "order.payable"),
            (TimelineKind::Webhook, "delivered"),
            (TimelineKind::ProviderRequest, "inquiry"),
            (TimelineKind::Callback, "applied"),
            (TimelineKind::StateChange, "paid_in_full"),
            (TimelineKind::Event, "order.paid"),
            (TimelineKind::Webhook, "delivered"),
        ]
    );
    let paid = &items[7];
    assert_eq!(paid.order_status.1.as_deref(), Some("paid"));
    assert_eq!(
        (paid.payment_id, paid.version),
        (Some(one.payment), Some(3))
    );
    assert_eq!(
        items[6].detail.as_deref(),
        Some("/v1.0/qr/qr-mpm-notify: status 00, 150000.00 IDR; came 1x")
    );
    assert_eq!(
        items[5].detail.as_deref(),
        Some("no answer for ************1111")
    );
    assert_eq!(
        (items[9].http_status, items[9].duration_ms),
        (Some(204), Some(7))
    );
    books.audit().await;
}

#[tokio::test]
async fn anothers_timeline_is_not_found() {
    let books = Books::open().await;
    let one = books.pending("A-1").await;
    let stranger = MerchantId::from_uuid(Uuid::now_v7());
    let found = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.timeline(stranger, one.order))
        .await;
    assert!(matches!(found, Err(LedgerError::NotFound)));
}
