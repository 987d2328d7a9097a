//! `devstack demo`: proves the whole flow on a stack of its own, one line a step, and leaves nothing
//! behind.

mod steps;

use std::time::Instant;

use self::steps::{Step, expire_one_order, pay_one_order};
use crate::{
    servers::postgres::{Durability, Postgres},
    stack::{
        build::{Build, Profile},
        database::Database,
        running::Stack,
    },
    system::{
        error::{Attempting, Trouble},
        signals::{Outcome, unless_interrupted},
        terminal::say,
    },
};

const DATABASE: &str = "demo";

/// Timings so short that an order expires while one watches.
const TIMINGS: [(&str, &str); 2] = [("EXPIRY_GRACE_MS", "500"), ("SWEEP_INTERVAL_MS", "200")];

/// Runs the demo. An error has been printed as the step it belongs to.
pub async fn demo() -> Result<(), Trouble> {
    match unless_interrupted(show()).await? {
        Outcome::Done(()) => Ok(()),
        Outcome::Interrupted => Err(Trouble::new("interrupted")),
    }
}

async fn show() -> Result<(), Trouble> {
    let began = Instant::now();
    let stack = start().await?;
    let failed = drive(&stack).await;
    drop(stack);
    let seconds = began.elapsed().as_secs();
    if failed == 0 {
        say(format!(
            "demo: everything worked ({seconds} s); nothing is left behind"
        ));
        return Ok(());
    }
    Err(Trouble::new(format!("{failed} of the demo's steps failed")))
}

/// Brings an order of every method to paid, and one to expired. Returns how many failed.
async fn drive(stack: &Stack) -> usize {
    let mut failed = 0_usize;
    for method in [
        "qris",
        "ewallet",
        "virtual_account",
        "retail",
        "payment_link",
    ] {
        let step = pay_one_order(stack, method).await;
        failed = failed.saturating_add(tell(&format!("{method}: order to paid"), step));
    }
    let step = expire_one_order(stack).await;
    failed.saturating_add(tell("qris: order to expired", step))
}

/// Prints how a step went; returns 1 if it failed.
fn tell(what: &str, step: Result<Step, Trouble>) -> usize {
    match step {
        Ok(step) => {
            let ms = step.took.as_millis();
            say(format!(
                "ok    {what}; {} verified ({ms} ms)",
                step.event_type
            ));
            0
        }
        Err(trouble) => {
            say(format!("FAIL  {what}: {trouble}"));
            1
        }
    }
}

async fn start() -> Result<Stack, Trouble> {
    let profile = match std::env::var("DEMO_PROFILE").as_deref() {
        Ok("debug") => Profile::Debug,
        _ => Profile::Release,
    };
    say(format!(
        "build: cargo {} ...",
        profile.arguments().join(" ")
    ));
    let build = Build::start(profile)?;
    say("database: a throwaway Postgres is prepared meanwhile ...");
    let preparing = || {
        let postgres = Postgres::throwaway(Durability::Throwaway)?;
        postgres.ensure_database(DATABASE)?;
        Ok(postgres)
    };
    let prepared = tokio::task::spawn_blocking(preparing).await;
    let postgres: Postgres = prepared.attempting("prepare the database")??;
    build.finish().await?;
    say("stack: starting sandbox, gateway-api, callback-worker and a webhook receiver ...");
    let mut builder = Stack::builder()
        .programs_from(&profile.programs()?)
        .database(Database::Own(Box::new(postgres), DATABASE));
    for (name, value) in TIMINGS {
        builder = builder.env(name, value);
    }
    let stack = builder.start().await?;
    say(format!("ok    stack is ready on {}", stack.api_url(0)));
    Ok(stack)
}
