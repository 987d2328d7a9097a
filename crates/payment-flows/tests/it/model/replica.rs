//! One process of the gateway: its own connections, its own client, its own tasks, which all end
//! at once when it dies.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use ayolinx_client::{AyolinxClient, Breaker, ClientMetrics, ProviderSettings, TokenCache};
use ayolinx_core::channels::{ChannelTable, Environment};
use ayolinx_core::json_style::JsonStyle;
use ayolinx_core::order_view::Links;
use ayolinx_core::schedule::Schedule;
use ayolinx_core::sealing::Keyring;
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{ClientSecret, RsaSigningKey};
use base64::Engine as _;
use chrono::TimeDelta;
use ledger::{Context, Ledger, LedgerSettings, Plans};
use payment_flows::{FlowMetrics, FlowSettings, Flows, InquiryLimits, SendNotificationUrl};
use prometheus::Registry;
use tokio::task::LocalSet;

use super::operations::Told;
use super::wires::Ports;
use super::world::World;

/// No run is held up by a channel's line.
const CHANNELS: &str = "[BNC_QRIS]\ninquiries_per_second = 1000000\n\
                        [EMONEY_DANA_SNAP]\ninquiries_per_second = 1000000\n";
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(20);
/// Longer than the provider's timeout, as the settings demand.
pub(crate) const LEASE_SECONDS: i64 = 30;
pub(crate) const GRACE_SECONDS: i64 = 300;

pub(crate) struct Replica {
    pub(crate) ledger: Ledger,
    pub(crate) flows: Rc<Flows>,
    ports: Ports,
    tasks: LocalSet,
}

impl Replica {
    pub(crate) fn new(ports: Ports, ledger: Ledger) -> Self {
        Self {
            flows: flows(ports, &ledger),
            ledger,
            ports,
            tasks: LocalSet::new(),
        }
    }

    /// The process dies and another takes its place.
    pub(crate) fn restart(&mut self) {
        self.tasks = LocalSet::new();
        self.flows = flows(self.ports, &self.ledger);
    }

    pub(crate) fn spawn(&self, world: &Arc<World>, work: impl Future<Output = Told> + 'static) {
        let (number, world) = (world.begin(), Arc::clone(world));
        self.tasks.spawn_local(async move {
            let told = Box::pin(work).await;
            world.end(number, told);
        });
    }

    pub(crate) async fn drive(&self, world: &World, before: u64) {
        self.tasks.run_until(world.moved_since(before)).await;
    }
}

pub(crate) fn ledger(url: &str) -> Ledger {
    let seconds = |all: &[i64]| {
        let offsets = all.iter().map(|after| TimeDelta::seconds(*after));
        Schedule::new(offsets.collect()).unwrap()
    };
    let settings = LedgerSettings {
        database_url: url.to_owned(),
        connections_max: 4,
        waiting_max: 64,
        deadline: Duration::from_secs(20),
    };
    let channels = ChannelTable::built_in(Environment::NonProduction);
    let context = Context {
        links: Links {
            checkout_origin: "https://pay.example.co.id".to_owned(),
        },
        keyring: Arc::new(Keyring::new(&[Secret::new("model".to_owned())]).unwrap()),
        plans: Plans {
            lease: TimeDelta::seconds(LEASE_SECONDS),
            expiry_grace: TimeDelta::seconds(GRACE_SECONDS),
            resolve: seconds(&[2, 10, 30, 65, 300]),
            inquiry: seconds(&[15, 30, 60, 300]),
            inquiry_slow: seconds(&[15, 60]),
        },
        channels: Arc::new(channels.overlay(CHANNELS).unwrap()),
    };
    Ledger::new(&settings, context)
}

fn flows(ports: Ports, ledger: &Ledger) -> Rc<Flows> {
    let metrics = ClientMetrics::new().unwrap();
    let provider = ProviderSettings {
        base_url: format!("http://127.0.0.1:{}", ports.provider)
            .parse()
            .unwrap(),
        client_id: "CK-model".to_owned(),
        channel_id: None,
        client_secret: ClientSecret::new(Secret::new("SK-model".to_owned()))
            .unwrap()
            .into(),
        signing_key: signing_key(),
        signing_key_previous: None,
        json_style: JsonStyle::Php,
        timeout: PROVIDER_TIMEOUT,
        breaker: Breaker::default(),
        metrics,
    };
    let settings = FlowSettings {
        // A shop's patience ends when the run says so.
        reply_after: Duration::from_secs(600),
        send_notification_url: SendNotificationUrl::Always,
        callback_origin: "https://callbacks.example.co.id".to_owned(),
    };
    let client = AyolinxClient::new(provider, tokens()).unwrap();
    let flow_metrics = FlowMetrics::new(&Registry::new()).unwrap();
    let limits = InquiryLimits::default();
    Rc::new(Flows::new(
        ledger.clone(),
        client,
        settings,
        limits,
        flow_metrics,
    ))
}

fn tokens() -> TokenCache {
    static TOKENS: OnceLock<TokenCache> = OnceLock::new();
    TOKENS.get_or_init(TokenCache::in_process).clone()
}

fn signing_key() -> RsaSigningKey {
    static KEY: OnceLock<RsaSigningKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let base64 = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n");
        RsaSigningKey::from_pem(&Secret::new(pem)).unwrap()
    })
    .clone()
}
