//! `bench`: measures the gateway against the database it stands on, everything on this machine, and
//! prints each bound beside its measurement. `bench table` is every row that needs no large ledger,
//! `bench large` those that do; `BENCH_*` variables make them short or long. `bench neighbours`
//! measures what one shop's, channel's or stranger's trouble costs the others.

mod benchmarks;
mod dataset;
mod harness;
mod large_ledger;
mod neighbours;
mod tools;

use std::process::ExitCode;

use chaos::program;
use devstack::Trouble;
use tokio::runtime::Handle;

use crate::{benchmarks::table, large_ledger::comparison, tools::options::Options};

const USAGE: &str = "usage: bench table | large | neighbours";

#[actix_rt::main]
async fn main() -> ExitCode {
    program::run(dispatch).await
}

async fn dispatch(load: Handle) -> Result<bool, Trouble> {
    let options = Options::of_environment()?;
    match std::env::args().nth(1).unwrap_or_default().as_str() {
        "table" => Box::pin(table::run(&load, &options)).await,
        "large" => Box::pin(comparison::run(&load, &options)).await,
        "neighbours" => Box::pin(neighbours::run(&load)).await,
        _ => Err(Trouble::new(USAGE)),
    }
}
