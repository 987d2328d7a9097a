//! What the provider hands us is looked at before anybody relies on it, and what it says is kept.

use std::path::PathBuf;
use std::time::Duration;

use devstack::StackBuilder;
use serde_json::{Value, json};

use crate::provider::outcome_is_unknown::{Scene, unsettled};
use crate::support::{Answer, Http, an_order, reference, unique, until, with};

/// A channel file, removed with the value.
struct ChannelsFile(PathBuf);

impl ChannelsFile {
    fn new(toml: &str) -> Self {
        let file = std::env::temp_dir().join(unique("channels"));
        std::fs::write(&file, toml).unwrap();
        Self(file)
    }

    fn told_to(&self, builder: StackBuilder) -> StackBuilder {
        builder.env("AYOLINX_CHANNELS_FILE", self.0.to_str().unwrap())
    }
}

impl Drop for ChannelsFile {
    fn drop(&mut self) {
        // A folder for temporary files is emptied by others too.
        drop(std::fs::remove_file(&self.0));
    }
}

/// What a program counts of a series, by the beginning of its line.
pub(crate) async fn counted(scene: &Scene, program: &str, series: &str) -> u64 {
    let url = format!("{}/metrics", scene.stack.ops_url(program).unwrap());
    let text = Http::new().get(&url).await.expect(200).text();
    let lines = text.lines().filter(|line| line.starts_with(series));
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    values.sum()
}

fn qr_faults() -> Vec<Value> {
    vec![
        json!("broken_qr"),
        json!("static_qr"),
        json!("wrong_echo_amount"),
        json!({"kind": "other_amount_qr", "rupiah": 2_500}),
        json!({"kind": "other_amount_qr", "rupiah": 250_000}),
    ]
}

#[actix_rt::test]
async fn a_qr_that_is_not_ours_is_never_shown_and_replaced() {
    let scene = Scene::of(unsettled()).await;
    for action in qr_faults() {
        let fault = json!({"call": "qris_generate", "times": 1, "action": action});
        scene.sandbox.fault(fault).await;
        let lost = scene.shop.create(&an_order("qris")).await.expect(202).json;
        assert_eq!(lost["payments"][0]["next_action"], json!(null), "{action}");
        let id = lost["id"].as_str().unwrap();
        let what = format!("{action} is replaced");
        let payable = scene.shop.until(id, &what, |order| {
            order["payments"][0]["status"] == "pending"
        });
        let order = payable.await;
        let [new, old] = order["payments"].as_array().unwrap().as_slice() else {
            panic!("{action}: {order}");
        };
        assert_eq!(old["failure"]["code"], "artefact_lost", "{order}");
        let there = scene.sandbox.transaction(old).await;
        assert_eq!(there["latestTransactionStatus"], "05", "{action}: {there}");
        let qr = new["next_action"]["qr_string"].as_str().unwrap();
        assert!(qr.contains("540525000"), "{action}: {qr}");
        scene.sandbox.pay(new).await;
        assert_eq!(scene.shop.order(id).await["status"], "paid");
    }
    for (finding, most) in [("broken", 1), ("other_amount", 4)] {
        let series = format!(
            "gateway_provider_qr_codes_total{{channel=\"BNC_QRIS\",finding=\"{finding}\"}}"
        );
        assert_eq!(
            counted(&scene, "gateway-api-1", &series).await,
            most,
            "{finding}"
        );
    }
    scene.journal.assert_nothing_was_accepted_twice();
}

#[actix_rt::test]
async fn qr_codes_that_are_never_ours_end_after_three_replacements() {
    let scene = Scene::of(unsettled()).await;
    let always = json!({"call": "qris_generate", "action": "broken_qr"});
    scene.sandbox.fault(always).await;
    let lost = scene.shop.create(&an_order("qris")).await.expect(202).json;
    let failed = scene
        .shop
        .until_status(lost["id"].as_str().unwrap(), "failed")
        .await;
    assert_eq!(failed["payments"].as_array().unwrap().len(), 4, "{failed}");
    assert_eq!(failed["payments"][0]["failure"]["code"], "artefact_lost");
}

#[actix_rt::test]
async fn a_channel_that_only_reports_shows_them_all_the_same() {
    let file = ChannelsFile::new("[BNC_QRIS]\nqr_check = \"report\"\n");
    let scene = Scene::of(file.told_to(unsettled())).await;
    let fault = json!({"call": "qris_generate", "times": 1, "action": "broken_qr"});
    scene.sandbox.fault(fault).await;
    let made = scene.shop.made(&an_order("qris")).await;
    let there = scene.sandbox.transaction(&made["payments"][0]).await;
    let shown = made["payments"][0]["next_action"]["qr_string"]
        .as_str()
        .unwrap();
    assert_ne!(
        there["artefact"].as_str(),
        Some(shown),
        "the one that came is shown"
    );
    let series = "gateway_provider_qr_codes_total{channel=\"BNC_QRIS\",finding=\"broken\"}";
    assert_eq!(counted(&scene, "gateway-api-1", series).await, 1);
}

const WITHIN: Duration = Duration::from_secs(20);

async fn synced(scene: &Scene, id: &str) -> Answer {
    scene
        .shop
        .post(&format!("/v1/orders/{id}/sync"), &json!({}))
        .await
}

/// Everything the order's timeline says.
pub(crate) async fn told(scene: &Scene, id: &str) -> String {
    let path = format!("/v1/orders/{id}/timeline");
    scene.shop.get(&path).await.expect(200).text()
}

fn refusing(http: u16, code: &str) -> Value {
    json!({"kind": "error", "http_status": http, "response_code": code,
           "message": "Amount exceeds\nlimit of VA 9882917212345678"})
}

/// Whatever the code, the provider's words reach the order's timeline and the log, and nobody's number does.
#[actix_rt::test]
async fn what_the_provider_says_is_kept_with_every_code() {
    const WORDS: &str = "Amount exceeds limit of VA ************5678";
    let scene = Scene::of(unsettled().env("RESOLVE_SCHEDULE", "10m")).await;
    for (http, code, status) in [
        (403, "4034702", 424),
        (400, "4004799", 424),
        (401, "4014700", 503),
        (429, "4294700", 503),
        (500, "5004700", 202),
        (202, "2024700", 202),
        (409, "4094701", 202),
        (404, "4044718", 202),
        (200, "01", 202),
        (500, "581000002", 202),
    ] {
        let fault = json!({"call": "qris_generate", "action": refusing(http, code)});
        scene.sandbox.fault(fault).await;
        let order = an_order("qris");
        let answer = scene.shop.create(&order).await.expect(status);
        scene.sandbox.heal().await;
        let begun = scene.shop.find(reference(&order)).await;
        let said = told(&scene, begun["id"].as_str().unwrap()).await;
        assert!(
            said.contains(code) && said.contains(WORDS),
            "{code}: {said}"
        );
        if status == 424 {
            let words = json!({"code": code, "message": WORDS});
            assert_eq!(answer.json["provider"], words);
        }
    }
    let log = scene.stack.home().join("log").join("gateway-api-1.log");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains(WORDS) && !log.contains("9882917212345678"));
    for (series, least) in [
        (
            "gateway_provider_unknown_codes_total{call=\"qris_create\"}",
            1,
        ),
        ("gateway_alarms_total{what=\"provider_configuration\"}", 2),
    ] {
        let seen = counted(&scene, "gateway-api-1", series).await;
        assert!(seen >= least, "{series} {seen}");
    }
}

#[actix_rt::test]
async fn a_refused_inquiry_is_told_with_the_providers_code() {
    let scene = Scene::of(unsettled()).await;
    let made = scene.shop.made(&an_order("qris")).await;
    let id = made["id"].as_str().unwrap();
    for (http, code, status) in [
        (403, "4035101", 424),
        (404, "4045116", 424),
        (400, "4005102", 424),
        (500, "5005100", 503),
    ] {
        let fault = json!({"call": "qris_query", "action": refusing(http, code)});
        scene.sandbox.fault(fault).await;
        let refused = until_asked(&scene, id).await;
        scene.sandbox.heal().await;
        assert_eq!(refused.status, status, "{code}: {}", refused.text());
        if status == 424 {
            let refused = refused.problem(424, "provider_rejected");
            assert_eq!(refused.json["provider"]["code"], code);
            assert_eq!(refused.json["order_id"], id);
        }
        let said = told(&scene, id).await;
        assert!(
            said.contains(code) && said.contains("************5678"),
            "{said}"
        );
        let order = scene.shop.order(id).await;
        assert_eq!(
            (&order["version"], &order["status"]),
            (&made["version"], &json!("pending"))
        );
    }
}

/// The answer to a sync that is not too soon after the last.
async fn until_asked(scene: &Scene, id: &str) -> Answer {
    let mut asked = None;
    until(WITHIN, "it may be asked again", async || {
        let answer = synced(scene, id).await;
        let taken = answer.status != 429;
        asked = Some(answer);
        taken
    })
    .await;
    asked.unwrap()
}

#[actix_rt::test]
async fn a_virtual_account_is_read_in_snaps_own_words() {
    let readings = "va_not_found_12,va_paid_bill_14,va_expired_19";
    let builder = unsettled().env("EXPIRY_GRACE_MS", "60000");
    let scene = Scene::of(builder.sandbox_env("SANDBOX_READINGS", readings)).await;

    // Never there: proven by two such answers, and sent again under its own name.
    let lost = json!({"call": "va_create", "times": 1, "action": "drop_before_effect"});
    scene.sandbox.fault(lost).await;
    let order = an_order("VIRTUAL_ACCOUNT_BNI");
    let lost = scene.shop.create(&order).await.expect(202).json;
    let resent = scene
        .shop
        .until(lost["id"].as_str().unwrap(), "it is sent again", |order| {
            order["payments"][0]["status"] == "pending"
        });
    assert_eq!(resent.await["payments"].as_array().unwrap().len(), 1);

    // Paid, its callback lost, and the inquiry does not say how much.
    scene
        .sandbox
        .fault(json!({"call": "callback", "action": "drop"}))
        .await;
    let paid = scene.shop.made(&an_order("VIRTUAL_ACCOUNT_BRI")).await;
    scene.sandbox.pay(&paid["payments"][0]).await;
    let review = synced(&scene, paid["id"].as_str().unwrap())
        .await
        .expect(200)
        .json;
    assert_eq!(review["status"], "review", "{review}");
    assert_eq!(review["payments"][0]["status"], "review", "{review}");

    // Over, by the provider's word, while our own grace still runs.
    let short = with(an_order("VIRTUAL_ACCOUNT_CIMB"), json!({"expires_in": 2}));
    let short = scene.shop.made(&short).await;
    let id = short["id"].as_str().unwrap();
    until(WITHIN, "it is expired", async || {
        let asked = until_asked(&scene, id).await.expect(200);
        asked.json["payments"][0]["status"] == "expired"
    })
    .await;
}

#[actix_rt::test]
async fn one_provider_reference_for_two_payments_is_told() {
    let builder = unsettled().sandbox_env("SANDBOX_READINGS", "one_reference");
    let scene = Scene::of(builder).await;
    let (one, two) = (
        scene.shop.made(&an_order("qris")).await,
        scene.shop.made(&an_order("VIRTUAL_ACCOUNT_BNI")).await,
    );
    for order in [&one, &two] {
        scene.sandbox.pay(&order["payments"][0]).await;
        let id = order["id"].as_str().unwrap();
        assert_eq!(
            scene.shop.order(id).await["status"],
            "paid",
            "each is booked for itself"
        );
    }
    let said = told(&scene, two["id"].as_str().unwrap()).await;
    assert!(said.contains("provider_reference_shared"), "{said}");
    assert!(
        !said.contains(one["payments"][0]["id"].as_str().unwrap()),
        "{said}"
    );
    until(Duration::from_secs(60), "the worker tells it", async || {
        counted(
            &scene,
            "callback-worker-1",
            "gateway_provider_reference_shared",
        )
        .await
            == 1
    })
    .await;
}
