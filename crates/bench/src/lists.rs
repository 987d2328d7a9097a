//! Lists of orders by their filters: of the shop with all the orders, and of one beside ten thousand others,
//! for many, few and no matches, alone and together. Each is asked for a first page and for those after it.

use std::{net::SocketAddr, time::Instant};

use chaos::measure::table::quantile;
use devstack::Trouble;

use crate::{
    copies::{Copies, Of},
    figures::{Row, micros, milliseconds},
    fill::Filled,
    ground::Ground,
    http::{Line, quoted_after},
    shop::Shop,
    wrong::Wrong,
};

const SHOPS: u64 = 10_000;
const ORDERS_OF_EACH: u64 = 10;
/// Pages that are read of a list, if it has them.
const PAGES: usize = 2;
/// Each list is read so often.
const ROUNDS: usize = 10;
/// What a page may take, microseconds (contract 4.3).
const MUST: u64 = 50_000;
const AIM: u64 = 20_000;

/// What `Ages::is_varied` makes many, few and none of.
const STATES: [&str; 4] = ["", "status=paid", "status=failed", "status=refunded"];
const WAYS: [&str; 7] = [
    "",
    "method=qris",
    "method=retail",
    "method=ewallet",
    "channel=BNC_QRIS",
    "channel=ALFAMART",
    "channel=NO_CHANNEL",
];

/// Lists are read by every pair of these.
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

/// Shops with a few orders each, copies of what is there.
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

/// Reads them.
///
/// # Errors
/// When the database or the API is away.
pub(crate) async fn measure(
    ground: &Ground,
    shop: &Shop,
    filled: &Filled,
) -> Result<Vec<Row>, Trouble> {
    neighbours(ground, filled)?;
    let queries = queries(ground, filled)?;
    let small = Shop::new(ground, "Small", "http://127.0.0.1:9/none")?;
    let to = ground.api()?;
    small.open(to, "one-of-few").await?;
    let mut rows = Vec::new();
    for (name, shop) in [("of the large shop", shop), ("of a small shop", &small)] {
        let mut all = Asked::default();
        for query in &queries {
            all.ask(shop, to, query).await?;
        }
        rows.push(all.row(name));
    }
    Ok(rows)
}

/// Pages that were read.
#[derive(Default)]
struct Asked {
    micros: Vec<u64>,
    wrong: Wrong,
    slowest: (u64, String),
}

impl Asked {
    async fn ask(&mut self, shop: &Shop, to: SocketAddr, query: &str) -> Result<(), Trouble> {
        let mut line = Line::to(to);
        for _ in 0..ROUNDS {
            let mut next = Some(String::new());
            let mut pages = 0;
            while let Some(cursor) = next.filter(|_| pages < PAGES) {
                let request = shop.look(to, &format!("/v1/orders?limit=50&{query}{cursor}"));
                let began = Instant::now();
                let reply = line.ask(&request).await;
                let reply = reply.map_err(|error| Trouble::new(format!("no page: {error}")))?;
                let took = micros(began.elapsed());
                if reply.status != 200 {
                    self.wrong.add(reply.status);
                }
                if took > self.slowest.0 {
                    self.slowest = (took, query.to_owned());
                }
                self.micros.push(took);
                let cursor = quoted_after(reply.body, b"\"next_cursor\":\"");
                next = cursor.map(|cursor| format!("&cursor={cursor}"));
                pages = pages.saturating_add(1);
            }
        }
        Ok(())
    }

    fn row(mut self, name: &str) -> Row {
        self.micros.sort_unstable();
        let at = |thousandths| quantile(&self.micros, thousandths).unwrap_or(0);
        Row::at_most(
            &format!("a page by any filters {name}, p99"),
            at(990),
            MUST,
            AIM,
        )
        .in_milliseconds()
        .measured(format!(
            "{} pages, p50 {}, slowest {} by {:?}",
            self.micros.len(),
            milliseconds(at(500)),
            milliseconds(self.slowest.0),
            self.slowest.1
        ))
        .unless(&self.wrong)
    }
}
