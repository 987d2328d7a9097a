//! Makes, lists and revokes API keys. Only the digest of a key is stored.

use ayolinx_core::api_key::ApiKey;
use ayolinx_core::ids::MerchantId;
use ayolinx_core::key_id::KeyId;
use ayolinx_core::order_view::jakarta_millis;
use ledger::{KeyLine, LedgerError, NewKey, Tx, Urgency};
use serde_json::json;
use settings::CtlSettings;
use uuid::Uuid;

use crate::cli::{Keys, Scope};
use crate::commands::reseal;
use crate::connect;
use crate::failure::Failure;
use crate::output::{Output, fields, table};

pub(crate) async fn run(what: Keys) -> Result<Output, Failure> {
    match what {
        Keys::Create { merchant, scopes } => create(merchant, scopes).await,
        Keys::List {
            merchant: Some(merchant),
            ..
        } => list(merchant).await,
        Keys::List { merchant: None, .. } => list_old_pepper().await,
        Keys::Reseal(asked) => reseal::run(&asked).await,
        Keys::Revoke { merchant, key } => revoke(merchant, key).await,
    }
}

/// Returns 256 random bits of the operating system.
pub(crate) fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_unspecified| Failure::new("the operating system gives no random bytes"))?;
    Ok(bytes)
}

/// Makes a new key, and the form of it that is stored.
pub(crate) fn fresh(settings: &CtlSettings, scopes: &[Scope]) -> Result<(ApiKey, NewKey), Failure> {
    let peppers = settings.peppers()?.all();
    let key = ApiKey::from_random(random()?);
    let stored = NewKey {
        digests: key.peppered(peppers),
        hint: key.hint(),
        scopes: scopes
            .iter()
            .map(|scope| scope.as_str().to_owned())
            .collect(),
    };
    Ok((key, stored))
}

/// Returns the failure; if the merchant does not exist, it names the merchant.
pub(crate) fn or_no_merchant(error: LedgerError, merchant: MerchantId) -> Failure {
    match error {
        LedgerError::NotFound => Failure::new(format!(
            "there is no merchant {merchant}; `gatewayctl merchants list` shows all"
        )),
        other => other.into(),
    }
}

async fn create(merchant: MerchantId, scopes: Vec<Scope>) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let wanted: Vec<Scope> = Scope::ALL
        .into_iter()
        .filter(|scope| scopes.is_empty() || scopes.contains(scope))
        .collect();
    let (key, stored) = fresh(&settings, &wanted)?;
    let scopes = stored.scopes.clone();
    let id = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(move |tx| {
            tx.merchant_exists(merchant)?;
            tx.add_key(merchant, &stored)
        })
        .await
        .map_err(|error| or_no_merchant(error, merchant))?;
    let human = fields(&[
        ("key_id", id.to_string()),
        ("api_key", key.expose().to_owned()),
        ("scopes", scopes.join(", ")),
    ]);
    let json = json!({"key_id": id, "api_key": key.expose(), "scopes": scopes});
    Ok(Output::new(human, json))
}

async fn list(merchant: MerchantId) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let keys = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(move |tx| existing_keys(tx, merchant))
        .await
        .map_err(|error| or_no_merchant(error, merchant))?;
    Ok(lines(&keys))
}

/// Lists the keys that the older peppers are still needed for.
async fn list_old_pepper() -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let newest = settings.peppers()?.all().first().map(KeyId::of_pepper);
    let newest = newest.ok_or_else(|| Failure::new("API_KEY_PEPPER: is empty"))?;
    let keys = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(move |tx| tx.list_keys_not_under(newest))
        .await?;
    Ok(lines(&keys))
}

fn lines(keys: &[KeyLine]) -> Output {
    let merchant = |key: &KeyLine| MerchantId::from_uuid(key.merchant_id);
    let peppers = |key: &KeyLine| -> Vec<String> {
        let both = [&key.pepper_id, &key.second_pepper_id];
        both.into_iter().flatten().cloned().collect()
    };
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            vec![
                key.id.to_string(),
                merchant(key).to_string(),
                format!("{}…", key.hint),
                key.scopes.join(","),
                jakarta_millis(key.created_at),
                key.used_at.map(jakarta_millis).unwrap_or_default(),
                peppers(key).join(","),
                key.revoked_at.map(jakarta_millis).unwrap_or_default(),
            ]
        })
        .collect();
    let data: Vec<_> = keys
        .iter()
        .map(|key| {
            json!({
                "id": key.id,
                "merchant_id": merchant(key),
                "hint": key.hint,
                "scopes": key.scopes,
                "created_at": jakarta_millis(key.created_at),
                "used_at": key.used_at.map(jakarta_millis),
                "peppers": peppers(key),
                "revoked_at": key.revoked_at.map(jakarta_millis),
            })
        })
        .collect();
    let head = [
        "ID", "MERCHANT", "KEY", "SCOPES", "SINCE", "USED", "PEPPERS", "REVOKED",
    ];
    Output::new(table(&head, &rows), json!({"data": data}))
}

async fn revoke(merchant: MerchantId, named: String) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let keys = connect::books(&settings)?;
    let existing = keys
        .at(Urgency::Write)
        .transact(move |tx| existing_keys(tx, merchant))
        .await
        .map_err(|error| or_no_merchant(error, merchant))?;
    let found = the_one_named(&existing, &named)?;
    let id = found.id;
    if found.revoked_at.is_none() {
        keys.at(Urgency::Write)
            .transact(move |tx| tx.revoke_key(merchant, id))
            .await?;
    }
    Ok(Output::new(
        format!("revoked {id}"),
        json!({"key_id": id, "revoked": true}),
    ))
}

fn existing_keys(tx: &mut Tx<'_>, merchant: MerchantId) -> Result<Vec<KeyLine>, LedgerError> {
    tx.merchant_exists(merchant)?;
    tx.list_keys(merchant)
}

/// Finds the key by its id, or by its beginning, which two keys may share.
fn the_one_named<'a>(keys: &'a [KeyLine], named: &str) -> Result<&'a KeyLine, Failure> {
    let id: Option<Uuid> = named.parse().ok();
    let begins = |key: &&KeyLine| Some(key.id) == id || named.starts_with(&key.hint);
    let mut found = keys.iter().filter(begins);
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(key),
        (Some(_), Some(_)) => Err(Failure::new(
            "several keys begin so: name the id shown by `gatewayctl keys list`",
        )),
        (None, _) => Err(Failure::new(
            "the merchant has no such key; `gatewayctl keys list` shows all",
        )),
    }
}
