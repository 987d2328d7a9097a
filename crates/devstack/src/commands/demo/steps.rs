//! One order each, from its creation to its end and the webhook about it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    shop::{
        merchant::{expect_status, order_request},
        webhook_receiver::Delivery,
    },
    stack::running::Stack,
    system::error::Trouble,
};

const WITHIN: Duration = Duration::from_secs(20);
const RUPIAH: u64 = 25_000;
const EXPECTED_AMOUNT: &str = "25000.00";

/// The result of a step.
pub(super) struct Step {
    pub(super) event_type: &'static str,
    pub(super) took: Duration,
}

/// Creates an order, pays it in the sandbox, and checks the order and its webhook.
pub(super) async fn pay_one_order(stack: &Stack, method: &str) -> Result<Step, Trouble> {
    let began = Instant::now();
    let client = stack.client();
    let reference = format!("DEMO-{}", method.to_uppercase());
    let created = client
        .create_order(&order_request(&reference, method, RUPIAH))
        .await?;
    expect_status(&created, 201, "create the order")?;
    let order = created.json;
    expect(&order, "/status", "pending")?;
    expect(&order, "/payments/0/status", "pending")?;
    expect(&order, "/payments/0/next_action/type", next_action(method))?;
    let (id, payment) = (text(&order, "/id")?, text(&order, "/payments/0/id")?);
    let paid = client.pay_in_sandbox(&payment, &json!({})).await?;
    expect_status(&paid, 200, "pay in the sandbox")?;
    let order = client.wait_for_status(&id, "paid", WITHIN).await?;
    expect(&order, "/payments/0/status", "paid")?;
    expect(&order, "/paid_amount/value", EXPECTED_AMOUNT)?;
    check_webhook(stack, "order.paid", &id).await?;
    Ok(Step {
        event_type: "order.paid",
        took: began.elapsed(),
    })
}

/// Creates an order that nobody pays, and checks that it expires.
pub(super) async fn expire_one_order(stack: &Stack) -> Result<Step, Trouble> {
    let began = Instant::now();
    let client = stack.client();
    let mut request = order_request("DEMO-EXPIRED", "qris", RUPIAH);
    if let Some(fields) = request.as_object_mut() {
        fields.insert("expires_in".to_owned(), json!(2));
    }
    let created = client.create_order(&request).await?;
    expect_status(&created, 201, "create the order")?;
    let id = text(&created.json, "/id")?;
    let order = client.wait_for_status(&id, "expired", WITHIN).await?;
    expect(&order, "/paid_amount/value", "0.00")?;
    expect(&order, "/payments/0/status", "expired")?;
    check_webhook(stack, "order.expired", &id).await?;
    Ok(Step {
        event_type: "order.expired",
        took: began.elapsed(),
    })
}

fn next_action(method: &str) -> &'static str {
    match method {
        "qris" => "show_qr",
        "virtual_account" => "show_virtual_account",
        "retail" => "show_payment_code",
        _ => "redirect",
    }
}

/// Checks that the event about this order arrived with a right signature, and agrees with the
/// order.
async fn check_webhook(stack: &Stack, event_type: &str, order_id: &str) -> Result<(), Trouble> {
    let about_it = |delivery: &Delivery| delivery.is(event_type, order_id);
    let Some(delivery) = stack.receiver().wait_for(WITHIN, about_it).await else {
        let seconds = WITHIN.as_secs();
        let text = format!("no {event_type} webhook arrived within {seconds} s");
        return Err(Trouble::new(text));
    };
    if let Err(why) = &delivery.verified {
        return Err(Trouble::new(format!("the {event_type} webhook: {why}")));
    }
    expect(&delivery.body, "/id", &delivery.id)?;
    let status = event_type.trim_start_matches("order.");
    expect(&delivery.body, "/data/order/status", status)?;
    if delivery.id.starts_with("evt_") {
        return Ok(());
    }
    Err(Trouble::new(format!("{} is not an event id", delivery.id)))
}

fn text(json: &Value, pointer: &str) -> Result<String, Trouble> {
    let found = json.pointer(pointer).and_then(Value::as_str);
    found
        .map(str::to_owned)
        .ok_or_else(|| Trouble::new(format!("{pointer} is missing in {json}")))
}

fn expect(json: &Value, pointer: &str, expected: &str) -> Result<(), Trouble> {
    let found = text(json, pointer)?;
    if found == expected {
        return Ok(());
    }
    let sentence = format!("{pointer} is {found:?} instead of {expected:?} in {json}");
    Err(Trouble::new(sentence))
}
