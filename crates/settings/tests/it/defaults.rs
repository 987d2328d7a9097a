//! What holds when only the required variables are set.

use std::time::Duration;

use ayolinx_core::{channels::Environment, json_style::JsonStyle, method::Method};
use service_shell::telemetry::LogFormat;
use settings::SendNotificationUrl;

use crate::support::{api, ctl, env, keys, worker};

#[test]
fn the_api_has_the_documented_defaults() {
    let api = api(&[]);
    assert_eq!(api.listeners.gateway.unwrap().to_string(), "127.0.0.1:8080");
    assert_eq!(
        api.listeners.checkout.unwrap().to_string(),
        "127.0.0.1:8082"
    );
    assert_eq!(api.listeners.console.unwrap().to_string(), "127.0.0.1:8083");
    assert_eq!(api.listeners.ops.to_string(), "127.0.0.1:9080");
    assert_eq!(api.urls.callback.as_str(), "http://127.0.0.1:8081");
    assert_eq!(api.urls.checkout.as_str(), "http://127.0.0.1:8082");
    assert_eq!(api.rate_limit.unwrap().get(), 200);
    assert_eq!(api.send_notification_url, SendNotificationUrl::Always);
    assert_eq!(api.provider.json_style, JsonStyle::Php);
    assert_eq!(api.provider.channel_id, None);
    assert_eq!(
        api.provider.base_url.environment(),
        Environment::NonProduction
    );
    assert_eq!(api.shared.telemetry.format, LogFormat::Json);
    assert_eq!(api.database.deadline, Duration::from_millis(2500));
    assert!(api.redis_url.is_none());
    assert_eq!(
        api.warnings.iter().count(),
        2,
        "pepper and encryption key are development values"
    );
}

#[test]
fn timings_have_the_documented_defaults() {
    let timings = api(&[]).shared.timings;
    for (actual, ms) in [
        (timings.provider_timeout, 25_000),
        (timings.create_reply, 8_000),
        (timings.expiry_grace, 300_000),
        (timings.sweep_interval, 1_000),
        (timings.webhook_timeout, 15_000),
        (timings.lease, 30_000),
        (timings.shutdown_delay, 5_000),
        (timings.shutdown_grace, 25_000),
        (timings.order_default_expiry, 86_400_000),
    ] {
        assert_eq!(actual, Duration::from_millis(ms));
    }
    assert_eq!(timings.webhook.tries(), 12);
    assert_eq!(timings.resolve.not_found_gap().num_seconds(), 60);
    assert_ne!(
        timings.inquiry.of(Method::Qris),
        timings.inquiry.of(Method::Retail)
    );
    assert_eq!(timings.inquiry.of(Method::PaymentLink), None);
}

#[test]
fn one_inquiry_schedule_holds_for_every_method() {
    let timings = api(&[("INQUIRY_SCHEDULE", "1s,2s")]).shared.timings;
    assert_eq!(
        timings.inquiry.of(Method::Qris),
        timings.inquiry.of(Method::VirtualAccount)
    );
}

#[test]
fn the_worker_has_the_documented_defaults() {
    let worker = worker(&[]);
    assert_eq!(worker.listeners.callback.to_string(), "127.0.0.1:8081");
    assert_eq!(worker.listeners.ops.to_string(), "127.0.0.1:9081");
    assert_eq!(worker.callback_public_url.as_str(), "http://127.0.0.1:8081");
    assert_eq!(worker.snap_client_keys, ["CK-test"]);
    assert_eq!(worker.provider_public_keys.all().len(), 1);
    let kept = worker.retention;
    assert_eq!(
        (kept.history_months, kept.inbox_months, kept.outbox_months),
        (120, 13, 3)
    );
    assert_eq!((kept.payer_months, kept.creation_days), (13, 30));
    assert_eq!(ctl(&[]).retention, kept);
}

#[test]
fn public_addresses_follow_where_we_listen() {
    let api = api(&[
        ("CHECKOUT_BIND", "127.0.0.1:9002"),
        ("CALLBACK_BIND", "[::1]:9001"),
    ]);
    assert_eq!(api.urls.checkout.as_str(), "http://127.0.0.1:9002");
    assert_eq!(api.urls.callback.as_str(), "http://[::1]:9001");
    let worker = worker(&[("CALLBACK_BIND", "0.0.0.0:9001"), ("ENCRYPTION_KEYS", "k")]);
    assert_eq!(worker.callback_public_url.as_str(), "http://127.0.0.1:9001");
}

#[test]
fn lists_of_keys_are_newest_first() {
    let api = api(&[("API_KEY_PEPPER", "new, old"), ("ENCRYPTION_KEYS", "k2,k1")]);
    let peppers: Vec<_> = api.peppers.all().iter().map(|p| p.expose()).collect();
    assert_eq!(peppers, ["new", "old"]);
    assert_eq!(api.encryption_keys.all()[0].expose(), "k2");
    assert_eq!(api.warnings.iter().count(), 0);
}

#[test]
fn secrets_may_come_from_files() {
    let path = keys().path("pepper");
    std::fs::write(&path, "from-a-file\n").unwrap();
    let api = api(&[("API_KEY_PEPPER_FILE", &path)]);
    assert_eq!(api.peppers.all()[0].expose(), "from-a-file");
}

#[test]
fn the_channel_table_is_the_built_in_one_with_the_file_over_it() {
    assert!(
        !api(&[])
            .shared
            .channels
            .get("BNC_QRIS")
            .unwrap()
            .code
            .is_empty()
    );
    let path = keys().path("channels.toml");
    std::fs::write(&path, "[BNC_QRIS]\nenabled = false\n").unwrap();
    let api = api(&[("AYOLINX_CHANNELS_FILE", &path)]);
    assert!(!api.shared.channels.get("BNC_QRIS").unwrap().enabled);
}

#[test]
fn gatewayctl_migrates_with_a_database_and_nothing_else() {
    let only = settings::Env::from_pairs([("DATABASE_URL", "postgres://db.internal/gateway")]);
    let ctl = settings::CtlSettings::from_env(&only).unwrap();
    assert!(ctl.database().is_ok());
    let missing = ctl.provider().unwrap_err();
    for name in [
        "AYOLINX_BASE_URL",
        "AYOLINX_CLIENT_ID",
        "AYOLINX_CLIENT_SECRET",
        "AYOLINX_PRIVATE_KEY_FILE",
    ] {
        assert!(missing.names(name), "{missing}");
    }
}

#[test]
fn gatewayctl_has_everything_when_everything_is_set() {
    let ctl = ctl(&[]);
    assert!(ctl.database().is_ok() && ctl.provider().is_ok());
    assert!(ctl.peppers().is_ok() && ctl.encryption_keys().is_ok());
    assert_eq!(
        ctl.checkout_public_url().unwrap().as_str(),
        "http://127.0.0.1:8082"
    );
}

#[test]
fn no_secret_is_printed_for_debugging() {
    let secrets = [
        ("REDIS_URL", "redis://:redis-password@127.0.0.1/"),
        ("API_KEY_PEPPER", "pepper-value"),
        ("ENCRYPTION_KEYS", "encryption-value"),
        ("AYOLINX_CLIENT_SECRET_PREVIOUS", "previous-secret-value"),
    ];
    let printed = format!(
        "{:?} {:?} {:?} {:?}",
        api(&secrets),
        worker(&secrets),
        ctl(&secrets),
        env(&secrets)
    );
    for secret in ["-password", "-value", "client-secret", "BEGIN"] {
        assert!(!printed.contains(secret), "{secret} is printed");
    }
}
