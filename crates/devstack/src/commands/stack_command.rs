//! `devstack stack [NAME=VALUE ...]`: a throwaway stack for tests that are not written in Rust.
//! Prints all addresses as one line of JSON, and stays until its standard input closes.

use std::{convert::Infallible, io::Read, time::Duration};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    servers::postgres::{Durability, Postgres},
    stack::{database::Database, running::Stack},
    system::{
        error::{Attempting, Trouble},
        find_program::own_folder,
        signals::{Outcome, unless_interrupted},
        terminal::say,
    },
};

const DATABASE: &str = "held";
const WATCH_EVERY: Duration = Duration::from_millis(500);

/// Starts the stack with these settings over its own, and ends it with whoever asked for it. An error
/// also when one of the programs ends by itself.
pub async fn hold(settings: &[&str]) -> Result<(), Trouble> {
    let mut pairs = Vec::new();
    for setting in settings {
        let pair = setting.split_once('=');
        pairs.push(pair.ok_or_else(|| Trouble::new(format!("{setting} is not NAME=VALUE")))?);
    }
    let closed = when_input_closes();
    match unless_interrupted(stay(&pairs, closed)).await? {
        Outcome::Done(()) | Outcome::Interrupted => Ok(()),
    }
}

async fn stay(
    settings: &[(&str, &str)],
    closed: oneshot::Receiver<Infallible>,
) -> Result<(), Trouble> {
    let preparing = || {
        let postgres = Postgres::throwaway(Durability::Throwaway)?;
        postgres.ensure_database(DATABASE)?;
        Ok(postgres)
    };
    let prepared = tokio::task::spawn_blocking(preparing).await;
    let postgres: Postgres = prepared.attempting("prepare the database")??;
    let mut builder = Stack::builder().database(Database::Own(Box::new(postgres), DATABASE));
    for (name, value) in settings {
        builder = builder.env(name, value);
    }
    let mut stack = builder.start().await?;
    say(whereabouts(&stack)?);
    let watching = async {
        loop {
            stack.check_alive()?;
            tokio::time::sleep(WATCH_EVERY).await;
        }
    };
    tokio::select! {
        trouble = watching => trouble,
        _closed = closed => Ok(()),
    }
}

/// Returns a receiver whose sender is dropped at the end of standard input.
fn when_input_closes() -> oneshot::Receiver<Infallible> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        // An error is an end as well.
        std::io::stdin().read_to_end(&mut Vec::new()).ok();
        drop(sender);
    });
    receiver
}

fn whereabouts(stack: &Stack) -> Result<Value, Trouble> {
    let merchant = stack.merchant();
    let settings: serde_json::Map<String, Value> = stack
        .settings()
        .into_iter()
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    Ok(json!({
        "api": stack.api_url(0),
        "checkout": stack.checkout_url(),
        "console": stack.console_url(),
        "callbacks": stack.callback_url(0),
        "sandbox": stack.sandbox_url(),
        "merchant_id": merchant.id,
        "api_key": merchant.api_key,
        "webhook_secret": merchant.webhook_secret,
        "database": stack.database_url(),
        "home": stack.home(),
        "programs": own_folder()?,
        "settings": settings,
    }))
}
