//! What a look for work reads, beside a backlog of another channel.

use ayolinx_core::method::Method;
use chrono::TimeDelta;
use ledger::{LeasedWork, WorkKind, WorkRoom};

use super::explained::{measured, reads};
use crate::support::Books;

/// So many more payments like this one, each with the work of one kind due for a minute.
fn plant_backlog(books: &Books, like: ayolinx_core::ids::PaymentId, many: u32) {
    let like = like.as_uuid();
    books.sql(&format!(
        "INSERT INTO payments SELECT (jsonb_populate_record(p, jsonb_build_object( \
             'id', gen_random_uuid(), 'position', 100 + n))).* \
         FROM payments p, generate_series(1, {many}) n WHERE p.id = '{like}'"
    ));
    books.sql(&format!(
        "INSERT INTO provider_work (payment_id, kind, channel, due_at, began_at) \
         SELECT other.id, 'inquire', other.channel, now() - interval '1 min', now() \
         FROM payments p JOIN payments other ON other.order_id = p.order_id AND other.id <> p.id \
         WHERE p.id = '{like}'"
    ));
    books.sql("ANALYZE provider_work; ANALYZE payments");
}

async fn look(books: &Books, room: WorkRoom) -> Vec<LeasedWork> {
    books
        .run(move |tx| tx.lease_work(WorkKind::Inquire, room))
        .await
}

#[tokio::test]
async fn a_look_for_work_reads_what_it_takes_and_no_backlog_stands_before_another_channel() {
    const MANY: u32 = 10_000;
    let books = measured().await;
    let slow = books.pending_by("A-1", Method::Ewallet).await;
    let quick = books.pending_by("A-2", Method::Qris).await;
    plant_backlog(&books, slow.payment, MANY);
    books.sql("UPDATE provider_work SET due_at = now() WHERE channel = 'BNC_QRIS'");

    let room = WorkRoom {
        all: 64,
        each: 16,
        of: Vec::new(),
    };
    let taken = look(&books, room.clone()).await;
    let of_quick: Vec<&LeasedWork> = taken
        .iter()
        .filter(|work| work.payment_id == quick.payment)
        .collect();
    assert_eq!((taken.len(), of_quick.len()), (17, 1));
    assert_eq!(of_quick[0].channel, "BNC_QRIS");

    // Less room than each may have: all channels alike.
    books.sql("UPDATE provider_work SET leased_until = NULL, lease_token = NULL");
    let narrow = WorkRoom { all: 2, ..room };
    let taken = look(&books, narrow).await;
    let mut channels: Vec<&str> = taken.iter().map(|work| work.channel.as_str()).collect();
    channels.sort_unstable();
    assert_eq!(channels, ["BNC_QRIS", "EMONEY_DANA_SNAP"]);

    // None of the one whose places are taken, which costs nothing either.
    books.sql("UPDATE provider_work SET leased_until = NULL, lease_token = NULL");
    let full = WorkRoom {
        all: 64,
        each: 16,
        of: vec![("EMONEY_DANA_SNAP".to_owned(), 0)],
    };
    let taken = look(&books, full).await;
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].payment_id, quick.payment);

    let looks = reads(&books, "WITH RECURSIVE lines");
    assert_eq!(looks.len(), 3);
    for look in looks {
        // One step for each channel, each piece read and written once, and the next one not looked at.
        assert!(look.rows <= 60, "{look:?}");
    }
}

/// The services of before plan work without its channel.
#[tokio::test]
async fn work_without_its_channel_is_told_it_when_it_is_leased() {
    let books = Books::open().await;
    for (number, method) in [Method::Qris, Method::PaymentLink, Method::VirtualAccount]
        .into_iter()
        .enumerate()
    {
        books.pending_by(&format!("A-{number}"), method).await;
    }
    let planned = "SELECT kind, channel FROM provider_work ORDER BY 1, 2";
    let before = books.sql(planned);
    books.sql("UPDATE provider_work SET channel = '', due_at = now() - interval '1 s'");
    for kind in WorkKind::ALL {
        for _ in 0..3 {
            let room = WorkRoom {
                all: 10,
                each: 10,
                of: vec![(String::new(), 1)],
            };
            let taken = books.run(move |tx| tx.lease_work(kind, room)).await;
            assert!(taken.len() <= 1, "of what is not known, one at a time");
            assert!(taken.iter().all(|work| work.channel.is_empty()));
        }
    }
    assert_eq!(books.sql(planned), before);
}

#[tokio::test]
async fn a_renewed_lease_is_held_on_and_a_lost_one_is_not_renewed() {
    let books = Books::open().await;
    books.pending("A-1").await;
    books.sql("UPDATE provider_work SET due_at = now() - interval '1 s'");
    let work = look(&books, 1.into()).await.remove(0);
    books.sql(
        "UPDATE provider_work SET leased_until = now() + interval '2 s' WHERE kind = 'inquire'",
    );
    let held = work.clone();
    let renewed = books.run(move |tx| tx.renew_work(&held)).await.unwrap();
    assert!(renewed.lease_ends > work.lease_ends);
    assert_eq!(renewed.due_at, work.due_at);
    assert!(renewed.leased_until > work.leased_until - TimeDelta::seconds(1));
    assert!(look(&books, 1.into()).await.is_empty());
    books.sql(
        "UPDATE provider_work SET leased_until = now() - interval '1 ms' WHERE kind = 'inquire'",
    );
    let over = renewed.clone();
    assert!(books.run(move |tx| tx.renew_work(&over)).await.is_none());
    let other = look(&books, 1.into()).await.remove(0);
    assert!(books.run(move |tx| tx.renew_work(&renewed)).await.is_none());
    assert!(books.run(move |tx| tx.renew_work(&other)).await.is_some());
}
