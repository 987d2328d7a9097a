//! Keys of both sides change while the sandbox runs, and the gateway's own client goes over from one to
//! the next without a call that fails.

use ayolinx_client::{
    AyolinxClient, Breaker, ClientMetrics, Outcome, ProviderSettings, SecretPair, TokenCache, Which,
};
use ayolinx_core::json_style::JsonStyle;
use ayolinx_core::secret::Secret;
use ayolinx_core::signing::{ClientSecret, RsaSigningKey, RsaVerifyingKey};
use ayolinx_sandbox::{SandboxSettings, start};
use prometheus::Registry;
use serde_json::json;

use crate::outcome_classes::{TIMEOUT, create};
use crate::receiver::Receiver;
use crate::rig::*;

fn another_key() -> RsaSigningKey {
    let dir = tempfile::tempdir().unwrap();
    let settings = SandboxSettings::development(dir.path().into(), nowhere());
    start(settings).unwrap().stop();
    let pem = std::fs::read_to_string(dir.path().join("merchant_private.pem")).unwrap();
    RsaSigningKey::from_pem(&Secret::new(pem)).unwrap()
}

fn secret(text: &str) -> ClientSecret {
    ClientSecret::new(Secret::new(text)).unwrap()
}

struct Ours {
    client: AyolinxClient,
    registry: Registry,
}

impl Ours {
    fn with(
        rig: &Rig,
        client_secret: SecretPair,
        keys: (RsaSigningKey, Option<RsaSigningKey>),
    ) -> Self {
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let metrics = ClientMetrics::new().unwrap();
        let registry = Registry::new();
        metrics.register(&registry).unwrap();
        let settings = ProviderSettings {
            base_url: rig.sandbox.base_url().parse().unwrap(),
            client_id: rig.client_id.clone(),
            channel_id: None,
            client_secret,
            signing_key: keys.0,
            signing_key_previous: keys.1,
            json_style: JsonStyle::Php,
            timeout: TIMEOUT * 4,
            breaker: Breaker::default(),
            metrics,
        };
        let client = AyolinxClient::new(settings, TokenCache::in_process()).unwrap();
        Self { client, registry }
    }

    /// How often the provider accepted this key of ours.
    fn accepted(&self, kind: &str, key: &str) -> String {
        let families = self.registry.gather();
        let name = "gateway_provider_accepted_keys_total";
        let family = families.iter().find(|family| family.name() == name);
        let metric = family.unwrap().get_metric().iter().find(|metric| {
            let has = |value: &str| metric.get_label().iter().any(|l| l.value() == value);
            has(kind) && has(key)
        });
        metric.unwrap().get_counter().get_value().to_string()
    }
}

/// What is saved in the provider's portal.
fn posted(rig: &Rig, keys: &serde_json::Value) -> serde_json::Value {
    rig.control("POST", "/keys", Some(keys)).json(200)
}

#[actix_rt::test]
async fn a_token_is_had_whichever_of_our_two_keys_the_provider_knows() {
    let rig = Rig::new();
    let new = another_key();
    let both = (new.clone(), Some(rig.merchant_key.clone()));
    let ours = Ours::with(&rig, rig.secret.clone().into(), both);
    let with = async || match ours.client.fetch_token().await {
        Outcome::Accepted(receipt) => receipt.signed_with,
        other => panic!("{other:?}"),
    };
    assert_eq!(with().await, Which::Previous);
    posted(
        &rig,
        &json!({"merchant_public_keys": [new.public_key_pem()]}),
    );
    assert_eq!(with().await, Which::Current);
    assert_eq!(ours.accepted("private_key", "previous"), "1");
    assert_eq!(ours.accepted("private_key", "current"), "1");
    let alone = Ours::with(
        &rig,
        rig.secret.clone().into(),
        (rig.merchant_key.clone(), None),
    );
    assert_eq!(alone.client.fetch_token().await.name(), "not_sent");
}

#[actix_rt::test]
async fn a_create_is_accepted_once_whichever_of_our_two_secrets_the_provider_knows() {
    let rig = Rig::new();
    let (old, new) = ("SKSandbox-development-only", "SK-new");
    let pair = SecretPair::new(secret(new), Some(secret(old)));
    let ours = Ours::with(&rig, pair, (rig.merchant_key.clone(), None));
    let made = async || {
        let reference = reference();
        let outcome = create(&ours.client, &reference).await;
        assert_eq!(outcome.name(), "accepted", "{outcome:?}");
        rig.transaction(&reference);
    };
    made().await;
    made().await;
    assert_eq!(ours.accepted("client_secret", "previous"), "2");
    posted(&rig, &json!({"client_secrets": [new]}));
    made().await;
    made().await;
    assert_eq!(ours.accepted("client_secret", "current"), "2");
    let total = rig.control("GET", "/transactions", None).json(200)["total"].clone();
    assert_eq!(total, 4, "nothing was made twice");
}

#[actix_rt::test]
async fn a_secret_that_neither_side_shares_is_a_refused_authentication() {
    let rig = Rig::new();
    let pair = SecretPair::new(secret("wrong"), Some(secret("wrong too")));
    let ours = Ours::with(&rig, pair, (rig.merchant_key.clone(), None));
    let outcome = create(&ours.client, &reference()).await;
    assert_eq!(outcome.name(), "authentication_refused");
    let total = rig.control("GET", "/transactions", None).json(200)["total"].clone();
    assert_eq!(total, 0);
}

#[test]
fn the_providers_own_key_changes_and_its_public_half_is_shown() {
    let receiver = Receiver::new();
    let rig = Rig::with(receiver.origin(), |_settings| {});
    let shown = posted(&rig, &json!({"provider_private_key": "new"}));
    let pem = shown["provider_public_key"].as_str().unwrap();
    let key = RsaVerifyingKey::from_pem(pem).unwrap();
    assert_ne!(key.fingerprint(), rig.provider_key.fingerprint());
    assert_eq!(shown["provider_public_key_sha256"], key.fingerprint());
    assert_eq!(rig.control("GET", "/keys", None).json(200), shown);
    assert!(!shown.to_string().contains("PRIVATE"), "{shown}");
}

#[test]
fn what_is_no_key_changes_nothing() {
    let rig = Rig::new();
    let before = rig.control("GET", "/keys", None).json(200);
    for wrong in [
        json!({"merchant_public_keys": []}),
        json!({"client_secrets": ["a", ""]}),
        json!({"provider_private_key": "a key"}),
        json!({"secret": "a"}),
    ] {
        rig.control("POST", "/keys", Some(&wrong)).json(400);
    }
    assert_eq!(rig.control("GET", "/keys", None).json(200), before);
}
