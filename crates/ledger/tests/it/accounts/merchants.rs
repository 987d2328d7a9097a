//! Merchants and their keys.

use ayolinx_core::api_key::Peppered;
use ayolinx_core::key_id::KeyId;
use ayolinx_core::method::Method;
use ayolinx_core::secret::Secret;
use ledger::{LedgerError, NewKey, SubMerchant, SubMerchantChange, Urgency};

use crate::support::{Books, claim, keyed, new_payment, order, sent};

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
    let unknown = books
        .ledger
        .at(Urgency::Write)
        .transact(|tx| tx.find_caller(&listed(8)))
        .await;
    assert!(matches!(unknown, Err(LedgerError::NotFound)));
    let none = books
        .ledger
        .at(Urgency::Write)
        .transact(|tx| tx.find_caller(&[]))
        .await;
    assert!(matches!(none, Err(LedgerError::NotFound)));
    books.run(move |tx| tx.revoke_key(merchant, id)).await;
    let revoked = books
        .ledger
        .at(Urgency::Write)
        .transact(|tx| tx.find_caller(&listed(7)))
        .await;
    assert!(matches!(revoked, Err(LedgerError::NotFound)));
    let line = books.run(move |tx| tx.list_keys(merchant)).await.remove(0);
    assert!(line.revoked_at.is_some());
}

#[tokio::test]
async fn e_wallets_are_told_who_sells_and_nobody_else_is() {
    let books = Books::open().await;
    let merchant = books.merchant;
    let set = |shop: Option<Option<&str>>, store: Option<Option<&str>>| SubMerchantChange {
        sub_merchant_id: shop.map(|id| id.map(str::to_owned)),
        external_store_id: store.map(|id| id.map(str::to_owned)),
    };
    let told = async |method: Method, reference: &str| {
        let order = order(merchant, reference, Some(method));
        let (call, _) = sent(books.begin(&order, &claim(reference)).await);
        call.sub_merchant
    };
    assert_eq!(told(Method::Ewallet, "A-1").await, SubMerchant::default());
    for change in [
        set(Some(Some("216620000000123")), None),
        set(None, Some(Some("TOKO-7"))),
    ] {
        books
            .run(move |tx| tx.set_sub_merchant(merchant, &change))
            .await;
    }
    let known_as = SubMerchant {
        sub_merchant_id: Some("216620000000123".to_owned()),
        external_store_id: Some("TOKO-7".to_owned()),
    };
    assert_eq!(told(Method::Ewallet, "A-2").await, known_as);
    assert_eq!(told(Method::Qris, "A-3").await, SubMerchant::default());
    // A further payment, as the payer chooses it.
    let waiting = order(merchant, "A-4", None);
    let id = waiting.id;
    books.begin(&waiting, &claim("A-4")).await;
    let further = books
        .begin_payment(id, &new_payment(Method::Ewallet), &keyed("payments", "k"))
        .await;
    assert_eq!(sent(further).0.sub_merchant, known_as);
    let line = books.run(|tx| tx.list_merchants()).await.remove(0);
    assert_eq!(line.sub_merchant, known_as);
    let away = set(Some(None), Some(None));
    books
        .run(move |tx| tx.set_sub_merchant(merchant, &away))
        .await;
    assert_eq!(told(Method::Ewallet, "A-5").await, SubMerchant::default());
    for wrong in ["", "a b", "é", &"1".repeat(33)] {
        let change = set(Some(Some(wrong)), None);
        let refused = books
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.set_sub_merchant(merchant, &change))
            .await;
        assert!(refused.is_err(), "{wrong}");
    }
    let stranger = ayolinx_core::ids::MerchantId::from_uuid(uuid::Uuid::now_v7());
    let change = set(Some(Some("1")), None);
    let missing = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.set_sub_merchant(stranger, &change))
        .await;
    assert!(matches!(missing, Err(LedgerError::NotFound)), "{missing:?}");
}

#[tokio::test]
async fn a_key_of_another_merchant_is_not_revoked() {
    let books = Books::open().await;
    let merchant = books.merchant;
    let id = books.run(move |tx| tx.add_key(merchant, &key(7))).await;
    let stranger = ayolinx_core::ids::MerchantId::from_uuid(uuid::Uuid::now_v7());
    let foreign = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.revoke_key(stranger, id))
        .await;
    assert!(matches!(foreign, Err(LedgerError::NotFound)));
    books.run(|tx| tx.find_caller(&listed(7))).await;
    let twice = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.add_key(merchant, &key(7)))
        .await;
    assert!(matches!(twice, Err(LedgerError::Conflict(_))), "{twice:?}");
}
