//! The whole service over a real Postgres, in this process: one for all tests, which keep apart by
//! being different merchants, and one with a rate limit.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use ayolinx_core::api_key::ApiKey;
use ayolinx_core::ids::MerchantId;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use devstack::{TestDatabase, free_address};
use gateway_api::app;
use ledger::{Ledger, LedgerError, NewKey, Tx, Urgency};
use payment_flows::{keyring_of, ledger_of};
use serde_json::Value;
use settings::{ApiSettings, Env};
use uuid::Uuid;

use crate::edge::{Reply, send_raw_to};
use crate::far_database::at_distance;

/// The service and its books.
pub(crate) struct Service {
    address: SocketAddr,
    ledger: Ledger,
    settings: Arc<ApiSettings>,
    runtime: tokio::runtime::Runtime,
    database: TestDatabase,
}

/// A merchant and one of its keys.
pub(crate) struct Shop {
    address: SocketAddr,
    pub(crate) merchant: MerchantId,
    pub(crate) key: String,
}

fn private_key() -> String {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let body = STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

fn settings(database_url: String, rate_limit: &str) -> ApiSettings {
    let address = || free_address().unwrap().to_string();
    let mut key = tempfile::NamedTempFile::new().unwrap();
    key.write_all(private_key().as_bytes()).unwrap();
    let env = Env::from_pairs([
        ("DATABASE_URL", database_url),
        ("AYOLINX_BASE_URL", "http://127.0.0.1:9".to_owned()),
        ("AYOLINX_CLIENT_ID", "CK-test".to_owned()),
        ("AYOLINX_CLIENT_SECRET", "client-secret-value".to_owned()),
        (
            "AYOLINX_PRIVATE_KEY_FILE",
            key.path().to_str().unwrap().to_owned(),
        ),
        ("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8".to_owned()),
        ("API_RATE_LIMIT", rate_limit.to_owned()),
        ("DB_DEADLINE_MS", "20000".to_owned()),
        ("GATEWAY_BIND", address()),
        ("CHECKOUT_BIND", address()),
        ("CONSOLE_BIND", address()),
        ("GATEWAY_OPS_BIND", address()),
    ]);
    ApiSettings::from_env(&env).unwrap_or_else(|problems| panic!("{problems}"))
}

fn wait_for(address: SocketAddr) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < deadline, "{address} does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The one service of these tests.
pub(crate) fn service() -> &'static Service {
    static SERVICE: OnceLock<Service> = OnceLock::new();
    SERVICE.get_or_init(|| start("0", "", Duration::ZERO))
}

/// One that lets two requests of a key in per second.
pub(crate) fn limited() -> &'static Service {
    static SERVICE: OnceLock<Service> = OnceLock::new();
    SERVICE.get_or_init(|| start("2", "", Duration::ZERO))
}

/// One of a test's own, whose transactions nobody else adds to, with this limit of requests. What is in
/// its books before is made by these statements of their owner.
pub(crate) fn alone(rate_limit: &str, before: &str) -> Service {
    start(rate_limit, before, Duration::ZERO)
}

/// One without a limit, whose database is so far away.
pub(crate) fn far_from_its_database(away: Duration) -> Service {
    start("0", "", away)
}

fn start(rate_limit: &str, before: &str, away: Duration) -> Service {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let database = TestDatabase::create(|url| {
        ledger::migrate(url).unwrap();
        ledger::grant_to_services(url, devstack::SERVICES_ROLE).unwrap();
    });
    if !before.is_empty() {
        database.query(before);
    }
    let mut url = database.services_url();
    if !away.is_zero() {
        url = at_distance(&url, away);
    }
    let settings = settings(url, rate_limit);
    let address = settings.listeners.gateway.unwrap();
    let running = settings.clone();
    std::thread::spawn(move || {
        actix_web::rt::System::new()
            .block_on(app::run(running))
            .unwrap();
    });
    wait_for(address);
    let keyring = keyring_of(&settings.encryption_keys).unwrap();
    let ledger = ledger_of(
        &settings.database,
        &settings.shared,
        keyring,
        settings.urls.checkout.as_str(),
    );
    Service {
        address,
        ledger,
        settings: Arc::new(settings),
        runtime: tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap(),
        database,
    }
}

impl Service {
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn checkout(&self) -> SocketAddr {
        self.settings.listeners.checkout.unwrap()
    }

    /// Transactions begun so far, those apart that wait for the database to have nothing to do.
    pub(crate) fn transactions(&self) -> u64 {
        let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let metrics = send_raw_to(self.settings.listeners.ops, request).body;
        let counts = metrics.lines().filter(|line| {
            line.starts_with("gateway_db_transactions_total{") && !line.contains("\"spare\"")
        });
        counts
            .filter_map(|line| line.rsplit(' ').next())
            .map(|count| count.parse::<u64>().unwrap())
            .sum()
    }

    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    ) -> T {
        self.runtime
            .block_on(self.ledger.at(Urgency::Write).transact(work))
            .unwrap()
    }

    /// As the owner of the tables.
    pub(crate) fn database_url(&self) -> String {
        self.database.url()
    }

    /// What the service tells of itself.
    pub(crate) fn metrics(&self) -> String {
        let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let reply = send_raw_to(self.settings.listeners.ops, request);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    }

    pub(crate) fn sql(&self, statement: &str) -> String {
        self.database.query(statement).trim().to_owned()
    }

    /// A new merchant with a key of every scope.
    pub(crate) fn shop(&self) -> Shop {
        let merchant = MerchantId::from_uuid(Uuid::now_v7());
        self.run(move |tx| tx.add_merchant(merchant, "Warung Budi"));
        self.key_of(merchant, &["orders", "refunds", "webhooks", "read"])
    }

    /// A further key of a merchant.
    pub(crate) fn key_of(&self, merchant: MerchantId, scopes: &[&str]) -> Shop {
        let mut random = [0; 32];
        aws_lc_rs::rand::fill(&mut random).unwrap();
        let key = ApiKey::from_random(random);
        let stored = NewKey {
            digests: key.peppered(self.settings.peppers.all()),
            hint: key.hint(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        };
        self.run(move |tx| tx.add_key(merchant, &stored));
        Shop {
            address: self.address,
            merchant,
            key: key.expose().to_owned(),
        }
    }
}

impl Shop {
    pub(crate) fn call(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n",
            self.key
        );
        for header in headers {
            request.push_str(&format!("{header}\r\n"));
        }
        if !body.is_empty() {
            request.push_str("content-type: application/json\r\n");
        }
        request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        send_raw_to(self.address, request.as_bytes())
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.call("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Reply {
        self.call("POST", path, &[], body)
    }

    /// A webhook endpoint; its reply.
    #[track_caller]
    pub(crate) fn endpoint(&self) -> Value {
        let body = r#"{"url":"http://127.0.0.1:9/hook"}"#;
        let reply = self.post("/v1/webhook-endpoints", body);
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()
    }

    /// An order that was cancelled, and so has told of it.
    #[track_caller]
    pub(crate) fn cancelled_order(&self, reference: &str) -> String {
        let body = format!(
            r#"{{"reference":"{reference}","amount":{{"value":"150000.00","currency":"IDR"}}}}"#
        );
        let made = self.post("/v1/orders", &body);
        assert_eq!(made.status, 201, "{made:?}");
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let cancelled = self.post(&format!("/v1/orders/{id}/cancel"), "");
        assert_eq!(cancelled.status, 200, "{cancelled:?}");
        id
    }

    /// The feed once it has so many events: what other tests have open may hold it up.
    #[track_caller]
    pub(crate) fn feed_of(&self, count: usize) -> Vec<Value> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let reply = self.get("/v1/events");
            assert_eq!(reply.status, 200, "{reply:?}");
            let data = reply.json()["data"].as_array().unwrap().clone();
            if data.len() >= count {
                return data;
            }
            assert!(Instant::now() < deadline, "{data:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
