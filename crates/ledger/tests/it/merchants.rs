//! Merchants and their keys.

use ayolinx_core::api_key::Peppered;
use ayolinx_core::key_id::KeyId;
use ayolinx_core::secret::Secret;
use ledger::{LedgerError, NewKey};

use crate::support::Books;

fn under(pepper: &str, digest: u8) -> Peppered {
    Peppered {
        digest: [digest; 32],
        pepper: KeyId::of_pepper(&Secret::new(pepper)),
    }
}

fn listed(digest: u8) -> Vec<Peppered> {
    vec![under("other", 9), under("pepper", digest)]
}

fn key(digest: u8) -> NewKey {
    NewKey {
        digests: vec![under("pepper", digest)],
        hint: "gk_12".to_owned(),
        scopes: vec!["orders".to_owned(), "read".to_owned()],
    }
}

#[tokio::test]
async fn a_key_lets_in_until_it_is_revoked() {
    let books = Books::open().await;
    let merchant = books.merchant;
    let id = books.run(move |tx| tx.add_key(merchant, &key(7))).await;
    let caller = books.run(|tx| tx.find_caller(&listed(7))).await;
    assert_eq!((caller.merchant_id, caller.key_id), (merchant, id));
    assert_eq!(caller.scopes, ["orders", "read"]);
    let unknown = books.ledger.transact(|tx| tx.find_caller(&listed(8))).await;
    assert!(matches!(unknown, Err(LedgerError::NotFound)));
    let none = books.ledger.transact(|tx| tx.find_caller(&[])).await;
    assert!(matches!(none, Err(LedgerError::NotFound)));
    books.run(move |tx| tx.revoke_key(merchant, id)).await;
    let revoked = books.ledger.transact(|tx| tx.find_caller(&listed(7))).await;
    assert!(matches!(revoked, Err(LedgerError::NotFound)));
    let line = books.run(move |tx| tx.list_keys(merchant)).await.remove(0);
    assert!(line.revoked_at.is_some());
}

#[tokio::test]
async fn a_key_of_another_merchant_is_not_revoked() {
    let books = Books::open().await;
    let merchant = books.merchant;
    let id = books.run(move |tx| tx.add_key(merchant, &key(7))).await;
    let stranger = ayolinx_core::ids::MerchantId::from_uuid(uuid::Uuid::now_v7());
    let foreign = books
        .ledger
        .transact(move |tx| tx.revoke_key(stranger, id))
        .await;
    assert!(matches!(foreign, Err(LedgerError::NotFound)));
    books.run(|tx| tx.find_caller(&listed(7))).await;
    let twice = books
        .ledger
        .transact(move |tx| tx.add_key(merchant, &key(7)))
        .await;
    assert!(matches!(twice, Err(LedgerError::Conflict(_))), "{twice:?}");
}
