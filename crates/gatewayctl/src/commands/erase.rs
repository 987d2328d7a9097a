//! Erases a payer's data; shows first what would go.

use ayolinx_core::ids::{MerchantId, OrderId};
use ledger::{Erased, Erasing, Ledger, SoughtPayer, Source, Urgency};
use serde_json::{Value, json};

use super::keys::or_no_merchant;
use super::orders::the_one;
use crate::cli::{Erase, NamedOrder};
use crate::connect;
use crate::failure::Failure;
use crate::output::{Output, table};
use crate::terminal::say;

/// Maximum number of payers that are opened in one transaction.
const PAGE: i64 = 500;

pub(crate) async fn run(asked: Erase) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let books = connect::patient_books(&settings)?;
    let how = Erasing {
        source: Source::Operator,
        by: asked.by.clone(),
        with_free_text: asked.free_text,
        is_dry: !asked.yes,
    };
    let orders = whose(&books, asked).await?;
    let mut done: Vec<(OrderId, Erased)> = Vec::new();
    for order in orders {
        done.push((order, books.erase_payer(order, &how).await?));
    }
    let is_held_back = done.iter().any(|(_, erased)| erased.is_busy);
    let rows: Vec<Vec<String>> = done.iter().map(|(id, one)| row(*id, one, &how)).collect();
    let mut human = table(
        &[
            "ORDER",
            "PAYER",
            "REPLIES",
            "CALLBACKS",
            "REFUSED",
            "TEXTS",
            "EVENTS",
            "",
        ],
        &rows,
    );
    if how.is_dry {
        human.push_str("\nNothing was erased. --yes does it, and there is no way back.\n");
    }
    if is_held_back {
        human.push_str(
            "\nHeld back: what the provider has of a payment is not known yet. Again in an hour.\n",
        );
    }
    let data: Vec<Value> = done
        .iter()
        .map(|(id, one)| as_json(*id, one, &how))
        .collect();
    let json = json!({"dry_run": how.is_dry, "data": data});
    Ok(Output::new(human, json).with_problem(is_held_back))
}

async fn whose(books: &Ledger, asked: Erase) -> Result<Vec<OrderId>, Failure> {
    if let Some(order) = asked.order {
        let merchant = asked.merchant;
        return Ok(vec![the_one(books, NamedOrder { order, merchant }).await?]);
    }
    let Some(merchant) = asked.merchant else {
        return Err(Failure::usage("--email and --phone need --merchant"));
    };
    let sought = SoughtPayer {
        email: asked.email,
        phone: asked.phone,
    };
    orders_of(books, merchant, sought).await
}

async fn orders_of(
    books: &Ledger,
    merchant: MerchantId,
    sought: SoughtPayer,
) -> Result<Vec<OrderId>, Failure> {
    let exists = books
        .at(Urgency::Write)
        .transact(move |tx| tx.merchant_exists(merchant))
        .await;
    exists.map_err(|error| or_no_merchant(error, merchant))?;
    let mut found = Vec::new();
    let mut after: Option<OrderId> = None;
    loop {
        let whom = sought.clone();
        let (page, next) = books
            .at(Urgency::Write)
            .transact(move |tx| tx.orders_of_payer(merchant, &whom, after, PAGE))
            .await?;
        found.extend(page);
        if next.is_none() {
            say(&format!("{} orders of this payer", found.len()));
            return Ok(found);
        }
        after = next;
    }
}

const fn verdict(erased: &Erased, how: &Erasing) -> &'static str {
    match (erased.is_busy, erased.is_anything(), how.is_dry) {
        (true, _, _) => "held_back",
        (false, false, _) => "nothing",
        (false, true, true) => "would_erase",
        (false, true, false) => "erased",
    }
}

fn row(id: OrderId, erased: &Erased, how: &Erasing) -> Vec<String> {
    vec![
        id.to_string(),
        erased.payers.to_string(),
        erased.replies.to_string(),
        erased.callbacks.to_string(),
        erased.refused.to_string(),
        erased.texts.to_string(),
        erased.events.to_string(),
        verdict(erased, how).to_owned(),
    ]
}

fn as_json(id: OrderId, erased: &Erased, how: &Erasing) -> Value {
    json!({
        "order_id": id.to_string(),
        "status": verdict(erased, how),
        "payers": erased.payers,
        "replies": erased.replies,
        "callbacks": erased.callbacks,
        "refused_callbacks": erased.refused,
        "texts": erased.texts,
        "events": erased.events,
    })
}
