//! No table holds in plain text who pays.

use ayolinx_core::method::Method;
use ayolinx_core::order_view::Customer;
use ayolinx_core::reading::Channelled;
use ledger::{InboundNotification, RefusedNotification, StoredReply, Urgency};

use crate::support::{Books, claim, order, started};

pub(crate) const CANARY: &str = "kenari";

/// Every text and binary column of every table that holds the canary.
pub(crate) fn leaks(books: &Books) -> Vec<String> {
    let columns = books.sql(
        "SELECT table_name || ' ' || column_name FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name NOT LIKE '%\\_20__\\___' \
           AND udt_name IN ('text', 'bytea', '_text', 'varchar') ORDER BY 1",
    );
    let mut found = Vec::new();
    for line in columns.lines() {
        let (table, column) = line.split_once(' ').unwrap();
        let text = format!(
            "CASE WHEN pg_typeof({column}) = 'bytea'::regtype \
             THEN encode({column}::text::bytea, 'escape') ELSE {column}::text END"
        );
        let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
        let filter = format!("lower({text}) LIKE '%{CANARY}%' OR {column}::text LIKE '%{hex}%'");
        if books.count(&format!("{table} WHERE {filter}")) > 0 {
            found.push(line.to_owned());
        }
    }
    found
}

#[tokio::test]
async fn the_payer_stands_in_no_table() {
    let books = Books::open().await;
    books.endpoint("hook").await;
    let mut new = order(books.merchant, "A-1", Some(Method::VirtualAccount));
    new.customer = Some(Customer {
        name: Some(format!("Budi {CANARY}")),
        email: Some(format!("{CANARY}@example.co.id")),
        phone: Some(CANARY.to_owned()),
    });
    let one = started(books.begin(&new, &claim("A-1")).await);
    let mut outcome = crate::support::accepted(Method::VirtualAccount);
    if let ledger::CallOutcome::Accepted(observation) = &mut outcome
        && let Some(ayolinx_core::artefact::Artefact::VirtualAccount { account_name, .. }) =
            &mut observation.artefact
    {
        *account_name = CANARY.to_uppercase();
    }
    books.settle(&one, outcome).await;
    let shown = serde_json::to_string(&books.view(one.order).await).unwrap();
    assert!(shown.contains(&CANARY.to_uppercase()) && shown.contains("kenari@"));
    let creation = one.creation.unwrap();
    let body = shown.into_bytes();
    books
        .run(move |tx| tx.keep_reply(creation, &StoredReply { status: 201, body }))
        .await;
    let said = format!(
        r#"{{"trxId":"{}","paymentRequestId":"T-1","virtualAccountName":"{CANARY}",
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
        body_digest: [1; 32],
        headers: "{}".to_owned(),
        channelled: Channelled::Callback,
    };
    books.run(move |tx| tx.keep_refused(&refused)).await;
    books.run(move |tx| tx.receive(&inbound)).await;
    assert_eq!(
        books.events(one.order).await,
        ["order.payable", "order.paid"]
    );
    assert_eq!(leaks(&books), Vec::<String>::new());
    // The search finds what is there.
    books.sql(&format!("UPDATE orders SET description = 'for {CANARY}'"));
    books.sql(&format!(
        "UPDATE notifications SET body_sealed = '{CANARY}'"
    ));
    assert_eq!(
        leaks(&books),
        ["notifications body_sealed", "orders description"]
    );
}

#[tokio::test]
async fn sealed_values_are_bound_to_their_place() {
    let books = Books::open().await;
    let first = books.pending("A-1").await;
    books.pending("A-2").await;
    books.sql(
        "UPDATE payers SET sealed = (SELECT sealed FROM payers p2 WHERE p2.order_id <> payers.order_id)",
    );
    let id = first.order;
    let swapped = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.any_order_view(id))
        .await;
    assert!(
        matches!(swapped, Err(ledger::LedgerError::Corrupt(_))),
        "{swapped:?}"
    );
}
