//! Pages deep in the list of a merchant's orders. Walking ten thousand pages would take longer than
//! everything else, so the cursor of that place is made as the API makes it (its bytes are a time
//! and an id with a check over them), and from there on the API's own cursors are followed.

use std::time::Instant;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chaos::measure::table::quantile;
use devstack::Trouble;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    dataset::{fill::Filled, row_cloner::Of},
    harness::{ground::Ground, shop::Shop},
    tools::{
        errors::Wrong,
        figures::{Row, micros, milliseconds},
        http::{Line, quoted_after},
    },
};

const A_PAGE: u64 = 50;
const PAGE: u64 = 10_000;
const PAGES: usize = 500;

/// A page deep in a list.
#[derive(Debug)]
pub(crate) struct DeepPage {
    /// Number of the page.
    pub(crate) number: u64,
    /// 99th percentile, microseconds.
    pub(crate) p99: u64,
    /// Median, microseconds.
    pub(crate) p50: u64,
    /// Answers that were no page.
    pub(crate) wrong: Wrong,
}

impl DeepPage {
    pub(crate) fn row(&self) -> Row {
        Row::at_most(
            &format!("page {} of GET /v1/orders, p99", self.number),
            self.p99,
            20_000,
            5_000,
        )
        .in_milliseconds()
        .measured(format!("p50 {}", milliseconds(self.p50)))
        .unless(&self.wrong)
    }
}

/// Reads pages from there on.
///
/// # Errors
/// Fails when the place is not there.
pub(crate) async fn measure(
    ground: &Ground,
    shop: &Shop,
    filled: &Filled,
) -> Result<DeepPage, Trouble> {
    let number = PAGE.min(filled.orders / A_PAGE / 2).max(1);
    let before = number.saturating_sub(1).saturating_mul(A_PAGE);
    let last = filled.orders.saturating_sub(before).max(1);
    let id = filled.batch.id(Of::Order, last);
    let made = ground.sql(&format!(
        "SELECT (extract(epoch FROM created_at) * 1000000)::bigint FROM orders WHERE id = '{id}'"
    ))?;
    let made: i64 = made
        .trim()
        .parse()
        .map_err(|_| Trouble::new(format!("no time: {made}")))?;
    let to = ground.api()?;
    let mut line = Line::to(to);
    let mut next = Some(cursor(made, &id)?);
    let (mut times, mut wrong) = (Vec::new(), Wrong::default());
    while let Some(cursor) = next.filter(|_| times.len() < PAGES) {
        let request = shop.look(to, &format!("/v1/orders?limit={A_PAGE}&cursor={cursor}"));
        let began = Instant::now();
        let reply = line.ask(&request).await;
        let reply = reply.map_err(|error| Trouble::new(format!("no page: {error}")))?;
        times.push(micros(began.elapsed()));
        if reply.status != 200 {
            wrong.add(reply.status);
        }
        next = quoted_after(reply.body, b"\"next_cursor\":\"").map(str::to_owned);
    }
    times.sort_unstable();
    Ok(DeepPage {
        number,
        p50: quantile(&times, 500).unwrap_or(0),
        p99: quantile(&times, 990).unwrap_or(0),
        wrong,
    })
}

/// Builds the cursor of a page that ended with this order.
fn cursor(created_micros: i64, id: &str) -> Result<String, Trouble> {
    let id: Uuid = id
        .parse()
        .map_err(|_| Trouble::new(format!("{id} is no id")))?;
    let mut bytes = created_micros.to_be_bytes().to_vec();
    bytes.extend(id.as_bytes());
    let check = Sha256::new()
        .chain_update(b"order-cursor-1")
        .chain_update(&bytes)
        .finalize();
    bytes.extend(check.iter().take(4));
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
