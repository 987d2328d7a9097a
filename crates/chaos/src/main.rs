//! `chaos`: runs the gateway under faults and checks what is left. `CHAOS_SEED` plays a run again,
//! `CHAOS_MINUTES` makes it long, `CHAOS_RATE` sets the orders a minute.

use std::{
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chaos::{
    faults::injection::Holds,
    measure::{healing, overload, rolling},
    scenarios::{
        failover,
        run::{self, Options},
    },
    tools::program::{self, number},
};
use devstack::Trouble;
use tokio::runtime::Handle;

const USAGE: &str = "usage: chaos run | failover | healing | overload | rolling";
/// Length of the short form's fault phase: the whole run stays within six minutes.
const SHORT_FAULTS: Duration = Duration::from_secs(200);

#[actix_rt::main]
async fn main() -> ExitCode {
    program::run(dispatch).await
}

async fn dispatch(load: Handle) -> Result<bool, Trouble> {
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "run" => Box::pin(run::run(&load, options()?)).await,
        "failover" => {
            let count = number("FAILOVERS")?.unwrap_or(4).max(1);
            Box::pin(failover::run(&load, options()?, count)).await
        }
        "healing" => {
            let orders = number("HEALING_ORDERS")?.unwrap_or(480).max(1);
            Box::pin(healing::run(&load, options()?.seed, orders)).await
        }
        "overload" => Box::pin(overload::run(&load)).await,
        "rolling" => {
            let rounds = number("ROUNDS")?.unwrap_or(3).max(1);
            let a_second = number("REQUESTS_A_SECOND")?.unwrap_or(80).max(1);
            Box::pin(rolling::run(&load, rounds, a_second)).await
        }
        _ => Err(Trouble::new(USAGE)),
    }
}

fn options() -> Result<Options, Trouble> {
    let minutes = number("CHAOS_MINUTES")?;
    let seconds = minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    let is_long = minutes.is_some_and(|minutes| minutes >= 30);
    let holds = if is_long {
        Holds {
            wire: Duration::from_secs(8),
            down: Duration::from_secs(5),
            pause: Duration::from_secs(60),
            server_pause: Duration::from_secs(60),
        }
    } else {
        Holds {
            wire: Duration::from_secs(3),
            down: Duration::from_millis(1_500),
            pause: Duration::from_secs(14),
            server_pause: Duration::from_secs(5),
        }
    };
    Ok(Options {
        seed: number("CHAOS_SEED")?.unwrap_or_else(by_the_clock),
        faults_for: seconds.unwrap_or(SHORT_FAULTS),
        orders_a_minute: number("CHAOS_RATE")?.unwrap_or(360).max(1),
        holds,
        patience: if is_long {
            Duration::from_secs(150)
        } else {
            Duration::from_secs(45)
        },
    })
}

fn by_the_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(1, |since| since.as_secs() % 1_000_000)
}
