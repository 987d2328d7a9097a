//! Finding programs: on this machine, and those of this build.

use std::{
    env,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::error::{Attempting, Trouble};

/// Finds the program of this name on `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| is_program(candidate))
}

/// Returns whether this is a file that may be executed.
pub(crate) fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Returns the folder of this build's programs. They lie beside this one; a test's lies one folder
/// deeper.
pub(crate) fn own_folder() -> Result<PathBuf, Trouble> {
    let own = env::current_exe().attempting("find this program's own folder")?;
    let folder = own.parent().map(Path::to_path_buf).unwrap_or_default();
    if folder.ends_with("deps") {
        return Ok(folder.parent().map(Path::to_path_buf).unwrap_or(folder));
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_name() {
        assert!(on_path("sh").is_some_and(|path| path.ends_with("sh")));
        assert_eq!(on_path("no-such-program-here"), None);
    }
}
