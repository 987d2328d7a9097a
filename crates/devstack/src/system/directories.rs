//! The folders of a clone. Files that a server running as another user needs lie where that user
//! can reach them, which the clone itself may not be. Throwaway folders are locked by the process
//! that made them; those that a killed process left behind are removed by the next one.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::system::{
    error::{Attempting, Trouble},
    unprivileged_user::Account,
};

const THROWAWAY_PREFIX: &str = "gateway-devstack-tmp-";
const LOCK_SUFFIX: &str = ".lock";

/// Returns the clone this crate was built from.
pub(crate) fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Returns the folder for what a run keeps: `.run` in the clone, for its owner only.
pub(crate) fn run_folder() -> Result<PathBuf, Trouble> {
    let folder = repository().join(".run");
    private_folder(&folder, None)?;
    Ok(folder)
}

/// Returns the folder for what servers keep between runs: in `.run`, or, as root, in `/var/tmp`
/// under a name made from the clone's path. Everybody may look into it; secrets have their own
/// folder.
pub(crate) fn server_folder() -> Result<PathBuf, Trouble> {
    if Account::for_servers().is_none() {
        return run_folder();
    }
    let digest = Sha256::digest(repository().as_os_str().as_encoded_bytes());
    let key: String = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
    let folder = Path::new("/var/tmp").join(format!("gateway-devstack-{key}"));
    private_folder(&folder, None)?;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o711))
        .attempting(format!("open {}", folder.display()))?;
    Ok(folder)
}

/// Makes the folder, or checks that it is a real folder of this owner that nobody else writes to.
pub(crate) fn private_folder(folder: &Path, owner: Option<Account>) -> Result<(), Trouble> {
    let name = folder.display();
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => owner.map_or(Ok(()), |account| account.own(folder)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(folder).attempting(format!("look at {name}"))?;
            let uid = owner.map_or_else(|| rustix::process::geteuid().as_raw(), |a| a.uid);
            if !found.is_dir() || found.uid() != uid || found.mode() & 0o022 != 0 {
                return Err(Trouble::new(format!(
                    "{name} exists, but is not a folder that only user {uid} can write to; \
                     remove it and start again"
                )));
            }
            Ok(())
        }
        Err(error) => Err(Trouble::new(format!("could not make {name}: {error}"))),
    }
}

/// A folder that lives as long as this value, in a place that every user can reach.
#[derive(Debug)]
pub(crate) struct Throwaway {
    folder: PathBuf,
    lock_path: PathBuf,
    _lock: File,
}

impl Throwaway {
    /// Makes one, for `owner` where servers run as somebody else.
    pub(crate) fn new(owner: Option<Account>) -> Result<Self, Trouble> {
        let base = reachable_temp()?;
        remove_abandoned(&base);
        let name = format!("{THROWAWAY_PREFIX}{}", Uuid::new_v4().simple());
        let (folder, lock_path) = (base.join(&name), base.join(name + LOCK_SUFFIX));
        let lock = File::create_new(&lock_path).attempting("make a temporary lock file")?;
        lock.lock().attempting("lock a temporary folder")?;
        let throwaway = Self {
            folder,
            lock_path,
            _lock: lock,
        };
        private_folder(&throwaway.folder, owner)?;
        Ok(throwaway)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        remove(&self.folder, &self.lock_path);
    }
}

/// Removes a throwaway folder. One that cannot be removed now is tried again by whoever makes the
/// next.
fn remove(folder: &Path, lock_path: &Path) {
    let gone = match fs::remove_dir_all(folder) {
        Ok(()) => true,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if gone {
        fs::remove_file(lock_path).ok();
    }
}

fn remove_abandoned(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(folder) = name
            .strip_suffix(LOCK_SUFFIX)
            .filter(|folder| folder.starts_with(THROWAWAY_PREFIX))
        else {
            continue;
        };
        let held = File::open(entry.path()).map(|lock| lock.try_lock().map(|()| lock));
        if let Ok(Ok(_lock)) = held {
            remove(&base.join(folder), &entry.path());
        }
    }
}

/// Finds the first temporary folder that every user can walk into and that we can write to.
fn reachable_temp() -> Result<PathBuf, Trouble> {
    let candidates = [
        std::env::temp_dir(),
        PathBuf::from("/var/tmp"),
        PathBuf::from("/tmp"),
    ];
    let open_to_all = |folder: &Path| {
        folder
            .ancestors()
            .all(|part| fs::metadata(part).is_ok_and(|found| found.mode() & 0o001 != 0))
    };
    candidates
        .into_iter()
        .filter_map(|candidate| candidate.canonicalize().ok())
        .find(|candidate| Account::for_servers().is_none() || open_to_all(candidate))
        .ok_or_else(|| Trouble::new("no temporary folder can be reached by every user"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throwaway_folder_goes_with_its_value() {
        let throwaway = Throwaway::new(None).unwrap();
        let (folder, lock) = (throwaway.folder.clone(), throwaway.lock_path.clone());
        fs::write(folder.join("x"), "y").unwrap();
        drop(throwaway);
        assert!(!folder.exists() && !lock.exists());
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_in_use_stays() {
        let base = reachable_temp().unwrap();
        let live = Throwaway::new(None).unwrap();
        let left = format!("{THROWAWAY_PREFIX}left-{}", Uuid::new_v4().simple());
        fs::create_dir(base.join(&left)).unwrap();
        fs::write(base.join(format!("{left}{LOCK_SUFFIX}")), "").unwrap();
        let other = Throwaway::new(None).unwrap();
        assert!(!base.join(&left).exists());
        assert!(live.path().exists() && other.path().exists());
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_not_used() {
        let throwaway = Throwaway::new(None).unwrap();
        let folder = throwaway.path().join("open");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(private_folder(&folder, None).is_err());
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(private_folder(&folder, None).is_ok());
    }
}
