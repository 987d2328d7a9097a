//! A party's journal: JSON lines on disk before their effect is known to anybody, outside the
//! gateway. One thread writes; lines that wait together are synced together.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, Sender, channel},
};

use devstack::Trouble;
use serde_json::Value;
use tokio::sync::oneshot;

struct Line {
    bytes: Vec<u8>,
    written: oneshot::Sender<()>,
}

/// Handle to the writer; cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    lines: Sender<Line>,
    path: PathBuf,
}

impl Journal {
    /// Makes the file and starts its writer.
    ///
    /// # Errors
    /// Fails when the file cannot be made.
    pub fn create(path: &Path) -> Result<Self, Trouble> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|error| {
            let path = path.display();
            Trouble::new(format!("could not make the journal {path}: {error}"))
        })?;
        let (lines, receiver) = channel();
        std::thread::spawn(move || write_all(file, &receiver));
        let path = path.to_path_buf();
        Ok(Self { lines, path })
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a line and returns when it is on disk.
    pub async fn record(&self, line: &Value) {
        let mut bytes = line.to_string().into_bytes();
        bytes.push(b'\n');
        let (written, done) = oneshot::channel();
        // A writer that failed has said so; the checker then misses the line.
        if self.lines.send(Line { bytes, written }).is_ok() {
            done.await.ok();
        }
    }
}

fn write_all(mut file: File, receiver: &Receiver<Line>) {
    while let Ok(first) = receiver.recv() {
        let batch: Vec<Line> = std::iter::once(first).chain(receiver.try_iter()).collect();
        let bytes: Vec<u8> = batch.iter().flat_map(|line| line.bytes.clone()).collect();
        if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_data()) {
            crate::tools::terminal::complain(format!("a journal could not be written: {error}"));
            return;
        }
        for line in batch {
            line.written.send(()).ok();
        }
    }
}

/// Reads every line of a journal; a half line at the end is left out.
///
/// # Errors
/// Fails when the file cannot be read or a whole line is no JSON.
pub fn read(path: &Path) -> Result<Vec<Value>, Trouble> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Trouble::new(format!("could not read {shown}: {error}")))?;
    let whole = text.rsplit_once('\n').map_or("", |(whole, _half)| whole);
    whole
        .lines()
        .map(|line| {
            serde_json::from_str(line)
                .map_err(|error| Trouble::new(format!("{shown} has a bad line: {error}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_on_disk_when_recorded_and_half_a_line_is_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let journal = Journal::create(&path).unwrap();
        journal.record(&serde_json::json!({"a": 1})).await;
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"a\":").unwrap();
        assert_eq!(read(&path).unwrap(), [serde_json::json!({"a": 1})]);
    }
}
