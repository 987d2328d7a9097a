//! What is computed when it is asked for: how much waits, and since when.

use chrono::Utc;
use ledger::Ledger;
use prometheus::{IntGauge, Registry};

/// Gauges of the books' queues.
#[derive(Debug, Clone)]
pub struct Gauges {
    outbox_waiting: IntGauge,
    outbox_oldest_seconds: IntGauge,
    webhooks_dead: IntGauge,
    quarantined: IntGauge,
}

impl Gauges {
    /// Gauges registered with `registry`.
    ///
    /// # Errors
    /// When they are registered already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        Ok(Self {
            outbox_waiting: gauge("gateway_outbox_waiting", "Webhook deliveries that are due")?,
            outbox_oldest_seconds: gauge(
                "gateway_outbox_oldest_seconds",
                "How long the oldest due webhook delivery waits",
            )?,
            webhooks_dead: gauge("gateway_webhooks_dead", "Webhook deliveries that gave up")?,
            quarantined: gauge(
                "gateway_notifications_quarantined",
                "Verified callbacks that nobody could place (up to 1000 counted)",
            )?,
        })
    }

    /// Sets them from the books; when those are away the last values stay.
    pub async fn refresh(self, ledger: Ledger) {
        let counted = ledger
            .transact(|tx| {
                let quarantined = tx.quarantine(1000)?.len();
                Ok((tx.outbox_depth()?, tx.dead_deliveries()?, quarantined))
            })
            .await;
        let Ok(((waiting, oldest), dead, quarantined)) = counted else {
            return;
        };
        self.outbox_waiting.set(waiting);
        let age = oldest.map_or(0, |at| Utc::now().signed_duration_since(at).num_seconds());
        self.outbox_oldest_seconds.set(age.max(0));
        self.webhooks_dead.set(dead);
        self.quarantined
            .set(i64::try_from(quarantined).unwrap_or(i64::MAX));
    }
}
