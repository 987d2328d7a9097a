//! Loads without mercy: at a fixed rate whatever becomes of the requests, or as fast as a number of
//! connections can. A storm comes from some addresses of its own, so that nobody is taken for it
//! who is not, runs on threads of its own, and ends with them.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use devstack::Trouble;
use tokio::{
    io::AsyncReadExt,
    runtime::{Builder, Runtime},
    sync::Semaphore,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use crate::tools::{
    figures::micros,
    http::{Line, connect},
};

const TICK: Duration = Duration::from_millis(5);
/// Time longer than any read is held and any create takes.
const ANSWERED_WITHIN: Duration = Duration::from_secs(40);
/// Wait before a connection that was closed or refused is made again.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Number of loopback addresses of strangers; everybody else comes from 127.0.0.1.
const STRANGERS: u8 = 8;

/// Returns the address of the connection with this number.
fn stranger(number: u64) -> IpAddr {
    let turn = u8::try_from(number % u64::from(STRANGERS)).unwrap_or(0);
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, turn.saturating_add(2)))
}

/// The answers, counted by status, and the requests that wait for one; 0 stands for no whole answer.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    answers: Mutex<BTreeMap<u16, u64>>,
    asked: AtomicU64,
}

impl Counts {
    /// Counts one more answer.
    pub(crate) fn add(&self, status: u16) {
        let mut counts = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(status).or_default();
        *count = count.saturating_add(1);
    }

    /// Counts one more request.
    fn ask(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts all answers together.
    fn answered(&self) -> u64 {
        let counts = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        counts.values().sum()
    }

    /// Counts the requests that were not answered yet: a read that is held is one for as long as it
    /// is held.
    fn under_way(&self) -> u64 {
        let asked = self.asked.load(Ordering::Relaxed);
        asked.saturating_sub(self.answered())
    }

    /// Counts all answers, and all requests that wait for one.
    pub(crate) fn all(&self) -> u64 {
        self.answered().saturating_add(self.under_way())
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let under_way = self.under_way();
        let counts = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = counts.iter().map(|(status, count)| match status {
            0 => format!("{count} without an answer"),
            status => format!("{count} x {status}"),
        });
        let waiting = (under_way > 0).then(|| format!("{under_way} under way"));
        let told: Vec<String> = answers.chain(waiting).collect();
        out.write_str(&told.join(", "))
    }
}

/// The pace of a load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Requests per second.
    pub(crate) a_second: u64,
    /// The most concurrent connections; a request that finds none free is not sent.
    pub(crate) at_once: usize,
}

/// A function that makes the request of a number.
pub(crate) type Make = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// Threads that carry loads. Dropping it ends them and closes every connection.
#[derive(Debug)]
pub(crate) struct Storm {
    threads: Option<Runtime>,
    /// The answers to its loads.
    pub(crate) counts: Arc<Counts>,
}

impl Storm {
    /// Starts the threads, without a load yet.
    ///
    /// # Errors
    /// Fails when there are no threads.
    pub(crate) fn new() -> Result<Self, Trouble> {
        let threads = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| Trouble::new(format!("no threads: {error}")))?;
        Ok(Self {
            threads: Some(threads),
            counts: Arc::default(),
        })
    }

    fn spawn(&self, load: impl Future<Output = ()> + Send + 'static) {
        if let Some(threads) = &self.threads {
            threads.spawn(load);
        }
    }

    /// Sends at a pace.
    pub(crate) fn paced(&self, to: SocketAddr, pace: Pace, make: Make) {
        self.spawn(paced(to, pace, make, Arc::clone(&self.counts)));
    }

    /// Sends over this many connections, on each as soon as the last was answered.
    pub(crate) fn closed(&self, to: SocketAddr, connections: usize, make: &Make) {
        for place in 0..connections {
            let (make, counts) = (Arc::clone(make), Arc::clone(&self.counts));
            let first = u64::try_from(place).unwrap_or(0);
            self.spawn(async move {
                let mut line = Line::to(to).from(stranger(first));
                for number in first.. {
                    counts.ask();
                    counts.add(status_of(&mut line, &make(number)).await);
                }
            });
        }
    }

    /// Holds this many connections open without sending a byte, each made again when it is closed.
    pub(crate) fn silent(&self, to: SocketAddr, connections: usize) {
        for place in 0..connections {
            let counts = Arc::clone(&self.counts);
            let from = stranger(u64::try_from(place).unwrap_or(0));
            self.spawn(async move {
                loop {
                    if let Ok(mut stream) = connect(to, Some(from)).await {
                        counts.add(0);
                        let mut byte = [0_u8; 64];
                        while stream.read(&mut byte).await.is_ok_and(|count| count > 0) {}
                    }
                    sleep(AGAIN_AFTER).await;
                }
            });
        }
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

async fn paced(to: SocketAddr, pace: Pace, make: Make, counts: Arc<Counts>) {
    let free = Arc::new(Semaphore::new(pace.at_once));
    let idle: Arc<Mutex<Vec<Line>>> = Arc::default();
    let began = Instant::now();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut sent = 0_u64;
    loop {
        ticks.tick().await;
        let due = micros(began.elapsed()).saturating_mul(pace.a_second) / 1_000_000;
        while sent < due {
            sent = sent.saturating_add(1);
            let Ok(place) = Arc::clone(&free).try_acquire_owned() else {
                continue;
            };
            let (request, counts, idle) = (make(sent), Arc::clone(&counts), Arc::clone(&idle));
            tokio::spawn(async move {
                let kept = take(&idle);
                let mut line = kept.unwrap_or_else(|| Line::to(to).from(stranger(sent)));
                counts.ask();
                let status = status_of(&mut line, &request).await;
                counts.add(status);
                if status != 0 {
                    idle.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(line);
                }
                drop(place);
            });
        }
    }
}

fn take(idle: &Mutex<Vec<Line>>) -> Option<Line> {
    idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

/// Sends a request and returns the status; 0 without a whole answer.
async fn status_of(line: &mut Line, request: &[u8]) -> u16 {
    match timeout(ANSWERED_WITHIN, line.ask(request)).await {
        Ok(Ok(reply)) => reply.status,
        Ok(Err(_refused)) => {
            // A door that is closed is not knocked at without a pause.
            sleep(AGAIN_AFTER).await;
            0
        }
        Err(_elapsed) => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, net::TcpListener, sync::mpsc, thread};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);
    const SAID: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n";

    /// A function that begins one kind of load toward an address.
    type Begin<'a> = &'a dyn Fn(&Storm, SocketAddr);

    /// Answers every connection, and reports from where each came and that each has gone.
    fn door() -> (SocketAddr, mpsc::Receiver<IpAddr>, mpsc::Receiver<()>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let ((come, comes), (go, goes)) = (mpsc::channel(), mpsc::channel());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, come, go) = (stream.unwrap(), come.clone(), go.clone());
                thread::spawn(move || {
                    use std::io::{Read, Write};
                    let peer = stream.peer_addr().unwrap().ip();
                    come.send(peer).ok();
                    let mut buffer = [0_u8; 1_024];
                    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {
                        if stream.write_all(SAID).is_err() {
                            break;
                        }
                    }
                    go.send(()).ok();
                });
            }
        });
        (address, comes, goes)
    }

    /// Waits until this many have come and returns from where.
    fn guests(comes: &mpsc::Receiver<IpAddr>, count: usize) -> BTreeSet<IpAddr> {
        let one = |_| comes.recv_timeout(PATIENCE).unwrap();
        (0..count).map(one).collect()
    }

    #[test]
    fn what_waits_for_its_answer_is_told_apart_from_answers() {
        let counts = Counts::default();
        assert_eq!((counts.all(), counts.to_string().as_str()), (0, ""));
        for _ in 0..3 {
            counts.ask();
        }
        assert_eq!(counts.all(), 3);
        counts.add(200);
        counts.add(0);
        assert_eq!(counts.all(), 3);
        assert_eq!(
            counts.to_string(),
            "1 without an answer, 1 x 200, 1 under way"
        );
    }

    #[test]
    fn every_storm_comes_from_strangers_and_ends_with_its_last_connection() {
        let request: Make = Arc::new(|_number| b"GET / HTTP/1.1\r\n\r\n".to_vec());
        let pace = Pace {
            a_second: 200,
            at_once: 8,
        };
        let begin: [(usize, Begin<'_>); 3] = [
            (1, &|storm, to| storm.paced(to, pace, Arc::clone(&request))),
            (12, &|storm, to| storm.closed(to, 12, &request)),
            (24, &|storm, to| storm.silent(to, 24)),
        ];
        for (count, begin) in begin {
            let (to, comes, goes) = door();
            let storm = Storm::new().unwrap();
            begin(&storm, to);
            let from = guests(&comes, count);
            let home: IpAddr = Ipv4Addr::LOCALHOST.into();
            assert!(
                !from.contains(&home) && from.len() == count.min(8),
                "{from:?}"
            );
            let began = Instant::now();
            while storm.counts.all() < 8 {
                assert!(began.elapsed() < PATIENCE, "nothing is counted");
                thread::sleep(Duration::from_millis(5));
            }
            drop(storm);
            for _ in 0..count {
                goes.recv_timeout(PATIENCE).unwrap();
            }
        }
    }
}
