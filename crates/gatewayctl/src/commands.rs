//! Commands: one file for each group; this one dispatches to them. `main` calls it; a command reads its words from
//! `cli`, opens what it needs by `connect`, and returns an `Output` or a `Failure`. Invariant: the answer is printed
//! once, whole, by `main`; before it only warnings and progress are shown, on stderr.

mod after_restore;
mod audit;
mod completions;
mod doctor;
mod erase;
mod events;
mod keys;
mod man;
mod merchants;
mod migrate;
mod operators;
mod orders;
mod partitions;
mod quarantine;
mod reconcile;
mod refunds;
mod reseal;
mod sign;
mod webhooks;

use crate::cli::Command;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) async fn run(command: Command) -> Result<Output, Failure> {
    match command {
        Command::Migrate { grant_to } => migrate::run(grant_to.as_deref()),
        Command::Merchants(what) => merchants::run(what).await,
        Command::Keys(what) => keys::run(what).await,
        Command::Webhooks(what) => webhooks::run(what).await,
        Command::Operators(what) => operators::run(what).await,
        Command::Orders(what) => orders::run(what).await,
        Command::Events(what) => events::run(what).await,
        Command::Refunds(what) => refunds::run(what).await,
        Command::Sync(order) => orders::sync(order).await,
        Command::Doctor => doctor::run().await,
        Command::Sign(asked) => sign::sign(&asked),
        Command::Verify(asked) => sign::verify(&asked).await,
        Command::Reconcile(asked) => reconcile::run(asked).await,
        Command::LiveCheck(asked) => Box::pin(crate::live_check::run(asked)).await,
        Command::Audit => audit::run().await,
        Command::Quarantine(what) => quarantine::run(what).await,
        Command::Partitions(asked) => partitions::run(&asked).await,
        Command::Erase(asked) => erase::run(asked).await,
        Command::AfterRestore { skip } => after_restore::run(skip).await,
        Command::Man { dir } => man::run(dir.as_deref()),
        Command::Completions { shell } => Ok(completions::run(shell)),
    }
}
