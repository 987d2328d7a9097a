//! The payer's page opens with its link and with nothing less, shows what there is to pay and how,
//! and lets the payer choose.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Http, Sandbox, Shop, an_order, shared, until, with};

pub(crate) struct Page {
    http: Http,
    /// `…/pay/ord_…`
    base: String,
    /// `?t=…`
    query: String,
}

impl Page {
    pub(crate) fn of(order: &Value) -> Self {
        let url = order["checkout_url"].as_str().unwrap();
        let (base, query) = url.split_once('?').unwrap();
        Self {
            http: Http::new(),
            base: base.to_owned(),
            query: format!("?{query}"),
        }
    }

    async fn get(&self, under: &str) -> Answer {
        self.http
            .get(&format!("{}{under}{}", self.base, self.query))
            .await
    }

    pub(crate) async fn choose(&self, channel: &str) -> Answer {
        let url = format!("{}/payments{}", self.base, self.query);
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let form = format!("channel={channel}").into_bytes();
        self.http.send("POST", &url, &headers, form).await
    }
}

pub(crate) fn payer_chooses() -> Value {
    with(an_order("qris"), json!({"payment": null}))
}

#[actix_rt::test]
async fn opens_with_its_link_and_nothing_less() {
    let shop = Shop::of(shared());
    let (order, other) = (
        shop.made(&an_order("qris")).await,
        shop.made(&an_order("qris")).await,
    );
    let page = Page::of(&order);
    let shown = page.get("").await.expect(200);
    assert!(shown.text().contains("25.000"), "{}", shown.text());
    assert!(shown.text().contains("Kopi susu 3x"));
    let policy = shown.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(shown.header("cache-control"), Some("no-store"));
    assert_eq!(shown.header("referrer-policy"), Some("no-referrer"));

    let nobodys = format!("{}{}", page.base.replace("ord_0", "ord_1"), page.query);
    let nobodys = page.http.get(&nobodys).await.expect(404);
    let elsewhere = Page::of(&other).query;
    for query in ["", "?t=", "?t=0000", elsewhere.as_str()] {
        for under in ["", "/qr.svg", "/qr.png", "/status", "/events"] {
            let url = format!("{}{under}{query}", page.base);
            let refused = page.http.get(&url).await.expect(404);
            assert_eq!(refused.bytes, nobodys.bytes, "{url}");
        }
    }
}

#[actix_rt::test]
async fn shows_the_qr_as_a_picture() {
    let shop = Shop::of(shared());
    let order = shop.made(&an_order("qris")).await;
    let page = Page::of(&order);
    let svg = page.get("/qr.svg").await.expect(200);
    assert_eq!(svg.header("content-type"), Some("image/svg+xml"));
    assert!(svg.text().contains("<svg"));
    let png = page.get("/qr.png").await.expect(200);
    assert_eq!(png.header("content-type"), Some("image/png"));
    assert!(png.bytes.starts_with(b"\x89PNG"));
    let of_the_api = order["payments"][0]["next_action"]["qr_svg_url"]
        .as_str()
        .unwrap();
    assert_eq!(page.http.get(of_the_api).await.expect(200).bytes, svg.bytes);
    let path = format!("/v1/orders/{}/qr.svg", order["id"].as_str().unwrap());
    assert_eq!(shop.get(&path).await.expect(200).bytes, svg.bytes);
}

#[actix_rt::test]
async fn lets_the_payer_choose_once() {
    let stack = shared();
    let (shop, sandbox) = (Shop::of(stack), Sandbox::of(stack));
    let order = shop.made(&payer_chooses()).await;
    let id = order["id"].as_str().unwrap();
    let page = Page::of(&order);
    let shown = page.get("").await.expect(200);
    for name in ["QRIS", "DANA", "BNI", "ALFAMART"] {
        assert!(shown.text().contains(name), "{name}");
    }
    page.get("/qr.svg").await.expect(404);

    // Pressed twice: one payment.
    for _ in 0..2 {
        let chosen = page.choose("VIRTUAL_ACCOUNT_BNI").await.expect(303);
        assert!(
            chosen
                .header("location")
                .unwrap()
                .starts_with(&format!("/pay/{id}?t="))
        );
    }
    let now = shop.order(id).await;
    assert_eq!(now["payments"].as_array().unwrap().len(), 1, "{now}");
    let number = now["payments"][0]["next_action"]["number"]
        .as_str()
        .unwrap();
    assert!(page.get("").await.text().contains(number));

    page.choose("VIRTUAL_ACCOUNT_BCA").await.expect(303);
    page.choose("nonsense").await.expect(303);
    let unchanged = shop.order(id).await;
    assert_eq!(
        unchanged["payments"].as_array().unwrap().len(),
        1,
        "what is off stays off"
    );

    let before = page.get("/status").await.expect(200).json;
    assert_eq!(
        before,
        json!({"status": "pending", "version": now["version"]})
    );
    sandbox.pay(&now["payments"][0]).await;
    until(
        Duration::from_secs(10),
        "the page hears of it",
        async || page.get("/status").await.json["status"] == "paid",
    )
    .await;
    page.get("").await.expect(200);
    page.get("/qr.svg").await.expect(404);
}

#[actix_rt::test]
async fn nothing_else_is_public() {
    let stack = shared();
    let http = Http::new();
    for path in [
        "/",
        "/v1/orders",
        "/metrics",
        "/readyz",
        "/openapi.json",
        "/pay",
        "/pay/",
    ] {
        let answer = http.get(&format!("{}{path}", stack.checkout_url())).await;
        assert_eq!(answer.status, 404, "{path}");
        let answer = http.get(&format!("{}{path}", stack.callback_url(0))).await;
        assert_eq!(answer.status, 404, "{path} of the worker");
    }
    let style = http
        .get(&format!("{}/pay/static/checkout.css", stack.checkout_url()))
        .await;
    style.expect(200);
}
