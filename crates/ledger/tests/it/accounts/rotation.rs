//! Peppers and encryption keys rotate: keys go over when they are used, sealed values when they are
//! sealed anew, and nothing is lost on the way.

use std::sync::Arc;

use ayolinx_core::api_key::Peppered;
use ayolinx_core::ids::OrderId;
use ayolinx_core::key_id::KeyId;
use ayolinx_core::method::Method;
use ayolinx_core::sealing::Keyring;
use ayolinx_core::secret::Secret;
use ledger::{
    Context, Ledger, LedgerError, NewKey, PepperCount, Resealed, SealedColumn, StoredReply, Tx,
    Urgency,
};

use crate::support::{Books, claim, context, customer, order, settings, started};

fn under(pepper: &str, key: u8) -> Peppered {
    let number = pepper.bytes().fold(key, u8::wrapping_add);
    Peppered {
        digest: [number; 32],
        pepper: KeyId::of_pepper(&Secret::new(pepper)),
    }
}

fn list(peppers: &[&str]) -> Vec<Peppered> {
    peppers.iter().map(|pepper| under(pepper, 1)).collect()
}

async fn with_a_key(peppers: &[&str]) -> Books {
    let books = Books::open().await;
    let (merchant, digests) = (books.merchant, list(peppers));
    let key = NewKey {
        digests,
        hint: "gk_12".to_owned(),
        scopes: vec!["read".to_owned()],
    };
    books.run(move |tx| tx.add_key(merchant, &key)).await;
    books
}

/// As a request does it: finds, then notes. Whether there was something to note.
async fn used(books: &Books, peppers: &[&str]) -> bool {
    let peppers = list(peppers);
    let caller = books.run(move |tx| tx.find_caller(&peppers)).await;
    let Some(unnoted) = caller.unnoted else {
        return false;
    };
    books.run(move |tx| tx.note_key_use(&unnoted)).await;
    true
}

async fn is_known(books: &Books, peppers: &[&str]) -> bool {
    let peppers = list(peppers);
    let found = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.find_caller(&peppers));
    match found.await {
        Ok(_) => true,
        Err(LedgerError::NotFound) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_key_goes_over_to_the_newest_pepper_when_it_is_used_and_is_found_under_both() {
    let books = with_a_key(&["a"]).await;
    assert!(used(&books, &["b", "a"]).await);
    assert!(!used(&books, &["b", "a"]).await, "one write, not one a use");
    // Replicas before, during and after the rotation.
    for peppers in [&["a"][..], &["b", "a"], &["a", "b"], &["b"]] {
        assert!(is_known(&books, peppers).await, "{peppers:?}");
    }
    // The next rotation drops the oldest digest.
    assert!(used(&books, &["c", "b", "a"]).await);
    assert!(is_known(&books, &["b"]).await && is_known(&books, &["c"]).await);
    assert!(!is_known(&books, &["a"]).await);
    // With the older peppers gone from the list, one digest is left, where the program before looks.
    assert!(used(&books, &["c"]).await);
    assert_eq!(books.count("api_keys WHERE second_digest IS NULL"), 1);
}

#[tokio::test]
async fn going_back_to_the_older_list_finds_every_key_again() {
    let books = with_a_key(&["a"]).await;
    used(&books, &["b", "a"]).await;
    assert!(!used(&books, &["a", "b"]).await || is_known(&books, &["a"]).await);
    assert!(is_known(&books, &["a"]).await && is_known(&books, &["b"]).await);
}

#[tokio::test]
async fn a_new_key_is_known_to_replicas_with_either_list() {
    let books = with_a_key(&["b", "a"]).await;
    for peppers in [&["a"][..], &["b"], &["b", "a"]] {
        assert!(is_known(&books, peppers).await, "{peppers:?}");
    }
}

#[tokio::test]
async fn a_key_of_the_program_before_tells_its_pepper_when_it_is_used() {
    let books = with_a_key(&["a"]).await;
    books.sql("UPDATE api_keys SET pepper_id = NULL");
    let counts = books.run(|tx| tx.count_keys_by_pepper()).await;
    let unknown = PepperCount {
        pepper_id: None,
        second_pepper_id: None,
        keys: 1,
    };
    assert_eq!(counts, [unknown]);
    assert!(used(&books, &["a"]).await);
    let newest = KeyId::of_pepper(&Secret::new("a"));
    let rest = books.run(move |tx| tx.list_keys_not_under(newest)).await;
    assert!(rest.is_empty(), "{rest:?}");
    let key = books.merchant;
    let line = books.run(move |tx| tx.list_keys(key)).await.remove(0);
    assert_eq!(line.pepper_id, Some(newest.to_string()));
    assert!(line.used_at.is_some());
}

#[tokio::test]
async fn the_use_of_a_key_is_noted_again_after_an_hour() {
    let books = with_a_key(&["a"]).await;
    assert!(used(&books, &["a"]).await);
    assert!(!used(&books, &["a"]).await);
    books.sql("UPDATE api_keys SET used_at = used_at - interval '61 minutes'");
    assert!(used(&books, &["a"]).await);
}

#[tokio::test]
async fn a_note_neither_waits_for_a_row_nor_brings_back_what_changed() {
    let books = with_a_key(&["a"]).await;
    let peppers = list(&["b", "a"]);
    let caller = books.run(move |tx| tx.find_caller(&peppers)).await;
    let unnoted = caller.unnoted.unwrap();
    let (merchant, id) = (books.merchant, caller.key_id);
    books.run(move |tx| tx.revoke_key(merchant, id)).await;
    books.run(move |tx| tx.note_key_use(&unnoted)).await;
    assert_eq!(books.count("api_keys WHERE used_at IS NULL"), 1);
    assert!(!is_known(&books, &["a"]).await && !is_known(&books, &["b"]).await);
}

fn ledger_with(books: &Books, keys: &[&str]) -> Ledger {
    let secrets: Vec<Secret> = keys.iter().map(|key| Secret::new(*key)).collect();
    let keyring = Arc::new(Keyring::new(&secrets).unwrap());
    let context = Context {
        keyring,
        ..context()
    };
    Ledger::new(&settings(books.database.url()), context)
}

/// An order with something in most of the columns, under the key of the support module.
async fn sealed() -> (Books, OrderId) {
    let books = Books::open().await;
    books.endpoint("hook").await;
    let new = order(books.merchant, "A-1", Some(Method::Qris));
    let one = started(books.begin(&new, &claim("A-1")).await);
    let (creation, body) = (one.creation.unwrap(), b"kept".to_vec());
    let reply = StoredReply { status: 201, body };
    books.run(move |tx| tx.keep_reply(creation, &reply)).await;
    (books, one.order)
}

fn rows_of(tx: &mut Tx<'_>, column: SealedColumn) -> Result<Vec<(String, KeyId)>, LedgerError> {
    let page = tx.sealed_page(column, None, 10)?;
    assert_eq!(page.next, None);
    let values = page.values.into_iter();
    Ok(values.map(|v| (v.row, v.key.unwrap())).collect())
}

#[tokio::test]
async fn what_is_sealed_anew_opens_without_the_old_key() {
    let (books, order) = sealed().await;
    let key = |text: &str| KeyId::of_encryption_key(&Secret::new(text));
    let (old, new) = (key("test key"), key("new key"));
    let rotated = ledger_with(&books, &["new key", "test key"]);
    let mut columns = 0;
    for column in SealedColumn::ALL {
        let rows = rotated
            .at(Urgency::Write)
            .transact(move |tx| rows_of(tx, column));
        let rows = rows.await.unwrap();
        assert!(rows.iter().all(|(_, key)| *key == old), "{column:?}");
        let ids: Vec<String> = rows.into_iter().map(|(row, _)| row).collect();
        let count = u64::try_from(ids.len()).unwrap();
        let done = rotated
            .at(Urgency::Write)
            .transact(move |tx| tx.reseal(column, &ids));
        let sealed = Resealed {
            sealed: count,
            ..Resealed::default()
        };
        assert_eq!(done.await.unwrap(), sealed, "{column:?}");
        let rows = rotated
            .at(Urgency::Write)
            .transact(move |tx| rows_of(tx, column));
        let rows = rows.await.unwrap();
        assert!(rows.iter().all(|(_, key)| *key == new), "{column:?}");
        columns += usize::from(count > 0);
    }
    assert_eq!(columns, 3, "an endpoint, a payer, a reply");
    let after = ledger_with(&books, &["new key"]);
    let view = after
        .at(Urgency::Write)
        .transact(move |tx| tx.any_order_view(order))
        .await;
    let name = customer().name;
    assert!(name.is_some());
    assert_eq!(view.unwrap().customer.unwrap().name, name);
}

#[tokio::test]
async fn a_value_of_another_row_is_not_sealed_anew_as_its_own() {
    let (books, _) = sealed().await;
    let new = order(books.merchant, "A-2", Some(Method::Qris));
    started(books.begin(&new, &claim("A-2")).await);
    books.sql("UPDATE payers SET sealed = (SELECT sealed FROM payers ORDER BY order_id LIMIT 1)");
    let rotated = ledger_with(&books, &["new key", "test key"]);
    let done = rotated.at(Urgency::Write).transact(|tx| {
        let rows = rows_of(tx, SealedColumn::Payers)?;
        let ids: Vec<String> = rows.into_iter().map(|(row, _)| row).collect();
        tx.reseal(SealedColumn::Payers, &ids)
    });
    let done = done.await.unwrap();
    assert_eq!((done.sealed, done.unlisted), (1, 0));
    let foreign = ledger_with(&books, &["another"]);
    let unlisted = foreign.at(Urgency::Write).transact(|tx| {
        let rows = rows_of(tx, SealedColumn::WebhookSecrets)?;
        let ids: Vec<String> = rows.into_iter().map(|(row, _)| row).collect();
        tx.reseal(SealedColumn::WebhookSecrets, &ids)
    });
    assert_eq!(unlisted.await.unwrap().unlisted, 1);
}
