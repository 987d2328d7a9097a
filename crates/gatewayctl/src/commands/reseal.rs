//! Seals what is at rest anew under the newest of `ENCRYPTION_KEYS`, and reports the use of each key.

use ayolinx_core::key_id::KeyId;
use serde_json::json;

use crate::cli::Reseal;
use crate::connect;
use crate::encryption_census::{self, Census};
use crate::failure::Failure;
use crate::output::{Output, table};

pub(crate) async fn run(asked: &Reseal) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let books = connect::patient_books(&settings)?;
    let listed = books.context().keyring.ids();
    let (newest, older) = listed
        .split_first()
        .ok_or_else(|| Failure::new("ENCRYPTION_KEYS: is empty"))?;
    let census = if asked.dry_run {
        encryption_census::count(&books, None).await?
    } else {
        encryption_census::reseal(&books, *newest, older).await?
    };
    Ok(told(&census, &listed))
}

fn told(census: &Census, listed: &[KeyId]) -> Output {
    let standing = |key: Option<KeyId>| match key {
        None => "not sealed",
        key if key == listed.first().copied() => "newest",
        Some(key) if listed.contains(&key) => "older",
        Some(_) => "not listed",
    };
    let name = |key: Option<KeyId>| key.map_or_else(String::new, |key| key.to_string());
    let rows: Vec<Vec<String>> = census
        .values
        .iter()
        .map(|((column, key), values)| {
            vec![
                column.clone(),
                name(*key),
                standing(*key).to_owned(),
                values.to_string(),
            ]
        })
        .collect();
    let data: Vec<_> = census
        .values
        .iter()
        .map(|((column, key), values)| {
            json!({
                "column": column,
                "key": key.map(|key| key.to_string()),
                "standing": standing(*key),
                "values": values,
            })
        })
        .collect();
    let Census {
        resealed,
        held,
        broken,
        ..
    } = census;
    let mut human = table(&["COLUMN", "KEY", "IS", "VALUES"], &rows);
    human.push_str(&format!(
        "\nsealed anew: {resealed}; held by others, to be done at the next run: {held}; do not open: {broken}\n"
    ));
    let lost = census
        .values
        .keys()
        .any(|(_, key)| matches!(standing(*key), "not listed" | "not sealed"));
    let keys: Vec<String> = listed.iter().map(KeyId::to_string).collect();
    let json = json!({
        "keys": keys, "data": data, "resealed": resealed, "held": held, "broken": broken,
    });
    Output::new(human, json).with_problem(lost || *broken > 0)
}
