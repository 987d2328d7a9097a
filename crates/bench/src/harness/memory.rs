//! The most memory that processes hold during a measurement.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chaos::processes;
use tokio::{runtime::Handle, task::JoinHandle, time::sleep};

const EVERY: Duration = Duration::from_millis(100);

/// A watch that looks until it is asked for its result.
#[derive(Debug)]
pub(crate) struct Watch {
    is_over: Arc<AtomicBool>,
    task: JoinHandle<[u64; 2]>,
}

impl Watch {
    /// Begins to look at two processes.
    pub(crate) fn over(runtime: &Handle, pids: [u32; 2]) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let task = runtime.spawn(async move {
            let mut most = [0, 0];
            while !ends.load(Ordering::Relaxed) {
                let now = pids.map(|pid| processes::health(pid).unwrap_or_default().rss_kib);
                let [first, second] = most;
                let [now_first, now_second] = now;
                most = [first.max(now_first), second.max(now_second)];
                sleep(EVERY).await;
            }
            most
        });
        Self { is_over, task }
    }

    /// Stops looking and returns the most resident memory of each, in KiB.
    pub(crate) async fn end(self) -> [u64; 2] {
        self.is_over.store(true, Ordering::Relaxed);
        self.task.await.unwrap_or_default()
    }
}
