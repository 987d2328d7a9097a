//! The merchant's side of callbacks: keeps what arrives, answers as scripted, issues tokens for SNAP.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use url::Url;

use crate::rig::eventually;

pub(crate) const SUCCESS: &str = r#"{"responseCode":"2005600","responseMessage":"Successful"}"#;
pub(crate) const ISSUED_TOKEN: &str = "token-the-merchant-issued";

#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _value)| known.eq_ignore_ascii_case(name))
            .map(|(_known, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Shared {
    received: Vec<Received>,
    answers: VecDeque<(u16, String)>,
}

pub(crate) struct Receiver {
    addr: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

impl Receiver {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::<Mutex<Shared>>::default();
        let mine = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&mine);
                thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { addr, shared }
    }

    pub(crate) fn origin(&self) -> Url {
        Url::parse(&format!("http://{}", self.addr)).unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Queues an answer; without one, success.
    pub(crate) fn answer(&self, status: u16, body: &str) {
        let mut shared = self.shared.lock().unwrap();
        shared.answers.push_back((status, body.to_owned()));
    }

    pub(crate) fn all(&self) -> Vec<Received> {
        self.shared.lock().unwrap().received.clone()
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Received> {
        eventually(|| Some(self.all()).filter(|all| all.len() >= count))
    }
}

fn serve(stream: &TcpStream, shared: &Mutex<Shared>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        let (status, body) = if request.target == "/v1.0/access-token/b2b" {
            let token = format!(
                r#"{{"responseCode":"2007300","responseMessage":"Successful","accessToken":"{ISSUED_TOKEN}","tokenType":"Bearer","expiresIn":"3600"}}"#
            );
            shared.lock().unwrap().received.push(request);
            (200, token)
        } else {
            let mut shared = shared.lock().unwrap();
            shared.received.push(request);
            shared
                .answers
                .pop_front()
                .unwrap_or_else(|| (200, SUCCESS.to_owned()))
        };
        let mut writer = stream;
        let reply = format!(
            "HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if writer.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<&TcpStream>) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|size| *size > 0)?;
    let target = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ")?;
        headers.push((name.to_owned(), value.to_owned()));
    }
    let mut request = Received {
        target,
        headers,
        body: Vec::new(),
    };
    let length = request.header("content-length")?.parse().ok()?;
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}
