//! A provider of raw sockets: checks our signatures, answers by script, and breaks connections as told.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use ayolinx_client::{AyolinxClient, Breaker, ClientMetrics, ProviderSettings, TokenCache};
use ayolinx_core::json_style::JsonStyle;
use ayolinx_core::messages::paths;
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{
    ApiCall, ClientSecret, RsaSigningKey, RsaVerifyingKey, verify_api_call, verify_token_request,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::drawn::Drawn;

pub(crate) const CLIENT_ID: &str = "CK-test";
pub(crate) const TIMEOUT: Duration = Duration::from_millis(1500);

/// What the provider does once it has read a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// A whole answer.
    Reply(u16, String),
    /// A whole answer with one more header.
    ReplyWith(u16, &'static str, String),
    /// The answer after a pause.
    Late(Duration, Box<Act>),
    /// Bytes as they are, then the end.
    Raw(Vec<u8>),
    /// Packets as they are, then the end.
    Packets(Drawn),
    /// The end, in order.
    Close,
    /// The end, by RST.
    Reset,
    /// Nothing, for longer than any deadline.
    Hang,
    /// A head, then one byte now and then.
    Drip,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .unwrap_or_else(|| panic!("no header {name}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    violations: Vec<String>,
    tokens_issued: usize,
    token_acts: VecDeque<Act>,
    acts: VecDeque<Act>,
}

pub(crate) struct Stub {
    pub(crate) port: u16,
    log: Arc<Mutex<Log>>,
}

impl Stub {
    /// Hands out tokens, and answers calls by `acts`, the last one for ever.
    pub(crate) fn new(acts: &[Act]) -> Self {
        Self::start(&[], acts, usize::MAX)
    }

    /// Answers token requests by `token_acts` first.
    pub(crate) fn with_token_acts(token_acts: &[Act], acts: &[Act]) -> Self {
        Self::start(token_acts, acts, usize::MAX)
    }

    /// Stops listening after so many connections.
    pub(crate) fn start(token_acts: &[Act], acts: &[Act], connections_max: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Log {
            token_acts: token_acts.iter().cloned().collect(),
            acts: acts.iter().cloned().collect(),
            ..Log::default()
        }));
        let shared = Arc::clone(&log);
        std::thread::spawn(move || {
            let mut left = connections_max;
            while left > 0 {
                let Ok((stream, _)) = listener.accept() else {
                    return;
                };
                left -= 1;
                let log = Arc::clone(&shared);
                // The last connection is served before the port closes, so that nobody races it.
                let served = std::thread::spawn(move || serve(stream, &log));
                if left == 0 {
                    drop(listener);
                    drop(served);
                    return;
                }
            }
        });
        Self { port, log }
    }

    pub(crate) fn client(&self) -> AyolinxClient {
        self.client_with(TokenCache::in_process())
    }

    pub(crate) fn client_with(&self, tokens: TokenCache) -> AyolinxClient {
        AyolinxClient::new(settings(&format!("http://127.0.0.1:{}", self.port)), tokens).unwrap()
    }

    /// Calls that were no token requests; fails when a signature or header was wrong.
    #[track_caller]
    pub(crate) fn calls(&self) -> Vec<Request> {
        let log = self.log.lock().unwrap();
        assert!(log.violations.is_empty(), "{:?}", log.violations);
        log.requests
            .iter()
            .filter(|request| request.path != paths::TOKEN)
            .cloned()
            .collect()
    }

    /// Everything that came, token requests too.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().requests.clone()
    }

    pub(crate) fn token_requests(&self) -> usize {
        let log = self.log.lock().unwrap();
        log.requests
            .iter()
            .filter(|request| request.path == paths::TOKEN)
            .count()
    }
}

pub(crate) fn settings(base_url: &str) -> ProviderSettings {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let metrics = ClientMetrics::new().unwrap();
    ProviderSettings {
        base_url: base_url.parse().unwrap(),
        client_id: CLIENT_ID.to_owned(),
        channel_id: None,
        client_secret: client_secret().into(),
        signing_key: signing_key(),
        signing_key_previous: None,
        json_style: JsonStyle::Php,
        timeout: TIMEOUT,
        breaker: Breaker::default(),
        metrics,
    }
}

pub(crate) fn ok(body: &str) -> Act {
    Act::Reply(200, body.to_owned())
}

pub(crate) fn coded(status: u16, code: &str) -> Act {
    Act::Reply(
        status,
        format!(r#"{{"responseCode":"{code}","responseMessage":"said so"}}"#),
    )
}

fn client_secret() -> ClientSecret {
    ClientSecret::new(Secret::new("SK-test")).unwrap()
}

fn signing_key() -> RsaSigningKey {
    static KEY: OnceLock<RsaSigningKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let base64 = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n");
        RsaSigningKey::from_pem(&Secret::new(pem)).unwrap()
    })
    .clone()
}

fn serve(stream: TcpStream, log: &Mutex<Log>) {
    let Some(request) = read_request(&stream) else {
        return;
    };
    let act = {
        let mut log = log.lock().unwrap();
        if let Err(violation) = check(&request) {
            log.violations.push(violation);
        }
        let act = log.next_act(&request);
        log.requests.push(request);
        act
    };
    perform(stream, act);
}

impl Log {
    fn next_act(&mut self, request: &Request) -> Act {
        if request.path == paths::TOKEN {
            if let Some(act) = self.token_acts.pop_front() {
                return act;
            }
            self.tokens_issued += 1;
            return ok(&token_body(self.tokens_issued));
        }
        let last = self.acts.len() == 1;
        let act = if last {
            self.acts.front().cloned()
        } else {
            self.acts.pop_front()
        };
        act.unwrap_or(Act::Close)
    }
}

pub(crate) fn token_body(number: usize) -> String {
    format!(
        r#"{{"responseCode":"2007300","responseMessage":"Successful","accessToken":"token-{number}","tokenType":"Bearer","expiresIn":"900"}}"#
    )
}

fn check(request: &Request) -> Result<(), String> {
    let header = |name: &str| {
        let found = request.headers.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.clone())
            .ok_or(format!("{} lacks {name}", request.path))
    };
    if header("content-type")? != "application/json" || header("connection")? != "close" {
        return Err("content-type or connection".to_owned());
    }
    let (timestamp, signature) = (header("x-timestamp")?, header("x-signature")?);
    if timestamp.len() != 25 || !timestamp.ends_with("+07:00") {
        return Err(format!("timestamp {timestamp}"));
    }
    let signed = if request.path == paths::TOKEN {
        let key = RsaVerifyingKey::from_pem(&signing_key().public_key_pem()).unwrap();
        verify_token_request(&key, &header("x-client-key")?, &timestamp, &signature)
    } else {
        let authorization = header("authorization")?;
        let token = authorization
            .strip_prefix("Bearer ")
            .ok_or("no bearer token")?;
        let id = header("x-external-id")?;
        if !(18..=20).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("external id {id}"));
        }
        let call = ApiCall {
            path: &request.path,
            token,
            body: &request.body,
            timestamp: &timestamp,
        };
        header("x-partner-id")? == CLIENT_ID && verify_api_call(&client_secret(), &call, &signature)
    };
    if signed {
        Ok(())
    } else {
        Err(format!("signature of {}", request.path))
    }
}

pub(crate) fn read_request(stream: impl Read) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")?
        .1
        .parse()
        .ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        path,
        headers,
        body,
    })
}

fn perform(mut stream: TcpStream, act: Act) {
    match act {
        Act::Reply(status, body) => write(&mut stream, &answer(status, "", &body)),
        Act::ReplyWith(status, header, body) => write(&mut stream, &answer(status, header, &body)),
        Act::Late(pause, act) => {
            std::thread::sleep(pause);
            perform(stream, *act);
        }
        Act::Raw(bytes) => write(&mut stream, &bytes),
        Act::Packets(drawn) => drawn.send(&mut stream),
        Act::Close => {}
        Act::Reset => {
            socket2::SockRef::from(&stream)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
        }
        Act::Hang => std::thread::sleep(TIMEOUT * 3),
        Act::Drip => {
            write(
                &mut stream,
                b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n",
            );
            while stream.write_all(b" ").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

fn write(stream: &mut TcpStream, bytes: &[u8]) {
    // The client may be gone by its deadline.
    drop(stream.write_all(bytes));
}

pub(crate) fn answer(status: u16, header: &str, body: &str) -> Vec<u8> {
    let separator = if header.is_empty() { "" } else { "\r\n" };
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{header}{separator}\r\n{body}")
        .into_bytes()
}
