//! What the provider hands us is looked at before anybody relies on it, and what it says is kept.

use std::path::PathBuf;

use devstack::StackBuilder;
use serde_json::{Value, json};

use crate::outcome_is_unknown::{Scene, unsettled};
use crate::support::{Http, an_order, unique};

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
async fn counted(scene: &Scene, program: &str, series: &str) -> u64 {
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
