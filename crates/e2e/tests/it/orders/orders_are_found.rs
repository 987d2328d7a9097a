//! A shop finds its orders again: by number, by state, page by page, or by waiting for news.

use std::time::{Duration, Instant};

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{Answer, Sandbox, Shop, an_order, shared, with};

/// A shop of its own, so that nobody else's orders are in the lists.
fn a_shop() -> Shop {
    let stack = shared();
    let merchant = stack.new_merchant("Finder").unwrap();
    Shop::with_key(stack, &merchant.api_key)
}

fn ids(page: &Value) -> Vec<String> {
    let orders = page["data"].as_array().unwrap().iter();
    orders
        .map(|order| order["id"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_rt::test]
async fn page_by_page_newest_first() {
    let shop = a_shop();
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(
            shop.made(&with(an_order("qris"), json!({"payment": null})))
                .await,
        );
    }
    let mut expected: Vec<String> = made
        .iter()
        .map(|o| o["id"].as_str().unwrap().to_owned())
        .collect();
    expected.reverse();
    let mut seen = Vec::new();
    let mut path = "/v1/orders?limit=3".to_owned();
    loop {
        let page = shop.get(&path).await.expect(200).json;
        seen.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/orders?limit=3&cursor={cursor}");
    }
    assert_eq!(seen, expected);
}

#[actix_rt::test]
async fn by_what_they_are() {
    let (shop, sandbox) = (a_shop(), Sandbox::of(shared()));
    let paid = shop.made(&an_order("qris")).await;
    let open = shop.made(&an_order("VIRTUAL_ACCOUNT_BNI")).await;
    sandbox.pay(&paid["payments"][0]).await;
    let id = |order: &Value| order["id"].as_str().unwrap().to_owned();
    let created = paid["created_at"].as_str().unwrap().replace('+', "%2B");
    for (query, expected) in [
        ("status=paid".to_owned(), vec![id(&paid)]),
        ("status=pending".to_owned(), vec![id(&open)]),
        ("status=refunded".to_owned(), vec![]),
        ("method=qris".to_owned(), vec![id(&paid)]),
        ("channel=VIRTUAL_ACCOUNT_BNI".to_owned(), vec![id(&open)]),
        ("method=qris&status=pending".to_owned(), vec![]),
        (
            format!("reference={}", open["reference"].as_str().unwrap()),
            vec![id(&open)],
        ),
        (
            format!("created_from={created}"),
            vec![id(&open), id(&paid)],
        ),
        (format!("created_to={created}"), vec![]),
        (format!("paid_from={created}"), vec![id(&paid)]),
    ] {
        let page = shop
            .get(&format!("/v1/orders?{query}"))
            .await
            .expect(200)
            .json;
        assert_eq!(ids(&page), expected, "{query}");
    }
}

#[actix_rt::test]
async fn by_waiting_for_news() {
    let (shop, sandbox) = (Shop::of(shared()), Sandbox::of(shared()));
    let made = shop.made(&an_order("qris")).await;
    let path = format!("/v1/orders/{}", made["id"].as_str().unwrap());
    let waiting = async {
        let began = Instant::now();
        let news: Answer = shop.get(&format!("{path}?wait=20")).await.expect(200);
        (began.elapsed(), news)
    };
    let ((took, news), _callback) = join(waiting, sandbox.pay(&made["payments"][0])).await;
    assert_eq!(news.json["status"], "paid", "{}", news.text());
    assert!(took < Duration::from_secs(10), "{took:?}");

    // A final state and an old version are news already.
    let began = Instant::now();
    shop.get(&format!("{path}?wait=20")).await.expect(200);
    let version = made["version"].as_i64().unwrap();
    shop.get(&format!("{path}?wait=20&version={version}"))
        .await
        .expect(200);
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );

    let unpaid = shop.made(&an_order("qris")).await;
    let path = format!("/v1/orders/{}", unpaid["id"].as_str().unwrap());
    let began = Instant::now();
    let same = shop.get(&format!("{path}?wait=1")).await.expect(200).json;
    assert_eq!(same, unpaid);
    assert!(
        began.elapsed() >= Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    shop.get(&format!("{path}?wait=31"))
        .await
        .problem(400, "malformed_request");
}
