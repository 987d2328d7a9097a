//! What a page of the order list really reads, whatever the filters, for a shop with very many orders and for
//! one of very many shops.

use ayolinx_core::ids::MerchantId;
use uuid::Uuid;

use super::explained::{Read, measured, reads};
use crate::support::Books;
use crate::support::crowd::{Filters, plant};

const MANY: u32 = 60_000;
const SHOPS: u32 = 1_500;
const FEW: u32 = 20;
/// Rows that one statement may read of big tables: a look with all that is asked about each of its rows.
const ROWS_MAX: u64 = 6_000;
/// Pages of the database that it may look at for each row, each by an index, and besides: so many that a
/// search which reads on beyond what it looks for is seen, though it gives no rows.
const BUFFERS_A_ROW: u64 = 6;
const BUFFERS_BESIDES: u64 = 150;

/// The first pages of a list by drawn filters, of one shop.
async fn ask(books: &Books, merchant: MerchantId, many: u32, draws: u32) {
    let shop = books.ledger.for_merchant(merchant);
    let mut filters = Filters::over(many);
    for _ in 0..draws {
        let filter = filters.draw();
        let mut after = None;
        for _ in 0..2 {
            let wanted = filter.clone();
            let page = shop
                .at(ledger::Urgency::Read)
                .transact(move |tx| tx.list_orders(merchant, &wanted, after, 50))
                .await
                .unwrap();
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
}

fn assert_bounded(read: &Read) {
    assert!(read.rows <= ROWS_MAX, "{read:?}");
    let most = BUFFERS_A_ROW * read.rows + BUFFERS_BESIDES;
    assert!(read.buffers <= most, "{read:?}");
    assert_eq!(read.helpers, 0, "{read:?}");
}

#[tokio::test]
async fn a_page_by_any_filters_reads_a_bounded_number_of_rows() {
    let books = measured().await;
    books.sql(&format!(
        "INSERT INTO merchants (id, name) SELECT gen_random_uuid(), 'Toko ' || n \
         FROM generate_series(1, {SHOPS}) n"
    ));
    let (one, rest) = (
        books.merchant.as_uuid(),
        "SELECT id FROM merchants WHERE id",
    );
    plant(&books, &format!("{rest} <> '{one}'"), FEW);
    let small = books.sql(&format!("{rest} <> '{one}' LIMIT 1"));
    let small = MerchantId::from_uuid(small.parse::<Uuid>().unwrap());
    // Plans of a time when there was next to nothing must do too.
    ask(&books, books.merchant, MANY, 40).await;
    plant(&books, &format!("{rest} = '{one}'"), MANY);
    ask(&books, books.merchant, MANY, 80).await;
    ask(&books, small, FEW, 40).await;
    let all = reads(&books, "orders");
    assert!(all.len() > 300, "{}", all.len());
    for read in &all {
        assert_bounded(read);
    }
    for of_look in [
        "state, created_at, id) <",
        "way.method",
        "interval '1 day'",
        "named (id)",
        "known",
    ] {
        assert!(
            all.iter()
                .chain(&reads(&books, "payments"))
                .any(|read| read.statement.contains(of_look)),
            "nothing was looked up by {of_look}"
        );
    }
}
