//! A service under a wrong clock: started with Debian's `libfaketime`, which reads its offset from
//! a file, so that the clock jumps while the service works. Only the time of day jumps; the
//! monotonic clock goes on.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};
use devstack::Trouble;
use tokio::time::sleep;

use crate::{harness::rig::Rig, tools::http::Call};

const FOLDERS: [&str; 2] = ["/usr/lib", "/usr/local/lib"];
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";
/// Time of work under the right clock before it jumps, and after it has jumped back.
const BEFORE: Duration = Duration::from_millis(700);
const AFTER: Duration = Duration::from_millis(1_500);
/// The shortest jump: long enough for a few orders, callbacks and webhooks.
const AT_LEAST: Duration = Duration::from_secs(4);
/// Seconds by which a shifted clock may be wrong about being wrong.
const SLACK: u64 = 30;

/// Finds the library, when it is installed.
#[must_use]
pub fn library() -> Option<PathBuf> {
    let folders = FOLDERS.iter().flat_map(|folder| {
        let below = fs::read_dir(folder).into_iter().flatten().flatten();
        std::iter::once(PathBuf::from(folder)).chain(below.map(|entry| entry.path()))
    });
    folders
        .map(|folder| folder.join(LIBRARY))
        .find(|file| file.is_file())
}

/// Asks the service to end, starts it under a clock of its own, lets that jump by `seconds` and
/// back, kills it and starts it as it was. Returns one when its clock was seen wrong.
///
/// # Errors
/// Fails when the service does not come back.
pub async fn inflict(
    rig: &mut Rig,
    index: usize,
    seconds: i64,
    hold: Duration,
) -> Result<u64, Trouble> {
    let (Some(name), Some(library)) = (rig.services().get(index).cloned(), library()) else {
        return Ok(0);
    };
    let file = rig.stack.home().join(format!("{name}.clock"));
    set(&file, 0)?;
    let (library, shown) = (library.to_string_lossy(), file.to_string_lossy());
    let settings: [(&str, &str); 5] = [
        ("LD_PRELOAD", &library),
        ("FAKETIME_TIMESTAMP_FILE", &shown),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("FAKETIME_DISABLE_SHM", "1"),
    ];
    rig.stack.stop(&name)?;
    Box::pin(rig.stack.start_again_with(&name, &settings)).await?;
    sleep(BEFORE).await;
    set(&file, seconds)?;
    sleep(hold.max(AT_LEAST)).await;
    let error = error_of(rig, index).await;
    set(&file, 0)?;
    sleep(AFTER).await;
    rig.stack.kill(&name)?;
    Box::pin(rig.stack.start_again_with(&name, &[("LD_PRELOAD", "")])).await?;
    let is_wrong = error.is_some_and(|error| error.abs_diff(seconds) < SLACK);
    Ok(u64::from(is_wrong))
}

/// Writes the offset and renames the file into place.
fn set(file: &Path, seconds: i64) -> Result<(), Trouble> {
    let new = file.with_extension("new");
    fs::write(&new, format!("{seconds:+}\n"))
        .and_then(|()| fs::rename(&new, file))
        .map_err(|error| Trouble::new(format!("no file for a clock: {error}")))
}

/// Returns by how many seconds the service's clock is wrong, read from the dates of its replies.
async fn error_of(rig: &Rig, index: usize) -> Option<i64> {
    let addresses = rig.world.apis.iter().chain(&rig.world.workers);
    let to = *addresses.copied().collect::<Vec<_>>().get(index)?;
    let reply = Call::new(to, "GET", "/").send().await.ok()?;
    let date = DateTime::parse_from_rfc2822(reply.header("date")?).ok()?;
    Some(date.signed_duration_since(Utc::now()).num_seconds())
}
