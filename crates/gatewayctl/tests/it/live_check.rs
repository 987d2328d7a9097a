//! `live-check` against the stand-in provider, told to behave in each of the ways that are in question.

use std::path::PathBuf;
use std::sync::OnceLock;

use ayolinx_sandbox::Reading::{self, *};
use ayolinx_sandbox::{
    BodySpelling, CallbackMode, Readings, RunningSandbox, SandboxSettings, start,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::live_readings::{AS_WE_READ, OTHERWISE};
use crate::rig::{Ctl, Ran};

fn key_dir() -> PathBuf {
    static KEYS: OnceLock<TempDir> = OnceLock::new();
    let made = KEYS.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        started(folder.path().into(), |_settings| {}).stop();
        folder
    });
    made.path().into()
}

fn started(keys: PathBuf, change: impl FnOnce(&mut SandboxSettings)) -> RunningSandbox {
    let nowhere = "http://127.0.0.1:1".parse().unwrap();
    let mut settings = SandboxSettings::development(keys, nowhere);
    settings.time_scale = 600;
    change(&mut settings);
    start(settings).unwrap()
}

fn provider(readings: &[Reading], change: impl FnOnce(&mut SandboxSettings)) -> RunningSandbox {
    started(key_dir(), |settings| {
        settings.readings = Readings::of(readings);
        change(settings);
    })
}

fn ctl(sandbox: &RunningSandbox) -> Ctl {
    let file = |name: &str| key_dir().join(name).to_str().unwrap().to_owned();
    Ctl::nowhere()
        .with("AYOLINX_BASE_URL", sandbox.base_url())
        .with("AYOLINX_CLIENT_ID", "CKSandbox-development-only")
        .with("AYOLINX_CLIENT_SECRET", "SKSandbox-development-only")
        .with("AYOLINX_PRIVATE_KEY_FILE", file("merchant_private.pem"))
        .with("AYOLINX_PUBLIC_KEY_FILES", file("provider_public.pem"))
}

const WITH_CALLBACKS: [&str; 9] = [
    "live-check",
    "--json",
    "--listen=127.0.0.1:0",
    "--wait",
    "60s",
    "--expire-after",
    "10s",
    "--repeat-wait",
    "60s",
];

/// What the report says of a topic: its verdict and its reading.
#[track_caller]
fn said(report: &Value, topic: &str) -> (String, String) {
    let all = report["findings"].as_array().unwrap();
    let found = all.iter().find(|one| one["topic"] == topic);
    let found = found.unwrap_or_else(|| panic!("{topic}: {report:#}"));
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    (text("verdict"), text("reading"))
}

#[track_caller]
fn says(report: &Value, expected: &[(&str, &str, &str)]) {
    for (topic, verdict, reading) in expected {
        let (found, text) = said(report, topic);
        assert!(
            found == *verdict && text.contains(reading),
            "{topic}: {found}, {text}; expected {verdict}, {reading}\n{report:#}"
        );
    }
}

#[track_caller]
fn nothing_secret(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        for secret in ["SKSandbox", "sandbox.", "Bearer "] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[test]
fn a_provider_as_we_read_it_needs_no_change() {
    let sandbox = provider(&[], |_settings| {});
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("report.md");
    let more = ["--report", file.to_str().unwrap()];
    let ran = ctl(&sandbox)
        .run(&[&WITH_CALLBACKS[..], &more].concat())
        .ok();
    nothing_secret(&ran);
    says(&ran.json(), AS_WE_READ);
    let markdown = std::fs::read_to_string(file).unwrap();
    assert!(
        markdown.contains("## Decided, and right as it is set"),
        "{markdown}"
    );
    assert!(markdown.contains("| 3 | spelling of bodies"), "{markdown}");
}

#[test]
fn a_provider_that_calls_and_answers_otherwise_is_recognised() {
    let readings = [
        RetailTwoDigits,
        RouteDocumented,
        TimestampsAny,
        ExternalIdAny,
        ExternalIdAgain,
        AmountsNumbers,
        EwalletIso,
        QrExpiryIso,
        QrExtras,
        RetailSnapCode,
        QrisReply51,
        LinkEchoesOurs,
        LinkExpiryRight,
        BriPrefix15573,
        ExpiredIs05,
        OneToken,
        ExpiresInNumber,
        RefusalsHttp200,
        DuplicateAnswered,
        VaInquirySnap,
        NotFoundIs07,
    ];
    let sandbox = provider(&readings, |settings| {
        settings.body_spelling = BodySpelling::Php;
    });
    let ran = ctl(&sandbox).run(&WITH_CALLBACKS).failed(1);
    nothing_secret(&ran);
    let report = ran.json();
    says(&report, OTHERWISE);
    let all = report["findings"].as_array().unwrap();
    let bri = all.iter().find(|one| one["item"] == "28").unwrap();
    assert_eq!(bri["verdict"], "change", "{bri:#}");
    let wanted = r#"[VIRTUAL_ACCOUNT_BRI] partner_service_id = "15573""#;
    assert_eq!(bri["setting"]["wanted"], wanted);
    let snap = "SNAP's virtualAccountData";
    assert!(
        all.iter()
            .any(|one| one["reading"].as_str().unwrap().contains(snap)),
        "{report:#}"
    );
}

#[test]
fn snap_callbacks_as_we_read_them_are_right() {
    let sandbox = provider(&[], |settings| {
        settings.callback_mode = CallbackMode::Snap;
        settings.body_spelling = BodySpelling::Plain;
    });
    let ctl = ctl(&sandbox).with("AYOLINX_JSON_STYLE", "plain");
    let report = ctl.run(&WITH_CALLBACKS).ok().json();
    says(
        &report,
        &[
            ("spelling of bodies that are hashed", "right", "plain"),
            ("hash of SNAP callbacks", "right", "HMAC-SHA512"),
            (
                "string of SNAP callbacks",
                "right",
                "POST:route:token:hash:time",
            ),
            (
                "token with the notice of QRIS",
                "right",
                "a token; signed as kind E",
            ),
            (
                "X-CLIENT-KEY the provider uses toward us",
                "right",
                "our client id",
            ),
            (
                "signature of its token request",
                "right",
                "X-CLIENT-KEY | X-TIMESTAMP",
            ),
            ("grantType of its token request", "right", "grant_type"),
            ("the provider's public key", "right", "of the token request"),
        ],
    );
}

#[test]
fn snap_callbacks_under_another_hash_are_recognised() {
    let readings = [
        RouteWithoutQuery,
        SnapSha256,
        QrisSnapBare,
        LeanCallbacks,
        TimestampsJakarta,
        SkewOneMinute,
        ReplyByHttp,
    ];
    let sandbox = provider(&readings, |settings| {
        settings.callback_mode = CallbackMode::Snap;
        settings.body_spelling = BodySpelling::Plain;
        "CK-of-theirs".clone_into(&mut settings.snap_client_key);
    });
    let mut asked = WITH_CALLBACKS;
    asked[8] = "2s";
    let report = ctl(&sandbox).run(&asked).failed(1).json();
    says(
        &report,
        &[
            (
                "spelling of bodies that are hashed",
                "change",
                "a plain re-serialisation",
            ),
            ("spelling of X-TIMESTAMP", "right", "taken: +07:00;"),
            (
                "how far clocks may be apart",
                "right",
                "30 s behind and 30 s ahead",
            ),
            ("route with a query", "right", "the path of the URL"),
            ("hash of SNAP callbacks", "unfit", "HMAC-SHA256"),
            ("token with the notice of QRIS", "right", "no token"),
            (
                "X-CLIENT-KEY the provider uses toward us",
                "change",
                "CK-of-theirs",
            ),
            (
                "what counts as a failed callback",
                "right",
                "HTTP 200 alone",
            ),
            (
                "members missing in QRIS callbacks",
                "right",
                "amount, finishedTime, channel",
            ),
        ],
    );
    let all = report["findings"].as_array().unwrap();
    let setting = |name: &str| {
        let found = all.iter().find(|one| one["setting"]["name"] == name);
        found.unwrap()["setting"].clone()
    };
    let style = setting("AYOLINX_JSON_STYLE");
    assert_eq!(
        (&style["current"], &style["wanted"]),
        (&"php".into(), &"plain".into())
    );
    assert_eq!(
        setting("AYOLINX_SNAP_CLIENT_KEYS")["wanted"],
        "CK-of-theirs"
    );
}

#[test]
fn other_strings_and_the_portals_url_are_recognised() {
    let readings = [SnapStringWithoutToken, PortalUrl, CallbackBodyPhp];
    let sandbox = provider(&readings, |settings| {
        settings.callback_mode = CallbackMode::Snap;
    });
    let ran = ctl(&sandbox).run(&WITH_CALLBACKS).failed(1);
    says(
        &ran.json(),
        &[
            ("string of SNAP callbacks", "unfit", "without the token"),
            (
                "callback URL: the request's or the portal's",
                "right",
                "the portal's",
            ),
            (
                "spelling of callback bodies that are hashed",
                "unfit",
                "PHP's json_encode",
            ),
            ("route with a query", "open", "the query did not come back"),
        ],
    );
}

#[test]
fn a_token_that_wants_the_secret_signed_is_recognised() {
    let sandbox = provider(&[TokenSignsSecret], |_settings| {});
    let ran = ctl(&sandbox).run(&["live-check", "--json"]).failed(1);
    nothing_secret(&ran);
    let topic = "left part of the token's string";
    says(&ran.json(), &[(topic, "unfit", "the client secret")]);
}

#[test]
fn production_is_refused_and_what_is_missing_is_said() {
    let sandbox = provider(&[], |_settings| {});
    let production = ctl(&sandbox)
        .with("AYOLINX_BASE_URL", "https://openapi.ayolinx.id")
        .with("CHECKOUT_PUBLIC_URL", "https://pay.example.co.id");
    let ran = production.run(&["live-check"]).failed(2);
    assert!(
        ran.stderr.contains("--i-know-this-is-production"),
        "{ran:?}"
    );

    let wrong = ctl(&sandbox).with("AYOLINX_CLIENT_SECRET", "SK-of-somebody-else");
    let ran = wrong.run(&["live-check"]).failed(2);
    assert!(ran.stderr.contains("AYOLINX_CLIENT_SECRET"), "{ran:?}");

    let ran = ctl(&sandbox)
        .run(&["live-check", "--expire-after", "10s"])
        .failed(2);
    assert!(ran.stdout.contains("Not decided (1)"), "{ran:?}");
    assert!(ran.stdout.contains("--listen"), "{ran:?}");
}

/// What doctor says of the client secret, set so.
fn doctor_of_secret(sandbox: &RunningSandbox, settings: &[(&str, &str)]) -> (String, String) {
    let mut ctl = ctl(sandbox);
    for (name, value) in settings {
        ctl = ctl.with(name, *value);
    }
    let report = ctl.run(&["doctor", "--json"]).json();
    let all = report["checks"].as_array().unwrap();
    let found = all.iter().find(|one| one["name"] == "client secret");
    let found = found.unwrap_or_else(|| panic!("{report:#}"));
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    (text("status"), text("found"))
}

#[test]
fn doctor_signs_a_call_with_the_client_secret() {
    let sandbox = provider(&[], |_settings| {});
    const RIGHT: &str = "SKSandbox-development-only";
    for value in [
        RIGHT,
        "SKSandbox-development-only\n",
        "SKSandbox-development-only\r\n",
    ] {
        let (status, found) = doctor_of_secret(&sandbox, &[("AYOLINX_CLIENT_SECRET", value)]);
        assert_eq!(status, "ok", "{value:?}: {found}");
    }
    let wrong = ("AYOLINX_CLIENT_SECRET", "SK-of-somebody-else");
    let (status, found) = doctor_of_secret(&sandbox, &[wrong]);
    assert!(
        status == "fail" && found.contains("401"),
        "{status} {found}"
    );
    let previous = ("AYOLINX_CLIENT_SECRET_PREVIOUS", RIGHT);
    let (status, found) = doctor_of_secret(&sandbox, &[wrong, previous]);
    assert!(
        status == "warn" && found.contains("PREVIOUS"),
        "{status} {found}"
    );
}
