//! A running sandbox and a merchant that signs its calls; its HTTP client shows what really happens on the socket.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{
    ApiCall, ClientSecret, RsaSigningKey, RsaVerifyingKey, sign_api_call, sign_token_request,
};
use ayolinx_sandbox::{RunningSandbox, SandboxSettings, start};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

pub(crate) const QRIS_GENERATE: &str = "/v1.0/qr/qr-mpm-generate";
pub(crate) const QRIS_QUERY: &str = "/v1.0/qr/qr-mpm-query";
pub(crate) const QRIS_CANCEL: &str = "/v1.0/qr/qr-mpm-cancel";
pub(crate) const EWALLET_PAYMENT: &str = "/direct-debit/core/v1/debit/payment-host-to-host";
pub(crate) const EWALLET_STATUS: &str = "/direct-debit/core/v1/debit/status";
pub(crate) const VA_CREATE: &str = "/v1.0/transfer-va/create-va";
pub(crate) const VA_INQUIRY: &str = "/v1.0/transfer-va/inquiry-va";
pub(crate) const RETAIL_CREATE: &str = "/v1.0/retail/create";
pub(crate) const RETAIL_QUERY: &str = "/v1.0/retail/query";
pub(crate) const LINK_CREATE: &str = "/v1.0/payment-link/create";
pub(crate) const TOKEN: &str = "/v1.0/access-token/b2b";

static KEYS: OnceLock<TempDir> = OnceLock::new();
static NEXT: AtomicU64 = AtomicU64::new(1);

/// What the client saw.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Seen {
    Reply {
        status: u16,
        body: String,
    },
    /// FIN before any byte.
    Closed,
    Reset,
    /// No whole reply before FIN.
    Partial(Vec<u8>),
    Silence,
}

pub(crate) struct Rig {
    pub(crate) sandbox: RunningSandbox,
    pub(crate) secret: ClientSecret,
    pub(crate) provider_key: RsaVerifyingKey,
    pub(crate) merchant_key: RsaSigningKey,
    pub(crate) client_id: String,
    channel_id: Option<String>,
    pub(crate) token: String,
}

pub(crate) fn key_dir() -> std::path::PathBuf {
    let dir = KEYS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let settings = SandboxSettings::development(dir.path().into(), nowhere());
        start(settings).unwrap().stop();
        dir
    });
    dir.path().into()
}

pub(crate) fn nowhere() -> Url {
    Url::parse("http://127.0.0.1:1").unwrap()
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(nowhere(), |_settings| {})
    }

    pub(crate) fn with(origin: Url, change: impl FnOnce(&mut SandboxSettings)) -> Self {
        let keys = key_dir();
        let mut settings = SandboxSettings::development(keys.clone(), origin);
        change(&mut settings);
        let read = |name: &str| std::fs::read_to_string(keys.join(name)).unwrap();
        let mut rig = Self {
            secret: ClientSecret::new(settings.client_secret.clone()).unwrap(),
            provider_key: RsaVerifyingKey::from_pem(&read("provider_public.pem")).unwrap(),
            merchant_key: RsaSigningKey::from_pem(&Secret::new(read("merchant_private.pem")))
                .unwrap(),
            client_id: settings.client_id.clone(),
            channel_id: settings.channel_id.clone(),
            token: String::new(),
            sandbox: start(settings).unwrap(),
        };
        rig.token = rig.fetch_token();
        rig
    }

    fn fetch_token(&self) -> String {
        let body = br#"{"grantType":"client_credentials"}"#;
        let reply = self.send_raw(TOKEN, &self.token_headers(), body).json(200);
        assert_eq!(reply["responseCode"], "2007300");
        assert_eq!(reply["tokenType"], "Bearer");
        reply["accessToken"].as_str().unwrap().to_owned()
    }

    pub(crate) fn token_headers(&self) -> Vec<(&'static str, String)> {
        let timestamp = now();
        let signature = sign_token_request(&self.merchant_key, &self.client_id, &timestamp);
        let mut headers = vec![
            ("Content-Type", "application/json".into()),
            ("X-TIMESTAMP", timestamp),
            ("X-CLIENT-KEY", self.client_id.clone()),
            ("X-SIGNATURE", signature),
        ];
        headers.extend(self.channel_id.clone().map(|id| ("CHANNEL-ID", id)));
        headers
    }

    pub(crate) fn headers(&self, path: &str, body: &[u8]) -> Vec<(&'static str, String)> {
        self.headers_at(path, body, now())
    }

    pub(crate) fn headers_at(
        &self,
        path: &str,
        body: &[u8],
        timestamp: String,
    ) -> Vec<(&'static str, String)> {
        let call = ApiCall {
            path,
            token: &self.token,
            body,
            timestamp: &timestamp,
        };
        vec![
            ("Content-Type", "application/json".into()),
            ("X-SIGNATURE", sign_api_call(&self.secret, &call)),
            ("X-TIMESTAMP", timestamp),
            ("X-PARTNER-ID", self.client_id.clone()),
            ("X-EXTERNAL-ID", unique()),
            ("Authorization", format!("Bearer {}", self.token)),
        ]
    }

    /// A rightly signed call.
    pub(crate) fn call(&self, path: &str, body: &Value) -> Seen {
        let bytes = body.to_string().into_bytes();
        self.send_raw(path, &self.headers(path, &bytes), &bytes)
    }

    pub(crate) fn send_raw(&self, path: &str, headers: &[(&str, String)], body: &[u8]) -> Seen {
        exchange(self.sandbox.addr, "POST", path, headers, body)
    }

    /// A control call.
    pub(crate) fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Seen {
        let bytes = body.map_or_else(String::new, Value::to_string);
        let headers = [("Content-Type", "application/json".to_owned())];
        let path = format!("/_sandbox{path}");
        exchange(self.sandbox.addr, method, &path, &headers, bytes.as_bytes())
    }

    pub(crate) fn fault(&self, rule: &Value) {
        self.control("POST", "/faults", Some(rule)).json(201);
    }

    pub(crate) fn pay(&self, reference: &str, order: &Value) -> Value {
        self.control(
            "POST",
            &format!("/transactions/{reference}/pay"),
            Some(order),
        )
        .json(200)
    }

    pub(crate) fn transaction(&self, reference: &str) -> Value {
        self.control("GET", &format!("/transactions/{reference}"), None)
            .json(200)
    }

    /// Opens a QRIS transaction and gives its reference.
    pub(crate) fn open_qris(&self, rupiah: u64, notify: Option<&str>) -> String {
        let body = qris(rupiah, notify);
        self.call(QRIS_GENERATE, &body).json(200);
        body["partnerReferenceNo"].as_str().unwrap().to_owned()
    }

    pub(crate) fn qris_status(&self, reference: &str) -> String {
        let reply = self.call(QRIS_QUERY, &inquiry(reference, "BNC_QRIS"));
        reply.json(200)["latestTransactionStatus"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

impl Seen {
    #[track_caller]
    pub(crate) fn json(&self, expected: u16) -> Value {
        match self {
            Self::Reply { status, body } if *status == expected => {
                serde_json::from_str(body).unwrap_or_default()
            }
            other => panic!("expected HTTP {expected}, saw {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn code(&self) -> String {
        match self {
            Self::Reply { body, .. } => {
                let body: Value = serde_json::from_str(body).unwrap();
                body["responseCode"].as_str().unwrap().to_owned()
            }
            other => panic!("no reply: {other:?}"),
        }
    }
}

pub(crate) fn now() -> String {
    spelt(TimeDelta::zero())
}

/// Jakarta time, that far from now.
pub(crate) fn spelt(offset: TimeDelta) -> String {
    (Utc::now() + TimeDelta::hours(7) + offset)
        .format("%Y-%m-%dT%H:%M:%S+07:00")
        .to_string()
}

/// Digits no other call uses.
pub(crate) fn unique() -> String {
    let micros = Utc::now().timestamp_micros();
    format!(
        "{micros}{:03}",
        NEXT.fetch_add(1, Ordering::Relaxed) % 1_000
    )
}

pub(crate) fn reference() -> String {
    format!("INV-{}", unique())
}

pub(crate) fn qris(rupiah: u64, notify: Option<&str>) -> Value {
    let urls: Vec<Value> = notify
        .iter()
        .map(|url| json!({"type": "NOTIFICATION", "url": url}))
        .collect();
    json!({
        "partnerReferenceNo": reference(),
        "amount": {"currency": "IDR", "value": format!("{rupiah}.00")},
        "validUpTo": spelt(TimeDelta::minutes(15)),
        "urlParams": urls,
        "additionalInfo": {"channel": "BNC_QRIS"},
    })
}

pub(crate) fn ewallet(rupiah: u64, notify: &str) -> Value {
    json!({
        "partnerReferenceNo": reference(),
        "validUpTo": (Utc::now().timestamp() + 900).to_string(),
        "amount": {"currency": "IDR", "value": format!("{rupiah}.00")},
        "urlParams": [
            {"type": "PAY_RETURN", "url": "https://shop.example.co.id/return"},
            {"type": "NOTIFICATION", "url": notify},
        ],
        "additionalInfo": {
            "channel": "EMONEY_DANA_SNAP",
            "orderTitle": "Voucher",
            "subMerchantId": "216620000000123",
            "externalStoreId": "TOKO-7",
        },
    })
}

pub(crate) fn account(rupiah: u64) -> Value {
    let number: u64 = unique().parse().unwrap();
    json!({
        "partnerServiceId": "2056",
        "customerNo": format!("2056{:012}", number % 1_000_000_000_000),
        "virtualAccountName": "BUDI SANTOSO",
        "virtualAccountEmail": "budi@example.co.id",
        "virtualAccountPhone": "6281234567890",
        "trxId": reference(),
        "virtualAccountTrxType": "C",
        "totalAmount": {"value": format!("{rupiah}.00"), "currency": "IDR"},
        "expiredDate": spelt(TimeDelta::hours(24)),
        "additionalInfo": {"channel": "VIRTUAL_ACCOUNT_CIMB"},
    })
}

pub(crate) fn retail(rupiah: u64) -> Value {
    json!({
        "partnerReferenceNo": reference(),
        "validUpTo": spelt(TimeDelta::hours(24)),
        "customerName": "Budi Santoso",
        "customerEmail": "budi@example.co.id",
        "customerPhone": "081234567890",
        "amount": {"currency": "IDR", "value": format!("{rupiah}.00")},
        "urlParams": [{"type": "PAY_RETURN", "url": "https://shop.example.co.id/return"}],
        "additionalInfo": {"channel": "RETAIL_ALFAMART"},
    })
}

pub(crate) fn link(notify: &str) -> Value {
    json!({
        "partnerReferenceNo": reference(),
        "customerName": "Budi",
        "customerEmail": "budi@example.co.id",
        "customerPhoneNumber": "81234567890",
        "customerPhoneNumberCountryCode": "+62",
        "listItem": [{"name": "Kopi", "price": "20000", "qty": "2"}],
        "listPaymentChannel": ["EMONEY_DANA_SNAP", "BNC_QRIS"],
        "description": "",
        "expiryTime": spelt(TimeDelta::hours(24)),
        "urlParams": [{"type": "NOTIFICATION", "url": notify}],
    })
}

pub(crate) fn inquiry(reference: &str, channel: &str) -> Value {
    json!({"originalPartnerReferenceNo": reference, "additionalInfo": {"channel": channel}})
}

/// One HTTP exchange on a connection of its own.
pub(crate) fn exchange(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> Seen {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(15)))
        .unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let mut bytes = request.into_bytes();
    bytes.extend_from_slice(body);
    stream.write_all(&bytes).unwrap();
    let mut received = Vec::new();
    match stream.read_to_end(&mut received) {
        Ok(_) => read_reply(received),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Seen::Reset,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Seen::Silence
        }
        Err(error) => panic!("{error}"),
    }
}

fn read_reply(received: Vec<u8>) -> Seen {
    if received.is_empty() {
        return Seen::Closed;
    }
    let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Seen::Partial(received);
    };
    let head = String::from_utf8_lossy(&received[..end]).to_ascii_lowercase();
    let body = String::from_utf8_lossy(&received[end + 4..]).into_owned();
    let status = head
        .strip_prefix("http/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|status| status.parse().ok());
    let length: Option<usize> = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.parse().ok());
    match (status, length) {
        (Some(status), None) if body.is_empty() => Seen::Reply { status, body },
        (Some(status), Some(length)) if body.len() == length => Seen::Reply { status, body },
        _ => Seen::Partial(received),
    }
}

/// Polls until it holds, at most ten seconds.
#[track_caller]
pub(crate) fn eventually<T>(mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < deadline, "it did not happen in 10 s");
        std::thread::sleep(Duration::from_millis(5));
    }
}
