//! The optional journal: one JSON line for everything with an effect, on disk before the effect is visible to
//! anybody.
//! One thread writes; lines that wait together are synced together.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use serde_json::Value;
use tokio::sync::oneshot;

struct Line {
    bytes: Vec<u8>,
    written: oneshot::Sender<()>,
}

/// Handle to the writer.
pub(crate) struct Journal {
    lines: Sender<Line>,
}

impl Journal {
    /// Opens the file for appending and starts the writer.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let (lines, receiver) = channel();
        thread::Builder::new()
            .name("sandbox-journal".to_owned())
            .spawn(move || write_all(file, &receiver))?;
        Ok(Self { lines })
    }

    /// Returns when the line is on disk, or could not be written (which is logged).
    pub(crate) async fn record(&self, line: &Value) {
        let mut bytes = line.to_string().into_bytes();
        bytes.push(b'\n');
        let (written, done) = oneshot::channel();
        let sent = self.lines.send(Line { bytes, written });
        if sent.is_err() || done.await.is_err() {
            tracing::error!("the journal could not be written");
        }
    }
}

fn write_all(mut file: File, receiver: &Receiver<Line>) {
    while let Ok(first) = receiver.recv() {
        let batch: Vec<Line> = std::iter::once(first).chain(receiver.try_iter()).collect();
        let bytes: Vec<u8> = batch.iter().flat_map(|line| line.bytes.clone()).collect();
        if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_data()) {
            tracing::error!(%error, "the journal could not be written");
            continue;
        }
        for line in batch {
            // A caller that has gone away needs no answer.
            line.written.send(()).unwrap_or_default();
        }
    }
}
