//! `chaos`: runs the gateway under faults and checks what is left. `CHAOS_SEED` plays a run again,
//! `CHAOS_MINUTES` makes it long, `CHAOS_RATE` sets the orders a minute.

use std::{
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chaos::{
    failover,
    faults::Holds,
    measure::{healing, overload, rolling},
    run::{self, Options},
    say::complain,
};
use devstack::Trouble;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: chaos run | failover | healing | overload | rolling";
/// The short form: the whole run stays within six minutes.
const SHORT_FAULTS: Duration = Duration::from_secs(200);

#[actix_rt::main]
async fn main() -> ExitCode {
    match dispatch().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            complain(&trouble);
            ExitCode::FAILURE
        }
    }
}

async fn dispatch() -> Result<bool, Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Trouble::new(format!("no threads: {error}")))?;
    let handle = runtime.handle().clone();
    let word = std::env::args().nth(1).unwrap_or_default();
    let mut terminated = signal(SignalKind::terminate())
        .map_err(|error| Trouble::new(format!("no signals: {error}")))?;
    let interrupted = tokio::signal::ctrl_c();
    let work = async {
        match word.as_str() {
            "run" => Box::pin(run::run(&handle, options()?)).await,
            "failover" => {
                let count = number("FAILOVERS")?.unwrap_or(4).max(1);
                Box::pin(failover::run(&handle, options()?, count)).await
            }
            "healing" => {
                let orders = number("HEALING_ORDERS")?.unwrap_or(480).max(1);
                Box::pin(healing::run(&handle, options()?.seed, orders)).await
            }
            "overload" => Box::pin(overload::run(&handle)).await,
            "rolling" => {
                let rounds = number("ROUNDS")?.unwrap_or(3).max(1);
                let a_second = number("REQUESTS_A_SECOND")?.unwrap_or(80).max(1);
                Box::pin(rolling::run(&handle, rounds, a_second)).await
            }
            _ => Err(Trouble::new(USAGE)),
        }
    };
    let ended = tokio::select! {
        ended = work => ended,
        _ = interrupted => Err(Trouble::new("interrupted")),
        _ = terminated.recv() => Err(Trouble::new("terminated")),
    };
    runtime.shutdown_background();
    ended
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

fn number(name: &str) -> Result<Option<u64>, Trouble> {
    match std::env::var(name) {
        Ok(text) if !text.is_empty() => text
            .parse()
            .map(Some)
            .map_err(|_| Trouble::new(format!("{name} must be a whole number"))),
        _ => Ok(None),
    }
}

fn by_the_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(1, |since| since.as_secs() % 1_000_000)
}
