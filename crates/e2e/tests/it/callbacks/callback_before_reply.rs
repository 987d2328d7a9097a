//! A payer may be faster than the provider's own answer: then the shop's create says paid at once.

use std::time::Duration;

use futures_util::future::join;
use serde_json::json;

use crate::support::{Sandbox, Shop, an_order, quick, reference, until};

#[actix_rt::test]
async fn the_create_answers_paid() {
    let stack = quick().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    for (call, channel) in [
        ("qris_generate", "qris"),
        ("va_create", "VIRTUAL_ACCOUNT_BNI"),
    ] {
        let slowly = json!({"kind": "drip", "bytes_per_second": 250});
        sandbox
            .fault(json!({"call": call, "times": 1, "action": slowly}))
            .await;
        let order = an_order(channel);
        let creating = shop.create(&order);
        let paying = async {
            let begun = async || shop.find(reference(&order)).await["payments"][0].clone();
            until(Duration::from_secs(10), "the provider has it", async || {
                let payment = begun().await;
                payment["id"].is_string() && !sandbox.transaction(&payment).await.is_null()
            })
            .await;
            let payment = begun().await;
            assert_eq!(payment["status"], "creating", "the reply is not there yet");
            let callback = sandbox.pay(&payment).await;
            assert_eq!(callback["state"], "delivered", "{callback}");
        };
        let (created, ()) = join(creating, paying).await;
        let created = created.expect(201);
        assert_eq!(created.json["status"], "paid", "{}", created.text());
        assert_eq!(created.json["payments"][0]["status"], "paid");
        assert_eq!(created.json["payments"][0]["next_action"], json!(null));
        let again = shop.create(&order).await;
        assert_eq!(again.bytes, created.bytes);
    }
}
