//! `devstack with-services -- COMMAND`: a Postgres and a Redis for a whole test run.

use std::{ffi::OsString, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::{
    servers::{
        postgres::{Durability, Postgres},
        redis::Redis,
        test_services::SHARED_DATABASE_VARIABLE,
    },
    system::{
        error::{Attempting, Trouble},
        signals::{Outcome, unless_interrupted},
    },
};

/// Name of the variable for a Redis that a whole test run may share.
const SHARED_REDIS_VARIABLE: &str = "DEVSTACK_TEST_REDIS_URL";

/// Exit code that shells give a command that SIGINT ended.
const INTERRUPTED: u8 = 130;
const COMMAND_GRACE: Duration = Duration::from_secs(5);

/// Starts the servers, runs the command with their addresses in its environment, stops the servers,
/// and returns the command's exit code. SIGINT and SIGTERM end the command first.
pub async fn with_services(command: &[OsString]) -> Result<u8, Trouble> {
    let Some((program, args)) = command.split_first() else {
        return Err(Trouble::new("with-services needs a command after --"));
    };
    let (postgres, redis) = servers()?;
    let mut child = Command::new(program)
        .args(args)
        .env(SHARED_DATABASE_VARIABLE, postgres.url("postgres"))
        .env(SHARED_REDIS_VARIABLE, redis.url())
        .stdin(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .attempting(format!("run {}", program.to_string_lossy()))?;
    let waiting = async { child.wait().await.attempting("wait for the command") };
    match unless_interrupted(waiting).await? {
        Outcome::Done(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            Ok(code.unwrap_or(1))
        }
        Outcome::Interrupted => {
            end(&mut child).await;
            Ok(INTERRUPTED)
        }
    }
}

/// Gives the command a moment to end by itself; after that it is killed with the value.
async fn end(child: &mut Child) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        kill_process(pid, Signal::TERM).ok();
        timeout(COMMAND_GRACE, child.wait()).await.ok();
    }
}

/// Starts both at the same time: the first start of each takes seconds.
fn servers() -> Result<(Postgres, Redis), Trouble> {
    let redis = std::thread::spawn(Redis::start);
    let postgres = Postgres::throwaway(Durability::Throwaway)?;
    let redis = redis
        .join()
        .map_err(|_panic| Trouble::new("starting Redis panicked"))?;
    Ok((postgres, redis?))
}
