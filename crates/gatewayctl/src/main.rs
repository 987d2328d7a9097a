//! The operator's command line (contract 8). Exit codes: 0 done, 1 failed or a problem was found,
//! 2 not understood.

mod cli;
mod commands;
mod connect;
mod encryption_census;
mod failure;
mod live_check;
mod output;
mod progress;
mod signatures;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;

fn main() -> ExitCode {
    // An error would say that it is installed already.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = Cli::parse();
    let runtime = actix_rt::System::new();
    match runtime.block_on(commands::run(cli.command)) {
        Ok(output) => output.print(cli.json),
        Err(failure) => failure.print(),
    }
}
