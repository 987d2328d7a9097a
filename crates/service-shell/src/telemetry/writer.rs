//! The queue between those who log and the thread that writes.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::{Duration, Instant},
};

use tracing_subscriber::fmt::{
    MakeWriter,
    format::Writer,
    time::{FormatTime, SystemTime},
};

/// Maximum number of lines that wait for stdout.
const QUEUED_MAX: usize = 8192;
/// The longest wait of the process's end for queued lines.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);
const RETRY_AFTER: Duration = Duration::from_millis(5);

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

/// A writer that gives each line to the writer thread, or drops it when the queue is full.
#[derive(Clone)]
pub(super) struct QueueWriter {
    lines: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

/// A guard that writes out queued lines when dropped, within a second.
pub(super) struct FlushOnDrop(SyncSender<Message>);

impl QueueWriter {
    pub(super) fn to_stdout() -> (Self, FlushOnDrop) {
        Self::start(io::stdout(), QUEUED_MAX)
    }

    fn start(mut out: impl Write + Send + 'static, queued_max: usize) -> (Self, FlushOnDrop) {
        let (lines, queue) = sync_channel(queued_max);
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = dropped.clone();
        std::thread::spawn(move || write_lines(&queue, &mut out, &counter));
        let flush = FlushOnDrop(lines.clone());
        (Self { lines, dropped }, flush)
    }
}

fn write_lines(queue: &Receiver<Message>, out: &mut impl Write, dropped: &AtomicU64) {
    while let Ok(message) = queue.recv() {
        let written = match message {
            Message::Line(line) => {
                let missing = dropped.swap(0, Ordering::Relaxed);
                let note = if missing == 0 {
                    Ok(())
                } else {
                    writeln!(
                        out,
                        "{{\"timestamp\":\"{}\",\"level\":\"WARN\",\"target\":\"service_shell\",\
                         \"message\":\"log lines were dropped\",\"dropped\":{missing}}}",
                        now()
                    )
                };
                note.and_then(|()| out.write_all(&line))
            }
            Message::Flush(done) => {
                let flushed = out.flush();
                // The asking thread may have stopped waiting.
                done.try_send(()).ok();
                flushed
            }
        };
        if written.is_err() {
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn now() -> String {
    let mut text = String::new();
    // Without a clock the line is still worth having.
    SystemTime.format_time(&mut Writer::new(&mut text)).ok();
    text
}

impl<'a> MakeWriter<'a> for QueueWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for QueueWriter {
    /// Queues one line: the formatter hands over one whole line per call.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.lines.try_send(Message::Line(line.to_vec())) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for FlushOnDrop {
    fn drop(&mut self) {
        let deadline = Instant::now() + FLUSH_WITHIN;
        let (done, written) = sync_channel(1);
        let mut message = Message::Flush(done);
        while let Err(TrySendError::Full(unsent)) = self.0.try_send(message) {
            if Instant::now() >= deadline {
                return;
            }
            message = unsent;
            std::thread::sleep(RETRY_AFTER);
        }
        // Nobody is left to tell when stdout stays blocked.
        written.recv_timeout(FLUSH_WITHIN).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc::Sender};

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Blocked(Receiver<()>, Sender<()>, Shared);

    impl Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.send(()).ok();
            self.0.recv().ok();
            self.2.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_come_out_whole_and_in_order_by_the_time_of_the_flush() {
        let out = Shared::default();
        let (mut queue, flush) = QueueWriter::start(out.clone(), 100);
        for n in 0..50 {
            queue.write_all(format!("line {n}\n").as_bytes()).unwrap();
        }
        drop(flush);
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        let expected: String = (0..50).map(|n| format!("line {n}\n")).collect();
        assert_eq!(text, expected);
    }

    #[test]
    fn a_blocked_output_drops_lines_and_says_how_many() {
        let (open, gate) = std::sync::mpsc::channel();
        let (entered, inside) = std::sync::mpsc::channel();
        let out = Shared::default();
        let (mut queue, flush) = QueueWriter::start(Blocked(gate, entered, out.clone()), 2);
        queue.write_all(b"first\n").unwrap();
        inside.recv().unwrap();
        for _ in 0..5 {
            queue.write_all(b"more\n").unwrap();
        }
        for _ in 0..20 {
            open.send(()).unwrap();
        }
        drop(open);
        drop(flush);
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("first\n"), "{text}");
        assert!(text.contains("\"dropped\":3"), "{text}");
        assert_eq!(text.matches("more\n").count(), 2, "{text}");
    }
}
