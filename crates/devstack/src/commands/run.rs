//! `devstack run`: the stack for a person, on ports one can remember, with data that stay.

mod banner;
mod state;

use std::{
    fs::File,
    path::Path,
    time::{Duration, Instant},
};

use self::state::State;
use crate::{
    servers::postgres::Postgres,
    shop::{
        merchant::order_request,
        webhook_receiver::{Delivery, WebhookReceiver},
    },
    stack::{
        build::{Build, Profile},
        database::Database,
        running::Stack,
    },
    system::{
        directories,
        error::{Attempting, Trouble},
        ports::Ports,
        signals::{Outcome, unless_interrupted},
        terminal::say,
    },
};

const DATABASE: &str = "gateway";
const WATCH_EVERY: Duration = Duration::from_millis(500);

/// Builds, prepares, starts, prints READY and then stays until SIGINT or SIGTERM, or until one of
/// the programs ends by itself, which is a trouble.
pub async fn run() -> Result<(), Trouble> {
    let folder = directories::run_folder()?;
    let _lock = only_one(&folder)?;
    match unless_interrupted(start_and_stay(&folder)).await? {
        Outcome::Done(never) => match never {},
        Outcome::Interrupted => {
            say("\nStopped. The data stay; make run starts again in seconds.");
            Ok(())
        }
    }
}

async fn start_and_stay(folder: &Path) -> Result<std::convert::Infallible, Trouble> {
    let began = Instant::now();
    let ports = Ports::documented(port_offset()?)?;
    ports.check_free()?;
    let mut state = State::open(folder)?;
    let database = build_and_prepare(&state).await?;
    say("Starting the sandbox, gateway-api and callback-worker; waiting until they are ready ...");
    let receiver = WebhookReceiver::start_watched(ports.receiver, Some(Box::new(print_delivery)))?;
    let mut builder = Stack::builder()
        .programs_from(&Profile::Release.programs()?)
        .ports(ports)
        .home(folder)
        .secrets(state.secrets()?)
        .merchant(state.merchant())
        .receiver(receiver)
        .database(database);
    if let Ok(url) = std::env::var("RUN_REDIS_URL") {
        builder = builder.redis_url(&url);
    }
    let mut stack = builder.start().await?;
    state.record(&stack)?;
    let checkout = example_checkout(&stack).await?;
    say(banner::ready(&stack, &checkout, began.elapsed()));
    loop {
        stack.check_alive()?;
        tokio::time::sleep(WATCH_EVERY).await;
    }
}

/// Prepares the database while the build runs: both take long the first time.
async fn build_and_prepare(state: &State) -> Result<Database, Trouble> {
    let command = Profile::Release.arguments().join(" ");
    say(format!(
        "Building the programs: cargo {command} (minutes the first time, then seconds) ..."
    ));
    let build = Build::start(Profile::Release)?;
    let database = prepare_database(state.database_password()?).await?;
    build.finish().await?;
    Ok(database)
}

async fn prepare_database(password: String) -> Result<Database, Trouble> {
    if let Ok(url) = std::env::var("RUN_DATABASE_URL") {
        say("Database: the one that RUN_DATABASE_URL names.");
        return Ok(Database::Given {
            owner: url,
            services: None,
        });
    }
    say("Database: a private Postgres is prepared meanwhile; no other server is touched ...");
    let preparing = move || {
        let postgres = Postgres::kept(&password)?;
        postgres.ensure_database(DATABASE)?;
        Ok(postgres)
    };
    let prepared = tokio::task::spawn_blocking(preparing).await;
    let postgres: Postgres = prepared.attempting("prepare the database")??;
    say("Database: ready; waiting for the build ...");
    Ok(Database::Own(Box::new(postgres), DATABASE))
}

/// Returns the checkout page of an order made for this purpose: its payer chooses how to pay.
async fn example_checkout(stack: &Stack) -> Result<String, Trouble> {
    let reference = format!("WELCOME-{}", chrono::Utc::now().timestamp());
    let mut order = order_request(&reference, "qris", 25_000);
    if let Some(fields) = order.as_object_mut() {
        fields.remove("payment");
    }
    let reply = stack.client().create_order(&order).await?;
    let link = reply.json.get("checkout_url").and_then(|url| url.as_str());
    link.map(str::to_owned).ok_or_else(|| {
        let (status, text) = (reply.status, reply.text.trim());
        Trouble::new(format!("the first order was answered {status}: {text}"))
    })
}

fn print_delivery(delivery: &Delivery) {
    let reference = delivery.order().get("reference");
    let reference = reference.and_then(|value| value.as_str()).unwrap_or("-");
    let verdict = match &delivery.verified {
        Ok(()) => "signature verified".to_owned(),
        Err(why) => format!("NOT VERIFIED: {why}"),
    };
    let (event, id) = (&delivery.event_type, &delivery.id);
    say(format!("webhook  {event}  {reference}  {id}  {verdict}"));
}

fn port_offset() -> Result<u16, Trouble> {
    match std::env::var("RUN_PORT_OFFSET") {
        Ok(text) => text.parse().attempting("read RUN_PORT_OFFSET as a number"),
        Err(_unset) => Ok(0),
    }
}

/// Takes the lock of a run: two runs of one clone would fight over data and ports.
fn only_one(folder: &Path) -> Result<File, Trouble> {
    let lock = File::create(folder.join("lock")).attempting("make a lock file in .run")?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(_held) => Err(Trouble::new("make run is already running in this clone")),
    }
}
