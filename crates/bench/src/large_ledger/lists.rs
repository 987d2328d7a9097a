//! Lists of orders by their filters: of the shop with all the orders, and of one beside ten
//! thousand others, for many, few and no matches, alone and together. The first page of each is
//! read and those after it; so is the feed of events, all and of each type. An export is read for
//! filters that few and no orders match.

use devstack::Trouble;

use crate::{
    dataset::{
        fill::Filled,
        row_cloner::{Copies, Of},
    },
    harness::{ground::Ground, shop::Shop},
    large_ledger::page_times::PageTimes,
    tools::figures::Row,
};

const SHOPS: u64 = 10_000;
const ORDERS_OF_EACH: u64 = 10;
/// Number of pages that are read of a list, if it has them.
const PAGES: usize = 2;
/// Number of pages that are read of a feed.
const PAGES_OF_FEED: usize = 20;
/// Number of reads of each.
const ROUNDS: usize = 10;

/// States of which `Ages::is_varied` makes many, few and no orders.
const STATES: [&str; 4] = ["", "status=paid", "status=failed", "status=refunded"];
const TYPES: [&str; 5] = [
    "",
    "&type=order.paid",
    "&type=order.expired",
    "&type=order.failed",
    "&type=order.refunded",
];
const WAYS: [&str; 7] = [
    "",
    "method=qris",
    "method=retail",
    "method=ewallet",
    "channel=BNC_QRIS",
    "channel=ALFAMART",
    "channel=NO_CHANNEL",
];

/// Builds the queries of lists: every pair of these.
fn queries(ground: &Ground, filled: &Filled) -> Result<Vec<String>, Trouble> {
    let middle = filled.batch.id(Of::Order, (filled.orders / 2).max(1));
    let time = |shift: &str| {
        let text = ground.sql(&format!(
            "SELECT to_char((created_at {shift}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') \
             FROM orders WHERE id = '{middle}'"
        ))?;
        Ok::<String, Trouble>(text.trim().to_owned())
    };
    let (from, to) = (time("")?, time("+ interval '1 hour'")?);
    let times = [
        String::new(),
        format!("created_from={from}&created_to={to}"),
        format!("paid_from={from}&paid_to={to}"),
        format!("paid_from={from}"),
        format!("paid_to={from}"),
        "paid_from=2100-01-01T00:00:00Z".to_owned(),
    ];
    let mut all = vec!["reference=NOBODY".to_owned(), "rrn=000000000000".to_owned()];
    for state in STATES {
        for way in WAYS {
            for times in &times {
                let parts = [state, way, times].into_iter();
                let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
                all.push(parts.join("&"));
            }
        }
    }
    Ok(all)
}

/// Builds filters that few orders match, or none.
fn few_orders(ground: &Ground, filled: &Filled) -> Result<Vec<String>, Trouble> {
    let middle = filled.batch.id(Of::Order, (filled.orders / 2).max(1));
    let time = |shift: &str| {
        let text = ground.sql(&format!(
            "SELECT to_char((created_at {shift}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') \
             FROM orders WHERE id = '{middle}'"
        ))?;
        Ok::<String, Trouble>(text.trim().to_owned())
    };
    let (from, to) = (time("")?, time("+ interval '2 milliseconds'")?);
    Ok(vec![
        format!("created_from={from}&created_to={to}"),
        "status=failed".to_owned(),
        "status=failed&method=retail".to_owned(),
        "status=refunded".to_owned(),
        "channel=NO_CHANNEL".to_owned(),
        "paid_from=2100-01-01T00:00:00Z".to_owned(),
    ])
}

/// Makes shops with a few orders each, copies of the existing ones.
fn neighbours(ground: &Ground, filled: &Filled) -> Result<(), Trouble> {
    let first = filled.batch.id(Of::Order, 1);
    ground.sql(&format!(
        "SET session_replication_role = replica; \
         INSERT INTO merchants (id, name) SELECT gen_random_uuid(), 'Neighbour ' || n \
         FROM generate_series(1, {SHOPS}) n"
    ))?;
    ground.sql(&Copies::for_neighbours(
        ground,
        &first,
        "SELECT id FROM merchants WHERE name LIKE 'Neighbour %'",
        ORDERS_OF_EACH,
    )?)?;
    ground.sql("ANALYZE orders").map(drop)
}

/// Reads the lists.
///
/// # Errors
/// Fails when the database or the API is away.
pub(crate) async fn measure(
    ground: &Ground,
    shop: &Shop,
    filled: &Filled,
) -> Result<Vec<Row>, Trouble> {
    neighbours(ground, filled)?;
    let queries = queries(ground, filled)?;
    let exported = few_orders(ground, filled)?;
    let small = Shop::new(ground, "Small", "http://127.0.0.1:9/none")?;
    let to = ground.api()?;
    small.open(to, "one-of-few").await?;
    let mut rows = Vec::new();
    for (name, shop) in [("of the large shop", shop), ("of a small shop", &small)] {
        let (mut lists, mut feeds, mut exports) = (
            PageTimes::default(),
            PageTimes::default(),
            PageTimes::default(),
        );
        for _ in 0..ROUNDS {
            for query in &queries {
                let path = format!("/v1/orders?limit=50&{query}");
                lists.read(shop, to, (&path, "&cursor="), PAGES).await?;
            }
            for of_type in TYPES {
                let path = format!("/v1/events?limit=100{of_type}");
                feeds
                    .read(shop, to, (&path, "&after="), PAGES_OF_FEED)
                    .await?;
            }
            for query in &exported {
                exports.export(shop, to, query).await?;
            }
        }
        rows.push(lists.row(&format!("a page by any filters {name}, p99")));
        rows.push(feeds.row(&format!("a page of the feed {name}, p99")));
        rows.push(exports.row(&format!("an export of few orders or none {name}, p99")));
    }
    Ok(rows)
}
