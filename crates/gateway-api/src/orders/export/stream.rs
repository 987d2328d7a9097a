//! Orders as a stream of text. Each page is read in a short transaction of its own and waits, with at
//! most one other, until the client has taken those before: no transaction is open meanwhile.

use std::future::Future;
use std::time::Duration;

use actix_web::web::Bytes;
use ayolinx_core::ids::MerchantId;
use ledger::{LedgerError, OrderFilter, OrderPage, PageEnd};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{sleep, timeout};

use super::csv;
use super::params::{ExportFormat, ExportOrders};
use crate::admission::report_limiter::ShopPlace;
use crate::http::error::ApiError;
use crate::state::{Api, storage};

/// Orders read at once.
const PAGE: i64 = 200;
/// Pages that are buffered for the client.
const WAITING_MAX: usize = 1;
/// The time after which a client that takes nothing is cut off.
pub const STALLED_AFTER: Duration = Duration::from_secs(30);
/// Number of times that a page is asked of a ledger that cannot give it.
const TRIES_MAX: u32 = 10;
const TRY_PAUSE: Duration = Duration::from_secs(1);

/// The error of an export that ended early; the client must not take it for whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the export broke off")]
pub struct BrokenOff;

/// Text for the client, in pieces; `None` marks the whole export. A channel that closes without it was
/// broken off.
pub type Pieces = Receiver<Option<Bytes>>;

/// Begins an export. A failure to read the first page is still returned as a reply.
///
/// # Errors
/// 429 when the shop runs as many exports as it may, 503 when all slots are taken or the ledger is away.
pub async fn export_orders(
    api: &Api,
    merchant: MerchantId,
    wanted: ExportOrders,
) -> Result<Pieces, ApiError> {
    let place = api.long_reads.export(merchant)?;
    let filter = OrderFilter::from(wanted.filters);
    let ledger = api.ledger().for_merchant(merchant);
    let ledger = ledger.at(ledger::Urgency::Read);
    let read = move |after: Option<PageEnd>| {
        let (ledger, filter) = (ledger.clone(), filter.clone());
        async move {
            let work = ledger.transact(move |tx| tx.list_orders(merchant, &filter, after, PAGE));
            work.await
        }
    };
    let first = read(None).await.map_err(storage)?;
    let (sender, pieces) = channel(WAITING_MAX);
    actix_web::rt::spawn(run(wanted.format, first, read, sender, place));
    Ok(pieces)
}

async fn run<R, P>(
    format: ExportFormat,
    first: OrderPage,
    read: R,
    sender: Sender<Option<Bytes>>,
    place: ShopPlace,
) where
    R: Fn(Option<PageEnd>) -> P,
    P: Future<Output = Result<OrderPage, LedgerError>>,
{
    if let Err(why) = send_all(format, first, read, &sender, STALLED_AFTER).await {
        tracing::warn!(error = %why, "an export broke off");
    }
    drop(sender);
    drop(place);
}

/// The reason why an export ended early.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the client has gone")]
    Gone,
    #[error("the client takes nothing")]
    Stalled,
    #[error("{0}")]
    Storage(#[from] LedgerError),
}

async fn send_all<R, P>(
    format: ExportFormat,
    first: OrderPage,
    read: R,
    sender: &Sender<Option<Bytes>>,
    patience: Duration,
) -> Result<(), Ended>
where
    R: Fn(Option<PageEnd>) -> P,
    P: Future<Output = Result<OrderPage, LedgerError>>,
{
    let mut head = String::new();
    if let ExportFormat::Csv { byte_order_mark } = format {
        csv::write_header(&mut head, byte_order_mark);
    }
    let mut page = first;
    loop {
        let next = page.next;
        let text = written(format, std::mem::take(&mut head), &page);
        drop(page);
        send(sender, Some(text), patience).await?;
        let Some(end) = next else {
            return send(sender, None, patience).await;
        };
        page = again(|| read(Some(end))).await?;
    }
}

async fn send(
    sender: &Sender<Option<Bytes>>,
    piece: Option<Bytes>,
    patience: Duration,
) -> Result<(), Ended> {
    match timeout(patience, sender.send(piece)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Ended::Gone),
        Err(_) => Err(Ended::Stalled),
    }
}

/// Repeats a read while the ledger is busy for a moment.
async fn again<P>(read: impl Fn() -> P) -> Result<OrderPage, LedgerError>
where
    P: Future<Output = Result<OrderPage, LedgerError>>,
{
    let mut tries = 1;
    loop {
        match read().await {
            Err(LedgerError::Overloaded | LedgerError::Unavailable(_)) if tries < TRIES_MAX => {
                tries = tries.saturating_add(1);
                sleep(TRY_PAUSE).await;
            }
            done => return done,
        }
    }
}

fn written(format: ExportFormat, mut text: String, page: &OrderPage) -> Bytes {
    for order in &page.orders {
        match format {
            ExportFormat::Csv { .. } => csv::write_order(&mut text, order),
            ExportFormat::Ndjson => {
                text.push_str(&serde_json::to_string(order).unwrap_or_default());
                text.push('\n');
            }
        }
    }
    Bytes::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: ExportFormat = ExportFormat::Csv {
        byte_order_mark: false,
    };

    fn empty(more: bool) -> OrderPage {
        let end = PageEnd {
            created_at: chrono::Utc::now(),
            id: ayolinx_core::ids::OrderId::from_uuid(uuid::Uuid::nil()),
        };
        OrderPage {
            orders: Vec::new(),
            next: more.then_some(end),
        }
    }

    #[actix_web::test]
    async fn whoever_takes_nothing_is_cut_off_and_no_page_more_is_read() {
        let (sender, mut pieces) = channel(WAITING_MAX);
        let read = std::cell::Cell::new(0);
        let more = |_end| {
            read.set(read.get() + 1);
            async { Ok(empty(true)) }
        };
        let short = Duration::from_millis(50);
        let ended = send_all(CSV, empty(true), more, &sender, short).await;
        assert!(matches!(ended, Err(Ended::Stalled)), "{ended:?}");
        assert_eq!(read.get(), 1);
        assert!(pieces.recv().await.unwrap().unwrap().starts_with(b"id,"));
        drop(sender);
        assert_eq!(pieces.recv().await, None, "nothing says that it is whole");
    }

    #[actix_web::test]
    async fn whoever_has_gone_is_not_read_for() {
        let (sender, pieces) = channel(WAITING_MAX);
        drop(pieces);
        let read = std::cell::Cell::new(0);
        let more = |_end| {
            read.set(read.get() + 1);
            async { Ok(empty(false)) }
        };
        let ended = send_all(CSV, empty(true), more, &sender, STALLED_AFTER).await;
        assert!(matches!(ended, Err(Ended::Gone)), "{ended:?}");
        assert_eq!(read.get(), 0);
    }

    #[actix_web::test]
    async fn the_last_page_is_followed_by_the_word_that_it_is_whole() {
        let (sender, mut pieces) = channel(9);
        let last = |_end| async { Ok(empty(false)) };
        let first = empty(true);
        send_all(ExportFormat::Ndjson, first, last, &sender, STALLED_AFTER)
            .await
            .unwrap();
        let mut all = Vec::new();
        while let Ok(piece) = pieces.try_recv() {
            all.push(piece);
        }
        assert_eq!(all, [Some(Bytes::new()), Some(Bytes::new()), None]);
    }

    #[actix_web::test]
    async fn what_the_books_refuse_for_good_breaks_it_off() {
        let (sender, mut pieces) = channel(9);
        let broken = |_end| async { Err(LedgerError::Corrupt("x".to_owned())) };
        let ended = send_all(CSV, empty(true), broken, &sender, STALLED_AFTER).await;
        assert!(matches!(ended, Err(Ended::Storage(_))), "{ended:?}");
        pieces.recv().await.unwrap().unwrap();
    }
}
