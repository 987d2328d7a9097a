//! The state that the handlers share, and the handling of a callback that is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::HttpResponse;
use signature_readings::Keys;
use tracing::Instrument;

use crate::callbacks::explanation;
use crate::callbacks::metrics::CallbackMetrics;
use crate::callbacks::snap_token::SnapClientKeys;
use crate::callbacks::store::CallbackStore;
use crate::callbacks::verify::{RejectedCallback, Verifier};

/// The state that the handlers share: keys, storage and counters.
#[derive(Debug)]
pub struct CallbackEdge<S> {
    /// Judges every callback and token request.
    pub verifier: Verifier,
    /// The names under which the provider may ask for a token.
    pub snap_client_keys: SnapClientKeys,
    /// The store of verified callbacks.
    pub store: S,
    /// The edge's counters.
    pub metrics: CallbackMetrics,
    last_rejected_kept: Arc<AtomicI64>,
    readable_keys: Arc<Keys>,
}

impl<S: CallbackStore> CallbackEdge<S> {
    /// Creates the edge; a process has one.
    pub fn new(
        verifier: Verifier,
        snap_client_keys: SnapClientKeys,
        store: S,
        metrics: CallbackMetrics,
    ) -> Self {
        Self {
            readable_keys: Arc::new(verifier.readable_keys()),
            verifier,
            snap_client_keys,
            store,
            metrics,
            last_rejected_kept: Arc::new(AtomicI64::new(0)),
        }
    }

    /// Explains and keeps at most one rejected callback a second; the reply does not wait for it.
    pub(super) fn keep_rejected(&self, rejected: RejectedCallback) {
        let now_secs = rejected.received_at.timestamp();
        let last_secs = self.last_rejected_kept.load(Ordering::Relaxed);
        let claim = self.last_rejected_kept.compare_exchange(
            last_secs,
            now_secs,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if now_secs == last_secs || claim.is_err() {
            return;
        }
        let store = self.store.clone();
        let keys = Arc::clone(&self.readable_keys);
        let keep = async move {
            let explained = explanation::explained(&store, keys, rejected).await;
            store.keep_rejected(explained).await;
        };
        actix_web::rt::spawn(keep.in_current_span());
    }

    pub(crate) fn count_token(&self, outcome: &str, reply: HttpResponse) -> HttpResponse {
        self.metrics.count_token(outcome);
        tracing::info!(token.outcome = outcome, "token request answered");
        reply
    }
}
