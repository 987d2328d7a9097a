//! One file for each group of commands; this one tells them apart.

mod completions;
mod keys;
mod merchants;
mod migrate;
mod webhooks;

use crate::cli::Command;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) async fn run(command: Command) -> Result<Output, Failure> {
    match command {
        Command::Migrate => migrate::run(),
        Command::Merchants(what) => merchants::run(what).await,
        Command::Keys(what) => keys::run(what).await,
        Command::Webhooks(what) => webhooks::run(what).await,
        Command::Completions { shell } => Ok(completions::run(shell)),
    }
}
