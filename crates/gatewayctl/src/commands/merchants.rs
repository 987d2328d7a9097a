//! Adds and lists shops, and sets how e-wallets know them.

use ayolinx_core::ids::MerchantId;
use ayolinx_core::order_view::jakarta_millis;
use ledger::{SubMerchantChange, Urgency};
use serde_json::json;
use uuid::Uuid;

use super::keys;
use crate::cli::{Merchants, Scope};
use crate::connect;
use crate::failure::Failure;
use crate::output::{Output, fields, table};

const NAME_CHARS_MAX: usize = 200;
/// The longest id that DANA takes.
const SUB_MERCHANT_CHARS_MAX: usize = 32;
const STORE_CHARS_MAX: usize = 64;

pub(crate) async fn run(what: Merchants) -> Result<Output, Failure> {
    match what {
        Merchants::Create { name } => create(name).await,
        Merchants::List => list().await,
        Merchants::Set {
            merchant,
            sub_merchant_id,
            external_store_id,
        } => {
            let change = SubMerchantChange {
                sub_merchant_id: at_wallets(
                    "sub-merchant-id",
                    SUB_MERCHANT_CHARS_MAX,
                    sub_merchant_id,
                )?,
                external_store_id: at_wallets(
                    "external-store-id",
                    STORE_CHARS_MAX,
                    external_store_id,
                )?,
            };
            set(merchant, change).await
        }
    }
}

/// Reads the name of a merchant at e-wallets from an argument: an empty one removes it.
fn at_wallets(
    argument: &str,
    chars_max: usize,
    text: Option<String>,
) -> Result<Option<Option<String>>, Failure> {
    let Some(text) = text else {
        return Ok(None);
    };
    if text.len() > chars_max || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::usage(format!(
            "--{argument} takes up to {chars_max} visible ASCII characters, without blanks"
        )));
    }
    Ok(Some((!text.is_empty()).then_some(text)))
}

async fn set(merchant: MerchantId, change: SubMerchantChange) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let known_as = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(move |tx| tx.set_sub_merchant(merchant, &change))
        .await
        .map_err(|error| keys::or_no_merchant(error, merchant))?;
    let human = fields(&[
        ("merchant_id", merchant.to_string()),
        (
            "sub_merchant_id",
            known_as.sub_merchant_id.clone().unwrap_or_default(),
        ),
        (
            "external_store_id",
            known_as.external_store_id.clone().unwrap_or_default(),
        ),
    ]);
    let json = json!({
        "merchant_id": merchant,
        "sub_merchant_id": known_as.sub_merchant_id,
        "external_store_id": known_as.external_store_id,
    });
    Ok(Output::new(human, json))
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
    let settings = connect::settings()?;
    let (key, stored) = keys::fresh(&settings, &Scope::ALL)?;
    let id = MerchantId::from_uuid(Uuid::now_v7());
    connect::books(&settings)?
        .at(Urgency::Write)
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
    let settings = connect::settings()?;
    let merchants = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(|tx| tx.list_merchants())
        .await?;
    let rows: Vec<Vec<String>> = merchants
        .iter()
        .map(|one| {
            vec![
                one.id.to_string(),
                jakarta_millis(one.created_at),
                one.name.clone(),
                one.sub_merchant.sub_merchant_id.clone().unwrap_or_default(),
                one.sub_merchant
                    .external_store_id
                    .clone()
                    .unwrap_or_default(),
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
                "sub_merchant_id": one.sub_merchant.sub_merchant_id,
                "external_store_id": one.sub_merchant.external_store_id,
            })
        })
        .collect();
    Ok(Output::new(
        table(&["ID", "SINCE", "NAME", "SUB-MERCHANT", "STORE"], &rows),
        json!({"data": data}),
    ))
}
