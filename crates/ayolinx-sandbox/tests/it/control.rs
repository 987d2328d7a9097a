//! The control side: page, listing, reset, journal, and what keeps strangers out.

use ayolinx_sandbox::{SandboxSettings, StartError, start};
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::rig::*;

fn page(rig: &Rig) -> String {
    match rig.control("GET", "/", None) {
        Seen::Reply { status: 200, body } => body,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_page_lists_transactions_with_buttons_that_work_without_script() {
    let receiver = Receiver::new();
    let rig = Rig::with(receiver.origin(), |_settings| {});
    let reference = rig.open_qris(15_000, None);
    let html = page(&rig);
    for verb in ["pay", "fail", "cancel", "refund"] {
        assert!(html.contains(&format!(
            "action=\"/_sandbox/transactions/{reference}/{verb}\""
        )));
    }
    assert!(!html.contains("<script"));
    let form = [(
        "Content-Type",
        "application/x-www-form-urlencoded".to_owned(),
    )];
    let path = format!("/_sandbox/transactions/{reference}/pay");
    let seen = rig.send_raw(&path, &form, b"from=page");
    assert!(matches!(seen, Seen::Reply { status: 303, .. }), "{seen:?}");
    assert_eq!(receiver.all().len(), 1);
    assert!(page(&rig).contains(">paid<"));
}

#[test]
fn forms_of_other_sites_are_refused() {
    let rig = Rig::new();
    let reference = rig.open_qris(15_000, None);
    let headers = [("Origin", "https://evil.example".to_owned())];
    let path = format!("/_sandbox/transactions/{reference}/pay");
    rig.send_raw(&path, &headers, b"").json(403);
    rig.send_raw("/_sandbox/reset", &headers, b"").json(403);
    assert_eq!(rig.qris_status(&reference), "03");
}

#[test]
fn transactions_are_listed_newest_first_and_forgotten_on_reset() {
    let rig = Rig::new();
    let first = rig.open_qris(15_000, None);
    let second = rig.open_qris(16_000, None);
    let listed = rig.control("GET", "/transactions?limit=1", None).json(200);
    assert_eq!(listed["total"], 2);
    assert_eq!(listed["transactions"][0]["partnerReferenceNo"], second);
    assert_eq!(listed["transactions"].as_array().unwrap().len(), 1);
    rig.fault(&json!({"action": "drop_before_effect"}));
    rig.control("POST", "/reset", None).json(204);
    rig.control("GET", &format!("/transactions/{first}"), None)
        .json(404);
    assert_eq!(
        rig.call(QRIS_QUERY, &inquiry(&first, "BNC_QRIS")).code(),
        "4045101"
    );
}

#[test]
fn unknown_references_verbs_and_members_are_told() {
    let rig = Rig::new();
    let reference = rig.open_qris(15_000, None);
    let post = |path: &str, body: &Value| rig.control("POST", path, Some(body));
    post("/transactions/NOBODY/pay", &json!({})).json(404);
    post(&format!("/transactions/{reference}/steal"), &json!({})).json(404);
    let pay = format!("/transactions/{reference}/pay");
    for wrong in [
        json!({"amout": "1.00"}),
        json!({"amount": "1e4"}),
        json!({"status": "paid"}),
        json!({"mode": "both"}),
        json!({"channel": "BITCOIN"}),
    ] {
        assert!(post(&pay, &wrong).json(400)["error"].is_string(), "{wrong}");
    }
    assert_eq!(rig.qris_status(&reference), "03");
}

#[test]
fn health_and_the_public_key_are_served() {
    let rig = Rig::new();
    assert_eq!(
        rig.control("GET", "/health", None).json(200)["status"],
        "ok"
    );
    let seen = rig.control("GET", "/public-key", None);
    let file = std::fs::read_to_string(key_dir().join("provider_public.pem")).unwrap();
    assert_eq!(
        seen,
        Seen::Reply {
            status: 200,
            body: file
        }
    );
}

#[test]
fn the_journal_holds_calls_settlements_and_callbacks_in_order() {
    let receiver = Receiver::new();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let rig = Rig::with(receiver.origin(), |settings| {
        settings.journal = Some(path.clone())
    });
    let reference = rig.open_qris(15_000, None);
    rig.pay(&reference, &json!({}));
    rig.qris_status(&reference);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let events: Vec<String> = lines
        .iter()
        .map(|line| {
            format!(
                "{}:{}",
                line["event"].as_str().unwrap(),
                line["call"].as_str().unwrap_or("-")
            )
        })
        .collect();
    assert_eq!(
        events,
        [
            "call:token",
            "call:qris_generate",
            "settle:-",
            "callback:-",
            "call:qris_query"
        ]
    );
    assert_eq!(lines[3]["answer"]["responseCode"], "2005600");
    assert!(
        !text.contains(&rig.token),
        "tokens do not belong into a journal"
    );
}

#[test]
fn keys_are_made_once_with_a_private_mode() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let run = || {
        start(SandboxSettings::development(dir.path().into(), nowhere()))
            .unwrap()
            .stop()
    };
    run();
    let private = dir.path().join("provider_private.pem");
    let first = std::fs::read_to_string(&private).unwrap();
    assert_eq!(
        std::fs::metadata(&private).unwrap().permissions().mode() & 0o777,
        0o600
    );
    run();
    assert_eq!(std::fs::read_to_string(&private).unwrap(), first);
}

#[test]
fn a_taken_port_a_remote_bind_and_a_bad_key_stop_the_start() {
    let rig = Rig::new();
    let settings = |change: &dyn Fn(&mut SandboxSettings)| {
        let mut settings = SandboxSettings::development(key_dir(), nowhere());
        change(&mut settings);
        start(settings)
    };
    let taken = settings(&|settings| settings.bind = rig.sandbox.addr).unwrap_err();
    assert!(matches!(taken, StartError::Bind { .. }), "{taken}");
    let remote = settings(&|settings| settings.bind = "0.0.0.0:0".parse().unwrap()).unwrap_err();
    assert!(
        remote.to_string().contains("SANDBOX_ALLOW_REMOTE"),
        "{remote}"
    );
    let key =
        settings(&|settings| settings.merchant_public_key_pem = Some("no key".into())).unwrap_err();
    assert!(
        key.to_string().contains("SANDBOX_MERCHANT_PUBLIC_KEY_FILE"),
        "{key}"
    );
}

#[test]
fn a_stopped_sandbox_frees_its_port_at_once() {
    let rig = Rig::new();
    let addr = rig.sandbox.addr;
    rig.sandbox.stop();
    let mut settings = SandboxSettings::development(key_dir(), nowhere());
    settings.bind = addr;
    start(settings).unwrap().stop();
}

#[test]
fn one_account_takes_several_transfers_and_gives_back_of_each() {
    let receiver = Receiver::new();
    let rig = Rig::with(receiver.origin(), |_settings| {});
    let create = account(25_000);
    let reference = create["trxId"].as_str().unwrap().to_owned();
    rig.call("/v1.0/transfer-va/create-va", &create).json(200);
    let act = |verb: &str, body: &Value| {
        let path = format!("/transactions/{reference}/{verb}");
        rig.control("POST", &path, Some(body)).json(200)
    };
    act("pay", &json!({"transfer": "T1"}));
    act("pay", &json!({"transfer": "T2", "amount": "24000"}));
    act("refund", &json!({"transfer": "T1", "amount": "9000"}));
    let shown = act("refund", &json!({"transfer": "T1", "amount": "8000"}));
    let told = receiver.wait_for(4);
    assert_eq!(told[0].json()["originalReferenceNo"], "T1");
    assert_eq!(told[1].json()["originalReferenceNo"], "T2");
    assert_eq!(told[2].json()["originalReferenceNo"], "T1");
    assert_eq!(told[2].json()["amount"]["value"], "9000.00");
    let sums = &shown["transaction"]["transfers"];
    assert_eq!(sums[0]["transfer"], "T2");
    assert_eq!(sums[0]["returnedAmount"], Value::Null);
    assert_eq!(sums[1]["paidAmount"]["value"], "25000.00");
    assert_eq!(sums[1]["returnedAmount"]["value"], "9000.00");
}

#[test]
fn an_inquiry_about_what_went_back_tells_how_much_and_of_which_transfer() {
    let rig = Rig::new();
    let reference = rig.open_qris(15_000, None);
    let asked = || {
        let inquiry = inquiry(&reference, "BNC_QRIS");
        rig.call("/v1.0/qr/qr-mpm-query", &inquiry).json(200)
    };
    rig.pay(&reference, &json!({"callback": false, "transfer": "T1"}));
    assert_eq!(asked()["originalReferenceNo"], "T1");
    let path = format!("/transactions/{reference}/refund");
    let part = json!({"callback": false, "transfer": "T1", "amount": "5000"});
    rig.control("POST", &path, Some(&part)).json(200);
    assert_eq!(asked()["latestTransactionStatus"], "04");
    assert_eq!(asked()["amount"]["value"], "5000.00");
    let whole = json!({"callback": false});
    rig.control("POST", &path, Some(&whole)).json(200);
    assert_eq!(asked()["amount"]["value"], "15000.00");
}
