//! A full disk: the write-ahead log lives on a small tmpfs that a ballast file fills up. Only where
//! root may mount; elsewhere this fault is left out and said to be.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::{MetadataExt, chown, symlink},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use devstack::{Postgres, Trouble, run_sql};

const SIZE: &str = "size=400m,mode=0700";
const BLOCK: usize = 1 << 20;
/// Number of log switches: segments that are there already may still be written to.
const SWITCHES: u32 = 30;

/// The small disk. Dropping it unmounts it.
#[derive(Debug)]
pub struct SmallDisk {
    mount: PathBuf,
}

impl SmallDisk {
    /// Moves the log of a running server to the small disk.
    ///
    /// # Errors
    /// Fails when the server does not come back.
    pub fn under(postgres: &mut Postgres) -> Result<Option<Self>, Trouble> {
        let url = postgres.url("postgres");
        for setting in ["max_wal_size = '96MB'", "min_wal_size = '32MB'"] {
            run_sql(&url, &format!("ALTER SYSTEM SET {setting}"))?;
        }
        let data = PathBuf::from(run_sql(&url, "SHOW data_directory")?.trim());
        let Some(disk) = Self::mounted(&data) else {
            return Ok(None);
        };
        postgres.kill();
        let moved = disk.take_over(&data.join("pg_wal"));
        restart(postgres)?;
        moved
            .map(|()| Some(disk))
            .map_err(|error| Trouble::new(format!("could not move the write-ahead log: {error}")))
    }

    fn mounted(data: &Path) -> Option<Self> {
        let mount = data.parent()?.join("small-disk");
        fs::create_dir(&mount).ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "chaos-small-disk"])
            .arg(&mount)
            .output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            fs::remove_dir(&mount).ok();
            return None;
        }
        Some(Self { mount })
    }

    fn take_over(&self, log: &Path) -> std::io::Result<()> {
        // The killed server's children end by themselves, shortly.
        std::thread::sleep(Duration::from_secs(2));
        let owner = fs::metadata(log)?;
        chown(&self.mount, Some(owner.uid()), Some(owner.gid()))?;
        let copied = Command::new("cp")
            .arg("-a")
            .arg(log.join("."))
            .arg(&self.mount)
            .status()?;
        if !copied.success() {
            return Err(std::io::Error::other("cp failed"));
        }
        fs::rename(log, log.with_extension("old"))?;
        symlink(&self.mount, log)
    }

    /// Fills the disk to the last byte and makes the server notice; returns whether it did.
    #[must_use]
    pub fn fill(&self, url: &str) -> bool {
        let Ok(mut ballast) = File::create(self.ballast()) else {
            return false;
        };
        let block = vec![0_u8; BLOCK];
        while ballast.write_all(&block).is_ok() {}
        while ballast.write_all(&[0_u8; 512]).is_ok() {}
        let next = "SELECT pg_logical_emit_message(true, 'chaos', 'x'); SELECT pg_switch_wal()";
        (0..SWITCHES).any(|_try| run_sql(url, next).is_err())
    }

    /// Makes room again; starts a server that has given up again.
    ///
    /// # Errors
    /// Fails when it does not come back.
    pub fn free(&self, postgres: &mut Postgres) -> Result<bool, Trouble> {
        fs::remove_file(self.ballast()).ok();
        let url = postgres.url("postgres");
        for _try in 0..20 {
            if run_sql(&url, "SELECT pg_logical_emit_message(true, 'chaos', 'y')").is_ok() {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        postgres.kill();
        restart(postgres).map(|()| true)
    }

    fn ballast(&self) -> PathBuf {
        self.mount.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount")
            .arg("-l")
            .arg(&self.mount)
            .status()
            .ok();
        fs::remove_dir(&self.mount).ok();
    }
}

/// Starts a killed server again; children of the killed one may hold its memory for a moment.
///
/// # Errors
/// Fails when it does not start within some tries.
pub fn restart(postgres: &mut Postgres) -> Result<(), Trouble> {
    let mut last = Trouble::new("no try was made");
    for _try in 0..40 {
        match postgres.start_again() {
            Ok(()) => return Ok(()),
            Err(trouble) => last = trouble,
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    Err(last)
}
