//! Time from the start of a program to its readiness, asked often enough to see the difference.

use std::{
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use devstack::Trouble;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::sleep;

use crate::{
    harness::ground::Ground,
    tools::{
        figures::{median, micros},
        http::Line,
    },
};

const TIMES: usize = 5;
const READY_WITHIN: Duration = Duration::from_secs(20);
const ASK_EVERY: Duration = Duration::from_millis(1);
/// Programs, the variables of their listeners, and that of the listener that reports readiness.
const PROGRAMS: [(&str, &[&str], &str); 2] = [
    (
        "gateway-api",
        &["GATEWAY_BIND", "CHECKOUT_BIND", "CONSOLE_BIND"],
        "GATEWAY_OPS_BIND",
    ),
    ("callback-worker", &["CALLBACK_BIND"], "WORKER_OPS_BIND"),
];

/// Measures the median of five starts of each service, in microseconds.
///
/// # Errors
/// Fails when one does not become ready.
pub(crate) async fn measure(ground: &Ground) -> Result<[u64; 2], Trouble> {
    let mut medians = [0, 0];
    for (slot, program) in medians.iter_mut().zip(PROGRAMS) {
        let mut times = Vec::new();
        for _ in 0..TIMES {
            times.push(once(ground, program).await?);
        }
        *slot = median(times);
    }
    Ok(medians)
}

async fn once(ground: &Ground, (name, binds, ops): (&str, &[&str], &str)) -> Result<u64, Trouble> {
    let own =
        std::env::current_exe().map_err(|error| Trouble::new(format!("where am I: {error}")))?;
    let mut command = Command::new(own.with_file_name(name));
    command.env_clear().envs(ground.stack.settings());
    for bind in binds {
        command.env(bind, "127.0.0.1:0");
    }
    let address = free_address()?;
    command.env(ops, address.to_string());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    let child = command.spawn();
    let child = child.map_err(|error| Trouble::new(format!("{name}: {error}")))?;
    let mut running = Running(child);
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\n\r\n");
    while began.elapsed() < READY_WITHIN {
        let asked = Line::to(address)
            .ask(request.as_bytes())
            .await
            .map(|reply| reply.status);
        if asked.is_ok_and(|status| status == 200) {
            return Ok(micros(began.elapsed()));
        }
        if running.0.try_wait().is_ok_and(|ended| ended.is_some()) {
            return Err(Trouble::new(format!("{name} ended at once")));
        }
        sleep(ASK_EVERY).await;
    }
    Err(Trouble::new(format!("{name} was not ready in time")))
}

fn free_address() -> Result<SocketAddr, Trouble> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| Trouble::new(format!("no free port: {error}")))
}

/// A running program, which is asked to end when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        kill_process(Pid::from_child(&self.0), Signal::TERM).ok();
        self.0.wait().ok();
    }
}
