//! The machine under measurement: figures without their machine mean nothing.

use std::fs;

use chaos::say::say;
use devstack::Trouble;

use crate::harness::ground::Ground;

/// Settings of the server that decide the cost of a commit.
const SETTINGS: [&str; 14] = [
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "wal_level",
    "data_checksums",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "commit_delay",
    "autovacuum",
    "random_page_cost",
    "max_connections",
    "server_version",
];

/// Reads the load average now, before anything of ours runs.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first: Vec<&str> = text.split_whitespace().take(3).collect();
    first.join(" ")
}

/// Prints the facts of this machine and its database server.
///
/// # Errors
/// Fails when the server does not report them.
pub(crate) fn describe(ground: &Ground, load_average: &str) -> Result<(), Trouble> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let gib = line_of("/proc/meminfo", "MemTotal:")
        .split_whitespace()
        .next()
        .and_then(|kib| kib.parse::<u64>().ok())
        .unwrap_or(0)
        / 1_048_576;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    say("The machine");
    say(format!(
        "  cores       {cores} x {}",
        line_of("/proc/cpuinfo", "model name").trim_start_matches([':', ' '])
    ));
    say(format!("  memory      {gib} GiB"));
    say(format!("  kernel      {}", kernel.trim()));
    say(format!("  load        {load_average} (before the start)"));
    say(format!(
        "  programs    {}, client, provider and database on this machine",
        if cfg!(debug_assertions) {
            "unoptimised (no figure below means anything)"
        } else {
            "as shipped"
        }
    ));
    let version = ground.sql("SELECT version()")?;
    let version = version.split(',').next().unwrap_or_default();
    say(format!("  database    {version}"));
    let shown: Vec<String> = SETTINGS
        .iter()
        .filter_map(|name| {
            let value = ground.sql(&format!("SHOW {name}")).ok()?;
            Some(format!("{name}={}", value.trim()))
        })
        .collect();
    for some in shown.chunks(4) {
        say(format!("              {}", some.join(" ")));
    }
    say("");
    Ok(())
}

fn line_of(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_default().trim().to_owned()
}
