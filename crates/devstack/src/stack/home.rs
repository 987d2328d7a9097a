//! The folder of a stack: its keys and logs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::system::{
    directories::Throwaway,
    error::{Attempting, Trouble},
};

/// The folder in which a stack keeps keys and logs.
#[derive(Debug)]
pub(crate) enum Home {
    /// A folder that is removed with the stack.
    Throwaway(Throwaway),
    /// A folder that stays.
    Kept(PathBuf),
}

impl Home {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Throwaway(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }
}

/// Removes old logs: a log is of this start only.
pub(super) fn clear_logs(home: &Path) -> Result<(), Trouble> {
    let logs = home.join("log");
    fs::create_dir_all(&logs).attempting("make the folder of logs")?;
    for entry in fs::read_dir(&logs).attempting("list the logs")?.flatten() {
        fs::remove_file(entry.path()).attempting("remove an old log")?;
    }
    Ok(())
}
