//! Faults inside Redis: its data are lost, garbage, of another type, or cannot be written. Tokens
//! are revoked meanwhile, so that the services do look into it.

use std::{net::SocketAddr, time::Duration};

use devstack::Trouble;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::harness::rig::{Rig, address};

const WITHIN: Duration = Duration::from_secs(2);
const TOKEN_WITHIN: Duration = Duration::from_secs(5);
/// Lifetime of the garbage, which nothing else removes.
const ENDS_MS: u64 = 4_000;

/// The value that replaces the token and the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoilt {
    /// A text that nobody wrote.
    Garbage,
    /// A list.
    List,
}

/// Sends FLUSHALL twice.
pub(super) async fn flush(rig: &Rig) -> Result<u64, Trouble> {
    let server = address(&rig.redis.url())?;
    let first = tell(server, "FLUSHALL").await.starts_with("+OK");
    sleep(Duration::from_millis(500)).await;
    let second = tell(server, "FLUSHALL").await.starts_with("+OK");
    Ok(u64::from(first && second))
}

/// Replaces the token and its lock by something else.
pub(super) async fn spoil(rig: &Rig, how: Spoilt, hold: Duration) -> Result<u64, Trouble> {
    let server = address(&rig.redis.url())?;
    let mut spoilt = 0_u64;
    for token in tokens(rig, server).await {
        let lock = token.replacen(":token:", ":token-lock:", 1);
        for key in [&token, &lock] {
            let is_done = match how {
                Spoilt::Garbage => {
                    let command = format!("SET {key} garbage PX {ENDS_MS}");
                    tell(server, &command).await.starts_with("+OK")
                }
                Spoilt::List => {
                    tell(server, &format!("DEL {key}")).await;
                    let pushed = tell(server, &format!("LPUSH {key} garbage")).await;
                    tell(server, &format!("PEXPIRE {key} {ENDS_MS}")).await;
                    pushed.starts_with(":1")
                }
            };
            spoilt = spoilt.saturating_add(u64::from(is_done));
        }
    }
    rig.revoke_tokens_within(Duration::ZERO);
    sleep(hold).await;
    Ok(spoilt)
}

/// Leaves Redis no memory: every write is refused.
pub(super) async fn fill(rig: &Rig, hold: Duration) -> Result<u64, Trouble> {
    let server = address(&rig.redis.url())?;
    tell(server, "CONFIG SET maxmemory-policy noeviction").await;
    tell(server, "CONFIG SET maxmemory 1").await;
    let refused = tell(server, "SET chaos x").await;
    rig.revoke_tokens_within(Duration::ZERO);
    sleep(hold).await;
    let freed = tell(server, "CONFIG SET maxmemory 0").await;
    Ok(u64::from(
        refused.starts_with("-OOM") && freed.starts_with("+OK"),
    ))
}

/// Returns the keys of tokens; makes a service fetch one when there is none.
async fn tokens(rig: &Rig, server: SocketAddr) -> Vec<String> {
    let deadline = Instant::now() + TOKEN_WITHIN;
    loop {
        let keys = tell(server, "KEYS *:token:*").await;
        let names = keys.lines().filter(|line| line.contains(":token:"));
        let names: Vec<String> = names.map(str::to_owned).collect();
        if !names.is_empty() || Instant::now() >= deadline {
            return names;
        }
        rig.revoke_tokens_within(Duration::ZERO);
        sleep(Duration::from_millis(500)).await;
    }
}

/// Sends a command to Redis and returns the reply; nothing when there is none.
async fn tell(server: SocketAddr, command: &str) -> String {
    let exchange = async {
        let mut stream = TcpStream::connect(server).await.ok()?;
        let command = format!("{command}\r\n");
        stream.write_all(command.as_bytes()).await.ok()?;
        let mut buffer = vec![0_u8; 64 * 1024];
        let count = stream.read(&mut buffer).await.ok()?;
        let said = buffer.get(..count).unwrap_or_default();
        Some(String::from_utf8_lossy(said).into_owned())
    };
    let said = timeout(WITHIN, exchange).await;
    said.ok().flatten().unwrap_or_default()
}
