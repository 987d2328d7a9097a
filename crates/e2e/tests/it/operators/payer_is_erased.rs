//! An operator erases a payer: the shop's order stays, its customer is gone, and the books stand.

use serde_json::{Value, json};

use crate::support::{
    Sandbox, Shop, an_order, assert_books_balance, gatewayctl, quick, reference, with,
};

fn for_payer(channel: &str, name: &str) -> Value {
    let email = format!("{}@example.co.id", name.to_lowercase());
    let customer = json!({"name": name, "email": email, "phone": "081299998888"});
    with(
        an_order(channel),
        json!({"customer": customer, "description": format!("for {name}")}),
    )
}

#[actix_rt::test]
async fn the_order_stays_and_its_payer_is_gone() {
    let stack = quick().start().await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let order = for_payer("VIRTUAL_ACCOUNT_BNI", "Kenari");
    let made = shop.made(&order).await;
    sandbox.pay(&made["payments"][0]).await;
    let id = made["id"].as_str().unwrap();
    let paid = shop.until_status(id, "paid").await;

    let dry = stack
        .gatewayctl_json(&["erase", reference(&order)])
        .unwrap();
    assert_eq!(dry["dry_run"], true, "{dry}");
    assert_eq!(dry["data"][0]["status"], "would_erase");
    assert_eq!(shop.order(id).await, paid);

    let done = ["erase", reference(&order), "--by", "ticket-7", "--yes"];
    let done = stack.gatewayctl_json(&done).unwrap();
    let erased = &done["data"][0];
    assert_eq!(erased["status"], "erased", "{done}");
    assert_eq!(
        (&erased["payers"], &erased["callbacks"]),
        (&json!(1), &json!(1))
    );
    let after = shop.order(id).await;
    assert_eq!(after["customer"], Value::Null);
    assert_eq!(after["description"], Value::Null);
    for kept in ["status", "paid_amount", "paid_at", "reference"] {
        assert_eq!(after[kept], paid[kept], "{kept}");
    }
    let again = shop.create(&order).await;
    assert_eq!(again.problem(409, "reference_exists").json["order_id"], id);
    for path in [format!("/v1/orders/{id}/timeline"), "/v1/events".to_owned()] {
        let shown = shop.get(&path).await.expect(200).json.to_string();
        assert!(!shown.to_lowercase().contains("kenari"), "{path}: {shown}");
        assert!(!shown.contains("99998888"), "{path}: {shown}");
    }
    let history = stack.gatewayctl(&["orders", "show", id]).unwrap();
    assert!(
        history.contains("payer_erased") && history.contains("by ticket-7"),
        "{history}"
    );
    assert_books_balance(&stack);
}

#[actix_rt::test]
async fn every_order_of_a_payer_is_erased_and_no_other() {
    let stack = quick().start().await.unwrap();
    let shop = Shop::of(&stack);
    let mut ids = Vec::new();
    for name in ["Kenari", "Merpati", "Kenari"] {
        let made = shop.made(&for_payer("payment_link", name)).await;
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let merchant = stack.merchant().id.clone();
    let erase = ["erase", "--merchant", &merchant, "--yes"];
    let whom = ["--email", "KENARI@example.co.id"];
    let done = stack
        .gatewayctl_json(&[&erase[..], &whom].concat())
        .unwrap();
    assert_eq!(done["data"].as_array().unwrap().len(), 2, "{done}");
    for (id, is_left) in ids.iter().zip([false, true, false]) {
        let customer = &shop.order(id).await["customer"];
        assert_eq!(customer.is_object(), is_left, "{customer}");
    }
    let whom = ["--phone", "+62 812 9999 8888"];
    let done = stack
        .gatewayctl_json(&[&erase[..], &whom].concat())
        .unwrap();
    assert_eq!(done["data"][0]["order_id"], ids[1].as_str(), "{done}");
    assert_eq!(shop.order(&ids[1]).await["customer"], Value::Null);
}

#[actix_rt::test]
async fn whom_to_erase_must_be_said() {
    let stack = crate::support::shared();
    for (arguments, code) in [
        (vec!["erase"], 2),
        (vec!["erase", "--email", "a@example.co.id"], 2),
        (vec!["erase", "INV-1", "--email", "a@example.co.id"], 2),
        (vec!["erase", "INV-1", "--by", "Budi Santoso"], 2),
        (vec!["erase", "no-such-order"], 1),
    ] {
        let ran = gatewayctl(stack, &arguments);
        assert_eq!(ran.code, Some(code), "{ran:?}");
    }
}
