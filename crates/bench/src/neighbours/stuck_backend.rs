//! Stops the database's end of one session, as a stalled disk or a proxy without a backend would,
//! and makes sure that somebody asked it something after that: a session nobody uses harms nobody.
//! It is stopped between two transactions: the locks that it would hold are not measured.

use std::{
    fs,
    time::{Duration, Instant},
};

use chaos::processes;
use devstack::Trouble;
use rustix::process::Signal;
use tokio::time::sleep;

use super::verdict::{Stop, Stopped};
use crate::harness::ground::Ground;

/// The longest wait of a stopped session for a question before another one is stopped instead.
const ASKED_WITHIN: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(20);
const FOUND_WITHIN: Duration = Duration::from_secs(20);

/// Backends that stand still until this is dropped.
#[derive(Debug)]
pub(crate) struct StuckBackends {
    pids: Vec<u32>,
    /// The stop of the one that was asked.
    pub(crate) stop: Stop,
}

impl StuckBackends {
    /// Stops one idle session of a pool, the one used last, or the writers of all services.
    ///
    /// # Errors
    /// Fails when there is none, or when nobody asks any.
    pub(crate) async fn of(ground: &Ground, whose: Stopped) -> Result<Self, Trouble> {
        let began = Instant::now();
        while began.elapsed() < FOUND_WITHIN {
            let found = find(ground, whose)?;
            let stuck = Self {
                pids: found.iter().map(|session| session.pid).collect(),
                stop: Stop {
                    whose,
                    at: Instant::now(),
                },
            };
            processes::signal_all(&stuck.pids, Signal::STOP);
            if !stuck.is_idle(ground)? {
                continue;
            }
            let end = stuck.stop.at.checked_add(ASKED_WITHIN);
            while end.is_none_or(|end| Instant::now() < end) {
                if found.iter().all(Session::was_asked) {
                    return Ok(stuck);
                }
                sleep(LOOK_EVERY).await;
            }
        }
        Err(Trouble::new("nobody asked a session that was stopped"))
    }

    /// Returns true when each was stopped between two transactions.
    fn is_idle(&self, ground: &Ground) -> Result<bool, Trouble> {
        let pids: Vec<String> = self.pids.iter().map(ToString::to_string).collect();
        let busy = ground.number(&format!(
            "SELECT count(*) FROM pg_stat_activity WHERE pid IN ({}) AND \
             (state <> 'idle' OR backend_xid IS NOT NULL)",
            pids.join(", ")
        ))?;
        Ok(busy == 0)
    }
}

impl Drop for StuckBackends {
    fn drop(&mut self) {
        processes::signal_all(&self.pids, Signal::CONT);
    }
}

#[derive(Debug)]
struct Session {
    pid: u32,
    server_port: u16,
    client_port: u16,
}

impl Session {
    /// Returns true when bytes have come for it that it did not read.
    fn was_asked(&self) -> bool {
        let table = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
        unread(&table, self.server_port, self.client_port).is_some_and(|bytes| bytes > 0)
    }
}

/// Returns the bytes that wait to be read on the connection between these ports, by the kernel's
/// table.
fn unread(table: &str, own: u16, other: u16) -> Option<u64> {
    let (own, other) = (format!(":{own:04X}"), format!(":{other:04X}"));
    let line = table.lines().find(|line| {
        let mut fields = line.split_whitespace().skip(1);
        fields.next().is_some_and(|at| at.ends_with(&own))
            && fields.next().is_some_and(|at| at.ends_with(&other))
    })?;
    let queues = line.split_whitespace().nth(4)?;
    u64::from_str_radix(queues.split_once(':')?.1, 16).ok()
}

fn find(ground: &Ground, whose: Stopped) -> Result<Vec<Session>, Trouble> {
    let (name, state, most) = match whose {
        Stopped::Session => ("ayolinx-gateway", "idle", "1"),
        Stopped::Writer => ("ayolinx-gateway-writer", "%", "ALL"),
    };
    let rows = ground.sql(&format!(
        "SELECT concat_ws(' ', pid, inet_server_port(), client_port) FROM pg_stat_activity \
         WHERE datname = current_database() AND client_port > 0 \
           AND application_name = '{name}' AND state LIKE '{state}' \
         ORDER BY pg_stat_activity.state_change DESC LIMIT {most}"
    ))?;
    let found: Vec<Session> = rows.lines().filter_map(session).collect();
    if found.is_empty() {
        return Err(Trouble::new("the services have no such session"));
    }
    Ok(found)
}

fn session(row: &str) -> Option<Session> {
    let mut fields = row.split_whitespace();
    Some(Session {
        pid: fields.next()?.parse().ok()?,
        server_port: fields.next()?.parse().ok()?,
        client_port: fields.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[test]
    fn the_kernel_tells_what_a_side_has_not_read() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let server_port = listener.local_addr().unwrap().port();
        let mut client = TcpStream::connect(("127.0.0.1", server_port)).unwrap();
        let (mut server, _peer) = listener.accept().unwrap();
        let session = Session {
            pid: 0,
            server_port,
            client_port: client.local_addr().unwrap().port(),
        };
        assert!(!session.was_asked());
        client.write_all(b"SELECT").unwrap();
        let began = Instant::now();
        while !session.was_asked() {
            assert!(began.elapsed().as_secs() < 20, "six bytes are not told");
        }
        server.read_exact(&mut [0_u8; 6]).unwrap();
        assert!(!session.was_asked());
    }
}
