//! How the examples of each language are started.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    web::{self, Bytes},
};
use serde_json::Value;

/// The examples of one language. `{address}` and `{port}` in a command are the receiver's.
pub(super) struct Language {
    pub(super) name: &'static str,
    create: &'static [&'static str],
    receive: Receive,
    /// How the line ends with which it receives `order.paid` …
    pub(super) first: &'static str,
    /// … and when the same comes again, and the how manieth such line that is.
    pub(super) second: (&'static str, usize),
}

enum Receive {
    /// A server that stays.
    Server(&'static [&'static str]),
    /// A program to be run for each webhook, as a CGI server would.
    Each(&'static str),
}

const ONCE: (&str, usize) = (": known already", 1);

pub(super) const LANGUAGES: [Language; 5] = [
    Language {
        name: "node",
        create: &["node", "dist/create-order.js"],
        receive: Receive::Server(&["node", "dist/webhooks.js"]),
        first: ": deliver",
        second: ONCE,
    },
    Language {
        name: "python",
        create: &[".venv/bin/python", "create_order.py"],
        receive: Receive::Server(&[".venv/bin/python", "webhooks.py"]),
        first: ": deliver",
        second: ONCE,
    },
    Language {
        name: "php",
        create: &["php", "create-order.php"],
        receive: Receive::Server(&["php", "-S", "{address}", "webhooks.php"]),
        first: ": deliver",
        second: ONCE,
    },
    Language {
        name: "go",
        create: &["bin/create-order"],
        receive: Receive::Server(&["bin/webhooks"]),
        first: ": deliver",
        second: ONCE,
    },
    Language {
        name: "curl",
        create: &["./create-order.sh"],
        receive: Receive::Each("./verify-webhook.sh"),
        first: ": verified",
        second: (": verified", 2),
    },
];

impl Language {
    fn command(&self, folder: &Path, words: &[String]) -> Command {
        let folder = folder.join(self.name);
        // A program of the example itself, or one of the system.
        let own = folder.join(&words[0]);
        let program = if own.is_file() {
            own
        } else {
            PathBuf::from(&words[0])
        };
        let mut command = Command::new(program);
        command.args(&words[1..]).current_dir(folder);
        command.stdin(Stdio::null());
        command
    }

    /// The program that makes an order.
    pub(super) fn creator(&self, folder: &Path, reference: &str) -> Creator {
        let words = self.create.iter().chain([&reference]);
        let words: Vec<String> = words.map(|word| (*word).to_owned()).collect();
        Creator(self.command(folder, &words))
    }
}

/// A program that makes an order.
pub(super) struct Creator(Command);

impl Creator {
    pub(super) fn envs(mut self, settings: [(&str, &String); 2]) -> Self {
        self.0.envs(settings);
        self
    }

    pub(super) fn output(mut self) -> std::io::Result<std::process::Output> {
        self.0.output()
    }
}

/// A running receiver. Dropping it ends it.
pub(super) struct Receiver {
    address: SocketAddr,
    log: PathBuf,
    running: Running,
}

enum Running {
    Child(Child),
    Host(ServerHandle),
}

impl Drop for Receiver {
    fn drop(&mut self) {
        match &mut self.running {
            Running::Child(child) => {
                child.kill().ok();
                child.wait().ok();
            }
            Running::Host(server) => drop(server.stop(false)),
        }
    }
}

impl Receiver {
    /// Starts the example's receiver; what it says goes into a file in `home`.
    pub(super) fn start(
        language: &'static Language,
        folder: &Path,
        home: &Path,
        address: SocketAddr,
        secret: &str,
    ) -> Self {
        let log = home.join(format!("{}.log", language.name));
        let running = match language.receive {
            Receive::Server(words) => {
                let said = File::create(&log).unwrap();
                let words: Vec<String> = words
                    .iter()
                    .map(|word| word.replace("{address}", &address.to_string()))
                    .collect();
                let mut command = language.command(folder, &words);
                command
                    .env("PORT", address.port().to_string())
                    .env("WEBHOOK_SECRET", secret)
                    .env("STORE", home.join(format!("{}.store", language.name)))
                    .stdout(said.try_clone().unwrap())
                    .stderr(said);
                Running::Child(command.spawn().unwrap())
            }
            Receive::Each(program) => {
                fs::write(&log, "").unwrap();
                let program = folder.join(language.name).join(program);
                Running::Host(host(address, program, secret.to_owned(), log.clone()))
            }
        };
        Self {
            address,
            log,
            running,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/webhooks", self.address)
    }

    /// Everything it has said.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

/// Runs the program for each webhook, with its headers as arguments and its body on the way in.
fn host(address: SocketAddr, program: PathBuf, secret: String, log: PathBuf) -> ServerHandle {
    let answer = move |request: HttpRequest, body: Bytes| {
        let header = |name: &str| {
            let value = request.headers().get(name);
            value.map_or_else(String::new, |v| v.to_str().unwrap().to_owned())
        };
        let mut command = Command::new(&program);
        command.env("WEBHOOK_SECRET", &secret).args([
            header("webhook-id"),
            header("webhook-timestamp"),
            header("webhook-signature"),
        ]);
        let log = log.clone();
        async move {
            let verified = web::block(move || verified(command, &body, &log)).await;
            if verified.unwrap() {
                HttpResponse::NoContent().finish()
            } else {
                HttpResponse::Unauthorized().finish()
            }
        }
    };
    let server = HttpServer::new(move || App::new().default_service(web::to(answer.clone())));
    let server = server.workers(1).disable_signals().bind(address).unwrap();
    let running = server.run();
    let handle = running.handle();
    actix_rt::spawn(running);
    handle
}

fn verified(mut command: Command, body: &[u8], log: &Path) -> bool {
    use std::io::Write as _;

    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // A program that refuses by the headers alone may not read the body.
    child.stdin.take().unwrap().write_all(body).ok();
    let verified = child.wait().unwrap().success();
    if verified {
        let event: Value = serde_json::from_slice(body).unwrap();
        let text = |pointer: &str| {
            event
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or("-")
        };
        let mut log = File::options().append(true).open(log).unwrap();
        let (kind, reference) = (text("/type"), text("/data/order/reference"));
        writeln!(log, "{kind} {reference} {}: verified", text("/id")).unwrap();
    }
    verified
}
