//! The edge on a port of its own, with storage in memory that can be looked into and switched off.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use ayolinx_core::signing::RsaVerifyingKey;
use callback_worker::error::StorageAway;
use callback_worker::metrics::CallbackMetrics;
use callback_worker::received_path;
use callback_worker::routes::{CallbackEdge, CallbackStore, Reception, configure};
use callback_worker::snap_token::{NewSnapToken, SnapClientKeys};
use callback_worker::verify::{RejectedCallback, TokenDigest, VerifiedCallback, Verifier};
use prometheus::{Registry, TextEncoder};

use crate::provider;

/// What the store saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) away: bool,
    pub(crate) callbacks: Vec<VerifiedCallback>,
    pub(crate) rejected: Vec<RejectedCallback>,
    pub(crate) tokens: Vec<NewSnapToken>,
    pub(crate) token_lookups: usize,
}

#[derive(Clone, Default)]
pub(crate) struct MemoryStore(Arc<Mutex<Seen>>);

impl CallbackStore for MemoryStore {
    async fn receive(&self, callback: Box<VerifiedCallback>) -> Result<Reception, StorageAway> {
        let mut seen = self.0.lock().unwrap();
        if seen.away {
            return Err(StorageAway);
        }
        let same = |earlier: &VerifiedCallback| {
            earlier.path == callback.path && earlier.minified_sha256 == callback.minified_sha256
        };
        let reception = match seen.callbacks.iter().any(same) {
            true => Reception::Duplicate,
            false if callback.notification.is_err() => Reception::Kept("unreadable"),
            false => Reception::Applied,
        };
        seen.callbacks.push(*callback);
        Ok(reception)
    }

    async fn snap_token_is_valid(&self, token: TokenDigest) -> Result<bool, StorageAway> {
        let mut seen = self.0.lock().unwrap();
        seen.token_lookups += 1;
        match seen.away {
            true => Err(StorageAway),
            false => Ok(seen.tokens.iter().any(|stored| stored.digest == token)),
        }
    }

    async fn store_snap_token(&self, token: NewSnapToken) -> Result<(), StorageAway> {
        let mut seen = self.0.lock().unwrap();
        if seen.away {
            return Err(StorageAway);
        }
        seen.tokens.push(token);
        Ok(())
    }

    async fn keep_rejected(&self, rejected: RejectedCallback) {
        self.0.lock().unwrap().rejected.push(rejected);
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    store: MemoryStore,
    registry: Registry,
}

impl Server {
    /// Knows the provider's two keys and both client secrets of the tests.
    pub(crate) fn start() -> Self {
        let keys = vec![
            provider::key().verifying(),
            provider::next_key().verifying(),
        ];
        Self::start_with(keys, &[provider::SECRET, provider::SECRET_PREVIOUS])
    }

    pub(crate) fn start_with(keys: Vec<RsaVerifyingKey>, secrets: &[&str]) -> Self {
        let verifier = Verifier::new(
            keys,
            secrets.iter().map(|text| provider::secret(text)).collect(),
        );
        let registry = Registry::new();
        let metrics = CallbackMetrics::register(&registry, verifier.keys()).unwrap();
        let store = MemoryStore::default();
        let edge = Data::new(CallbackEdge::new(
            verifier,
            SnapClientKeys::new([provider::CLIENT_KEY, "another-key"]),
            store.clone(),
            metrics,
        ));
        let app = move || {
            App::new()
                .wrap(from_fn(received_path::tidy))
                .app_data(edge.clone())
                .configure(configure::<MemoryStore>)
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let serve = || {
                HttpServer::new(app)
                    .workers(1)
                    .disable_signals()
                    .listen(listener)
                    .unwrap()
                    .run()
            };
            actix_web::rt::System::new().block_on(async { serve().await })
        });
        Self {
            address,
            store,
            registry,
        }
    }

    pub(crate) fn seen<R>(&self, look: impl FnOnce(&mut Seen) -> R) -> R {
        look(&mut self.store.0.lock().unwrap())
    }

    pub(crate) fn stored(&self) -> usize {
        self.seen(|seen| seen.callbacks.len())
    }

    pub(crate) fn storage_goes_away(&self) {
        self.seen(|seen| seen.away = true);
    }

    /// Rejected callbacks are kept by a task of their own: waits until there are `count`.
    #[track_caller]
    pub(crate) fn wait_for_rejected(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(5);
        while self.seen(|seen| seen.rejected.len()) < count {
            assert!(Instant::now() < deadline, "no rejected callback was kept");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether the metrics hold this line.
    #[track_caller]
    pub(crate) fn has_metric(&self, line: &str) {
        let text = TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap();
        assert!(
            text.lines().any(|found| found == line),
            "{line} not in\n{text}"
        );
    }
}
