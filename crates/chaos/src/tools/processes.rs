//! The kernel's figures for processes: memory, threads, open files; and signals to a whole tree.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// Resources that a process uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Resident memory, KiB.
    pub rss_kib: u64,
    /// Threads.
    pub threads: u64,
    /// Open files and sockets.
    pub files: u64,
}

/// Reads the health of a process; nothing when there is none.
#[must_use]
pub fn health(pid: u32) -> Option<Health> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let number = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some(Health {
        rss_kib: number("VmRSS:")?,
        threads: number("Threads:")?,
        files: u64::try_from(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count()).ok()?,
    })
}

/// Returns whether the kernel holds it stopped.
#[must_use]
pub fn is_stopped(pid: u32) -> bool {
    state_and_parent(pid).is_some_and(|(state, _)| state == 'T')
}

/// Returns a process and its children, parents first.
#[must_use]
pub fn tree(root: u32) -> Vec<u32> {
    let all: Vec<u32> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    let mut tree = vec![root];
    let children = all
        .into_iter()
        .filter(|pid| state_and_parent(*pid).is_some_and(|(_, parent)| parent == root));
    tree.extend(children);
    tree
}

/// Sends a signal to each; one that is gone needs none.
pub fn signal_all(pids: &[u32], signal: Signal) {
    let known = pids.iter().filter_map(|pid| i32::try_from(*pid).ok());
    for pid in known.filter_map(Pid::from_raw) {
        kill_process(pid, signal).ok();
    }
}

fn state_and_parent(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_name, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}
