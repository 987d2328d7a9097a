//! Building the gateway's programs with cargo.

use std::{path::PathBuf, time::Duration};

use crate::system::{
    directories,
    error::Trouble,
    find_program::own_folder,
    process::{Ending, Process, Program},
};

const POLL: Duration = Duration::from_millis(50);
const STOP_GRACE: Duration = Duration::from_secs(5);

/// The cargo profile of the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Release,
    Debug,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Debug => "debug",
        }
    }

    /// Returns the arguments of the command, for people and for the machine.
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Release => &["build", "--release", "--locked", "--workspace"],
            Self::Debug => &["build", "--locked", "--workspace"],
        }
    }

    /// Returns the folder of the built programs.
    pub(crate) fn programs(self) -> Result<PathBuf, Trouble> {
        let own = own_folder()?;
        let beside = own.parent().map(|target| target.join(self.folder()));
        Ok(beside.unwrap_or(own))
    }
}

/// A build that runs beside us; its output is shown as it comes.
pub(crate) struct Build(Process);

impl Build {
    pub(crate) fn start(profile: Profile) -> Result<Self, Trouble> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let target = profile.programs()?;
        let target = target.parent().map(PathBuf::from).unwrap_or(target);
        Program::new("cargo build", cargo)
            .args(profile.arguments().iter().copied())
            .in_folder(&directories::repository())
            .inherits_everything()
            .envs([("CARGO_TARGET_DIR", target)])
            .shows_output()
            .ends_by(Ending::Terminate, STOP_GRACE)
            .start()
            .map(Self)
    }

    /// Waits for its end; a trouble if it failed.
    pub(crate) async fn finish(mut self) -> Result<(), Trouble> {
        loop {
            match self.0.ended() {
                Some(status) if status.success() => return Ok(()),
                Some(_) => return Err(Trouble::new("the build failed; its messages are above")),
                None => tokio::time::sleep(POLL).await,
            }
        }
    }
}
