//! Shops are added and listed.

use ayolinx_core::ids::MerchantId;
use ayolinx_core::order_view::jakarta_millis;
use serde_json::json;
use uuid::Uuid;

use super::keys;
use crate::access;
use crate::cli::{Merchants, Scope};
use crate::failure::Failure;
use crate::output::{Output, fields, table};

const NAME_CHARS_MAX: usize = 200;

pub(crate) async fn run(what: Merchants) -> Result<Output, Failure> {
    match what {
        Merchants::Create { name } => create(name).await,
        Merchants::List => list().await,
    }
}

async fn create(name: String) -> Result<Output, Failure> {
    let plain = !name.trim().is_empty()
        && name.chars().count() <= NAME_CHARS_MAX
        && !name.chars().any(char::is_control);
    if !plain {
        return Err(Failure::usage(format!(
            "--name needs 1 to {NAME_CHARS_MAX} characters, none of them a control character"
        )));
    }
    let settings = access::settings()?;
    let (key, stored) = keys::fresh(&settings, &Scope::ALL)?;
    let id = MerchantId::from_uuid(Uuid::now_v7());
    access::books(&settings)?
        .transact(move |tx| {
            tx.add_merchant(id, &name)?;
            tx.add_key(id, &stored)
        })
        .await?;
    let human = fields(&[
        ("merchant_id", id.to_string()),
        ("api_key", key.expose().to_owned()),
    ]);
    let json = json!({"merchant_id": id, "api_key": key.expose()});
    Ok(Output::new(human, json))
}

async fn list() -> Result<Output, Failure> {
    let settings = access::settings()?;
    let merchants = access::books(&settings)?
        .transact(|tx| tx.list_merchants())
        .await?;
    let rows: Vec<Vec<String>> = merchants
        .iter()
        .map(|one| {
            vec![
                one.id.to_string(),
                jakarta_millis(one.created_at),
                one.name.clone(),
            ]
        })
        .collect();
    let data: Vec<_> = merchants
        .iter()
        .map(|one| {
            json!({
                "id": one.id,
                "name": one.name,
                "created_at": jakarta_millis(one.created_at),
            })
        })
        .collect();
    Ok(Output::new(
        table(&["ID", "SINCE", "NAME"], &rows),
        json!({"data": data}),
    ))
}
