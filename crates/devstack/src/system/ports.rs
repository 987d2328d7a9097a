//! The ports of one stack: fixed ones that people can remember, or any free ones.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use uuid::Uuid;

use crate::system::error::Trouble;

/// The range that free ports are taken from.
const RANGE: Range<u16> = 20_000..32_000;

/// Ports of one `gateway-api`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ApiPorts {
    pub(crate) gateway: u16,
    pub(crate) checkout: u16,
    pub(crate) console: u16,
    pub(crate) ops: u16,
}

/// Ports of one `callback-worker`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WorkerPorts {
    pub(crate) callback: u16,
    pub(crate) ops: u16,
}

/// Ports of a whole stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) apis: Vec<ApiPorts>,
    pub(crate) workers: Vec<WorkerPorts>,
    pub(crate) sandbox: u16,
    pub(crate) receiver: u16,
}

impl Ports {
    /// Returns the documented ports, all moved up by `offset`: one of each program.
    pub(crate) fn documented(offset: u16) -> Result<Self, Trouble> {
        let at = |port: u16| {
            port.checked_add(offset)
                .ok_or_else(|| Trouble::new(format!("a port offset of {offset} is too large")))
        };
        Ok(Self {
            apis: vec![ApiPorts {
                gateway: at(8080)?,
                checkout: at(8082)?,
                console: at(8083)?,
                ops: at(9080)?,
            }],
            workers: vec![WorkerPorts {
                callback: at(8081)?,
                ops: at(9081)?,
            }],
            sandbox: at(8090)?,
            receiver: at(8091)?,
        })
    }

    /// Finds free ports for this many replicas.
    pub(crate) fn free(api_replicas: usize, worker_replicas: usize) -> Result<Self, Trouble> {
        let mut pool = FreePorts::default();
        let mut apis = Vec::new();
        for _ in 0..api_replicas {
            apis.push(ApiPorts {
                gateway: pool.take()?,
                checkout: pool.take()?,
                console: pool.take()?,
                ops: pool.take()?,
            });
        }
        let mut workers = Vec::new();
        for _ in 0..worker_replicas {
            workers.push(WorkerPorts {
                callback: pool.take()?,
                ops: pool.take()?,
            });
        }
        Ok(Self {
            apis,
            workers,
            sandbox: pool.take()?,
            receiver: pool.take()?,
        })
    }

    /// Returns a trouble that names every port somebody else listens on.
    pub(crate) fn check_free(&self) -> Result<(), Trouble> {
        let taken: Vec<String> = self
            .named()
            .into_iter()
            .filter(|(_, port)| is_taken(*port))
            .map(|(name, port)| format!("port {port} ({name}) is taken by another program"))
            .collect();
        if taken.is_empty() {
            return Ok(());
        }
        Err(Trouble::new(format!(
            "{}; stop it, or move all ports with RUN_PORT_OFFSET=1000",
            taken.join(", ")
        )))
    }

    fn named(&self) -> Vec<(&'static str, u16)> {
        let mut named = vec![
            ("the sandbox", self.sandbox),
            ("the webhook receiver", self.receiver),
        ];
        for api in &self.apis {
            named.push(("gateway-api", api.gateway));
            named.push(("gateway-api's checkout pages", api.checkout));
            named.push(("gateway-api's console", api.console));
            named.push(("gateway-api's probes and metrics", api.ops));
        }
        for worker in &self.workers {
            named.push(("callback-worker", worker.callback));
            named.push(("callback-worker's probes and metrics", worker.ops));
        }
        named
    }
}

/// A set of ports that are held until all are chosen, so that none is chosen twice.
#[derive(Default)]
struct FreePorts(Vec<TcpListener>);

impl FreePorts {
    fn take(&mut self) -> Result<u16, Trouble> {
        let (listener, port) = free_port()?;
        self.0.push(listener);
        Ok(port)
    }
}

/// Finds a TCP port on loopback that nobody listens on, held until the listener is dropped. It is
/// below those that systems give to outgoing connections, so that it stays free until it is bound,
/// also between the end and the new start of a program; and no two of this process are the same.
pub(crate) fn free_port() -> Result<(TcpListener, u16), Trouble> {
    static NEXT: OnceLock<AtomicUsize> = OnceLock::new();
    let random_start = || {
        let (high, _low) = Uuid::new_v4().as_u64_pair();
        AtomicUsize::new(usize::try_from(high).unwrap_or_default() % RANGE.len())
    };
    let next = NEXT.get_or_init(random_start);
    let mut last = Trouble::new("no port was tried");
    for _ in RANGE {
        let place = next.fetch_add(1, Ordering::Relaxed) % RANGE.len();
        let port = RANGE.clone().nth(place).unwrap_or(RANGE.start);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => return Ok((listener, port)),
            Err(error) => last = Trouble::new(format!("could not find a free port: {error}")),
        }
    }
    Err(last)
}

/// Finds an address on this machine that nobody listens on, to be bound later or never: no outgoing
/// connection is given its port, and no two calls give the same.
pub fn free_address() -> Result<SocketAddr, Trouble> {
    let (_held, port) = free_port()?;
    Ok((Ipv4Addr::LOCALHOST, port).into())
}

fn is_taken(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_its_program() {
        let ports = Ports::free(1, 1).unwrap();
        assert_eq!(ports.check_free(), Ok(()));
        let port = ports.workers[0].callback;
        let _held = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let text = ports.check_free().unwrap_err().to_string();
        assert!(
            text.contains(&format!("port {port} (callback-worker) is taken")),
            "{text}"
        );
    }

    #[test]
    fn free_ports_are_all_different() {
        let ports = Ports::free(3, 2).unwrap();
        let mut all: Vec<u16> = ports.named().into_iter().map(|(_, port)| port).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2 + 3 * 4 + 2 * 2);
    }

    #[test]
    fn documented_ports_move_together() {
        assert_eq!(Ports::documented(0).unwrap().apis[0].gateway, 8080);
        assert_eq!(Ports::documented(1000).unwrap().workers[0].ops, 10_081);
        assert!(Ports::documented(60_000).is_err());
    }
}
