//! One direction of one connection.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::{ReadHalf, WriteHalf},
    sync::watch,
    time::sleep,
};

use super::counters::Counters;
use super::rules::{Flow, Rules};

const CHUNK: usize = 16 * 1024;
const DRIP_EVERY: Duration = Duration::from_millis(100);
const DRIPS_A_SECOND: usize = 10;
/// Time long enough for a server on the same machine to do what it was told.
const AFTER_WORD: Duration = Duration::from_millis(60);

/// A sign that the connection is to be reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut;

/// Forwards until the sender has finished; an error is the end of the whole connection.
pub(super) async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut rules: watch::Receiver<Rules>,
    counters: &Counters,
    flow_of: fn(&Rules) -> Flow,
) -> Result<(), Cut> {
    let mut buffer = vec![0_u8; CHUNK];
    let mut forwarded = 0_usize;
    loop {
        let flow = flow_of(&rules.borrow_and_update());
        if flow == Flow::BlackHole {
            Counters::count(&counters.black_holed);
            rules.changed().await.map_err(|_closed| Cut)?;
            continue;
        }
        let count = tokio::select! {
            changed = rules.changed() => {
                changed.map_err(|_closed| Cut)?;
                continue;
            }
            read = from.read(&mut buffer) => read.map_err(|_broken| Cut)?,
        };
        let chunk = buffer.get(..count).unwrap_or_default();
        if chunk.is_empty() {
            return to.shutdown().await.map_err(|_broken| Cut);
        }
        let room = match &flow {
            Flow::CutAt(limit) => limit.saturating_sub(forwarded),
            _ => chunk.len(),
        };
        let allowed = chunk.get(..room.min(chunk.len())).unwrap_or_default();
        match &flow {
            Flow::Drip(bytes_a_second) => {
                Counters::count(&counters.dripped);
                drip(&mut to, allowed, *bytes_a_second, &mut rules).await?;
            }
            Flow::Delay(wait) => {
                Counters::count(&counters.delayed);
                sleep(*wait).await;
                to.write_all(allowed).await.map_err(|_broken| Cut)?;
            }
            _ => to.write_all(allowed).await.map_err(|_broken| Cut)?,
        }
        forwarded = forwarded.saturating_add(allowed.len());
        if ends_after(&flow, chunk, allowed.len()).await {
            Counters::count(&counters.cut);
            return Err(Cut);
        }
    }
}

async fn ends_after(flow: &Flow, chunk: &[u8], allowed: usize) -> bool {
    match flow {
        Flow::CutAt(_) => allowed < chunk.len(),
        Flow::CutAfter(word) => {
            let said = chunk.windows(word.len()).any(|part| part == *word);
            if said {
                sleep(AFTER_WORD).await;
            }
            said
        }
        _ => false,
    }
}

/// Writes slowly until all is written or the rule is lifted; then the rest at once.
async fn drip(
    to: &mut WriteHalf<'_>,
    chunk: &[u8],
    bytes_a_second: usize,
    rules: &mut watch::Receiver<Rules>,
) -> Result<(), Cut> {
    let piece = (bytes_a_second / DRIPS_A_SECOND).max(1);
    let mut rest = chunk;
    while let Some((now, later)) = rest.split_at_checked(piece.min(rest.len())) {
        if now.is_empty() {
            break;
        }
        to.write_all(now).await.map_err(|_broken| Cut)?;
        rest = later;
        if rules.has_changed().unwrap_or(true) {
            return to.write_all(rest).await.map_err(|_broken| Cut);
        }
        sleep(DRIP_EVERY).await;
    }
    Ok(())
}
