//! `bench`: measures the gateway against the database it stands on, everything on this machine, and
//! prints what must hold beside what was measured. `bench table` is every row that needs no large
//! ledger, `bench large` those that do. `BENCH_*` variables make it short or long.

mod callbacks;
mod copies;
mod creates;
mod figures;
mod fill;
mod ground;
mod http;
mod large;
mod lives;
mod loops;
mod machine;
mod memory;
mod options;
mod pages;
mod pgbench;
mod reads;
mod shop;
mod starts;
mod table;
mod timing_proxy;
mod wrong;

use std::process::ExitCode;

use chaos::say::complain;
use devstack::Trouble;
use tokio::signal::unix::{SignalKind, signal};

use crate::options::Options;

const USAGE: &str = "usage: bench table | large";

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
    // The load runs on threads of its own: this one starts and stops programs and waits for them.
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
    let options = Options::of_environment()?;
    let work = async {
        match word.as_str() {
            "table" => Box::pin(table::run(&handle, &options)).await,
            "large" => Box::pin(large::run(&handle, &options)).await,
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
