//! Counters of the provider-facing edge. Labels are fixed words, never ids.

use prometheus::{IntCounterVec, Opts, Registry};

use crate::callbacks::callback_path::CallbackPath;
use crate::callbacks::verify::{KeyName, SignatureKind, VerifiedCallback};

const CALLBACK_OUTCOMES: [&str; 10] = [
    "applied",
    "no_change",
    "duplicate",
    "asked",
    "unknown_reference",
    "unreadable",
    "bad_headers",
    "bad_signature",
    "bad_token",
    "storage_away",
];
const TOKEN_OUTCOMES: [&str; 4] = ["issued", "refused", "malformed", "storage_away"];

/// The edge's counters. Clones share them.
#[derive(Debug, Clone)]
pub struct CallbackMetrics {
    callbacks: IntCounterVec,
    signatures: IntCounterVec,
    tokens: IntCounterVec,
    keys: IntCounterVec,
}

impl CallbackMetrics {
    /// Registers `gateway_callbacks_total{path,outcome}`,
    /// `gateway_callback_signatures_total{path,kind,route,body}`, `gateway_callback_keys_total{kind,key}` for
    /// each of these keys, and `gateway_snap_tokens_total{outcome}`.
    ///
    /// # Errors
    /// Returns an error when the registry has them already.
    pub fn register<'k>(
        registry: &Registry,
        keys: impl Iterator<Item = (SignatureKind, &'k KeyName)>,
    ) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let metrics = Self {
            callbacks: counter(
                "gateway_callbacks_total",
                "Callbacks by path and what became of them.",
                &["path", "outcome"],
            )?,
            signatures: counter(
                "gateway_callback_signatures_total",
                "Valid callback signatures by the reading of the provider's rule that matched.",
                &["path", "kind", "route", "body"],
            )?,
            tokens: counter(
                "gateway_snap_tokens_total",
                "Token requests of the provider by outcome.",
                &["outcome"],
            )?,
            keys: counter(
                "gateway_callback_keys_total",
                "Valid signatures of the provider by the key they were made with.",
                &["kind", "key"],
            )?,
        };
        for (kind, key) in keys {
            metrics
                .keys
                .with_label_values(&[kind_of_key(kind), key.as_str()])
                .inc_by(0);
        }
        // From the first: what rises from nothing is not seen to rise.
        for path in CallbackPath::ALL {
            for outcome in CALLBACK_OUTCOMES {
                let labels = [path.label(), outcome];
                metrics.callbacks.with_label_values(&labels).inc_by(0);
            }
        }
        for outcome in TOKEN_OUTCOMES {
            metrics.tokens.with_label_values(&[outcome]).inc_by(0);
        }
        Ok(metrics)
    }

    pub(crate) fn count_callback(&self, path: CallbackPath, outcome: &str) {
        self.callbacks
            .with_label_values(&[path.label(), outcome])
            .inc();
    }

    pub(crate) fn count_signature(&self, callback: &VerifiedCallback) {
        let labels = [
            callback.path.label(),
            callback.kind.label(),
            callback.matched_route.label(),
            callback.matched_body.label(),
        ];
        self.signatures.with_label_values(&labels).inc();
        self.count_key(callback.kind, &callback.key);
    }

    /// Counts a use of the key. Token requests are signed with the keys of plain callbacks.
    pub(crate) fn count_key(&self, kind: SignatureKind, key: &KeyName) {
        let labels = [kind_of_key(kind), key.as_str()];
        self.keys.with_label_values(&labels).inc();
    }

    pub(crate) fn count_token(&self, outcome: &str) {
        self.tokens.with_label_values(&[outcome]).inc();
    }
}

const fn kind_of_key(kind: SignatureKind) -> &'static str {
    match kind {
        SignatureKind::NonSnap => "public_key",
        SignatureKind::Snap => "client_secret",
    }
}
