//! Every variable, malformed, is named; and all of them at once.

use settings::{ApiSettings, CtlSettings, Env, WorkerSettings};

use crate::support::{env, keys};

const API: u8 = 1;
const WORKER: u8 = 2;
const CTL: u8 = 4;
const ALL: u8 = API | WORKER | CTL;

/// Variable, malformed values, and who reads it.
const MALFORMED: &[(&str, &[&str], u8)] = &[
    ("DATABASE_URL", &["localhost", "mysql://u:p@h/db"], ALL),
    ("REDIS_URL", &["localhost:6379", "http://h"], ALL),
    (
        "AYOLINX_BASE_URL",
        &[
            "sandbox",
            "ftp://127.0.0.1",
            "https://h/path",
            "http://10.0.0.1",
        ],
        ALL,
    ),
    ("AYOLINX_ALLOW_HTTP", &["yes", "1"], ALL),
    ("AYOLINX_CLIENT_ID", &["   ", "CK\u{e9}", "CK\n1"], ALL),
    (
        "AYOLINX_CLIENT_SECRET",
        &["   ", "-----BEGIN PUBLIC KEY-----"],
        ALL,
    ),
    ("AYOLINX_CLIENT_SECRET_PREVIOUS", &["   "], ALL),
    (
        "AYOLINX_CHANNEL_ID",
        &["H2H001", "H 2", " H2H", "H-H", "é"],
        ALL,
    ),
    (
        "AYOLINX_PRIVATE_KEY_FILE",
        &["/does/not/exist", "<public>"],
        ALL,
    ),
    (
        "AYOLINX_PRIVATE_KEY_PREVIOUS_FILE",
        &["/does/not/exist", "<public>"],
        ALL,
    ),
    (
        "AYOLINX_PUBLIC_KEY_FILES",
        &["/does/not/exist", "<public>,,<public>", "<private>"],
        WORKER | CTL,
    ),
    ("AYOLINX_SNAP_CLIENT_KEYS", &["a,,b"], WORKER),
    (
        "AYOLINX_CHANNELS_FILE",
        &["/does/not/exist", "<public>"],
        ALL,
    ),
    ("AYOLINX_JSON_STYLE", &["PHP", "pretty"], ALL),
    ("AYOLINX_SEND_NOTIFICATION_URL", &["never"], API | WORKER),
    (
        "CALLBACK_PUBLIC_URL",
        &["callback.example", "https://h/callbacks"],
        API | WORKER,
    ),
    (
        "CHECKOUT_PUBLIC_URL",
        &["pay.example", "https://h/pay", "https://u@h"],
        ALL,
    ),
    (
        "WEBHOOK_ALLOWED_HOSTS",
        &["a b", "http://shop", "shop:99999", "a,,b"],
        ALL,
    ),
    (
        "WEBHOOK_ALLOWED_NETWORKS",
        &["10.0.0.0", "8.8.8.0/24", "10.0.0.0/8:x"],
        ALL,
    ),
    ("API_KEY_PEPPER", &["a,,b"], API | CTL),
    ("ENCRYPTION_KEYS", &["a,,b", ","], ALL),
    (
        "TRUSTED_PROXIES",
        &["10.0.0.1", "proxy", "10.0.0.0/8,,"],
        ALL,
    ),
    ("API_RATE_LIMIT", &["-1", "many", "1.5"], API),
    ("LOG_FORMAT", &["xml"], ALL),
    ("RUST_LOG", &["a=b=c"], ALL),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", &["collector:4317"], ALL),
    (
        "GATEWAY_BIND",
        &["8080", "localhost:8080", "127.0.0.1", "OFF", "off:8080"],
        API,
    ),
    ("CHECKOUT_BIND", &["8082"], API),
    ("CONSOLE_BIND", &["8083"], API),
    ("GATEWAY_OPS_BIND", &["9080"], API),
    ("CALLBACK_BIND", &["8081"], WORKER),
    ("WORKER_OPS_BIND", &["9081"], WORKER),
    ("PROVIDER_TIMEOUT_MS", &["25s", "0", "-1"], ALL),
    ("CREATE_REPLY_MS", &["8s"], ALL),
    ("RESOLVE_SCHEDULE", &["2s,1s", "2", "2s,,3s"], ALL),
    ("INQUIRY_SCHEDULE", &["15s,15s", "soon"], ALL),
    ("EXPIRY_GRACE_MS", &["5m"], ALL),
    ("SWEEP_INTERVAL_MS", &["0"], ALL),
    ("WEBHOOK_SCHEDULE", &["now", "0s,,5s"], ALL),
    ("WEBHOOK_TIMEOUT_MS", &["15s"], ALL),
    ("LEASE_MS", &["30s", "29999"], ALL),
    ("DB_DEADLINE_MS", &["2.5"], ALL),
    (
        "HISTORY_RETENTION_MONTHS",
        &["11", "10y", "1201"],
        WORKER | CTL,
    ),
    ("INBOX_RETENTION_MONTHS", &["1", "-1"], WORKER | CTL),
    ("OUTBOX_RETENTION_MONTHS", &["0", "3m"], WORKER | CTL),
    ("PAYER_RETENTION_MONTHS", &["0", "1", "3m"], WORKER | CTL),
    (
        "CREATION_RETENTION_DAYS",
        &["0", "29", "30d", "40000"],
        WORKER | CTL,
    ),
    ("SHUTDOWN_DELAY_MS", &["5s"], ALL),
    ("SHUTDOWN_GRACE_MS", &["forever"], ALL),
    ("ORDER_DEFAULT_EXPIRY", &["1 day", "500ms"], ALL),
];

fn real(value: &str) -> String {
    value
        .replace("<public>", &keys().path("public.pem"))
        .replace("<private>", &keys().path("private.pem"))
}

fn refusals(env: &Env) -> [(u8, Option<settings::Problems>); 3] {
    [
        (API, ApiSettings::from_env(env).err()),
        (WORKER, WorkerSettings::from_env(env).err()),
        (CTL, CtlSettings::from_env(env).err()),
    ]
}

#[test]
fn a_malformed_value_stops_the_start_and_is_named() {
    for (variable, values, readers) in MALFORMED {
        for value in *values {
            for (program, problems) in refusals(&env(&[(variable, &real(value))])) {
                if readers & program != 0 {
                    let problems = problems.unwrap_or_else(|| {
                        panic!("{variable}={value:?} was accepted by {program}")
                    });
                    assert!(problems.names(variable), "{variable}={value:?}: {problems}");
                }
            }
        }
    }
}

#[test]
fn all_malformed_values_are_reported_at_once() {
    let worst: Vec<(&str, String)> = MALFORMED
        .iter()
        .map(|(variable, values, _)| (*variable, real(values[0])))
        .collect();
    let pairs: Vec<(&str, &str)> = worst.iter().map(|(n, v)| (*n, v.as_str())).collect();
    for (program, problems) in refusals(&env(&pairs)) {
        let problems = problems.unwrap();
        for (variable, _, readers) in MALFORMED {
            let named = problems.names(variable) || readers & program == 0;
            assert!(named, "{variable} is not among: {problems}");
        }
    }
}

#[test]
fn every_variable_that_is_read_is_tried_malformed() {
    for variable in settings::variables() {
        let tried = MALFORMED.iter().any(|(name, ..)| *name == variable);
        assert!(tried, "{variable}");
    }
}

/// Ids and secrets, and who reads them.
const UNSEEN_ENDS: [(&str, u8); 8] = [
    ("DATABASE_URL", ALL),
    ("REDIS_URL", ALL),
    ("AYOLINX_CLIENT_ID", ALL),
    ("AYOLINX_CLIENT_SECRET", ALL),
    ("AYOLINX_CLIENT_SECRET_PREVIOUS", ALL),
    ("AYOLINX_SNAP_CLIENT_KEYS", WORKER),
    ("API_KEY_PEPPER", API | CTL),
    ("ENCRYPTION_KEYS", ALL),
];

fn whole(variable: &str) -> &'static str {
    match variable {
        "DATABASE_URL" => "postgres://127.0.0.1/gateway",
        "REDIS_URL" => "redis://127.0.0.1",
        _ => "a-value-that-is-long-enough-for-any-key-0123456789",
    }
}

#[test]
fn what_is_not_seen_around_an_id_or_secret_stops_the_start() {
    let unseen = [
        " ", "\t", "\n\n", "\r", "\u{a0}", "\u{3000}", "\u{feff}", "\u{200b}",
    ];
    for (variable, readers) in UNSEEN_ENDS {
        for unseen in unseen {
            let value = whole(variable);
            for value in [format!("{value}{unseen}"), format!("{unseen}{value}")] {
                let given = env(&[(variable, &value)]);
                for (program, problems) in refusals(&given) {
                    let named = problems.is_some_and(|problems| problems.names(variable));
                    assert_eq!(named, readers & program != 0, "{variable}={value:?}");
                }
            }
        }
    }
}

#[test]
fn one_line_break_at_the_end_is_no_part_of_any_value() {
    let plain = env(&[]);
    for variable in settings::variables() {
        for end in ["\n", "\r\n"] {
            let Some(value) = plain.reader().optional(&variable) else {
                continue;
            };
            let broken = env(&[(&variable, &format!("{value}{end}"))]);
            assert_eq!(broken.reader().optional(&variable), Some(value));
            for (program, problems) in refusals(&broken) {
                assert!(problems.is_none(), "{variable} for {program}: {problems:?}");
            }
        }
        let empty = env(&[(&variable, "\n")]);
        assert!(!empty.reader().is_set(&variable), "{variable}");
    }
}

#[test]
fn secrets_are_not_repeated_in_messages() {
    let env = env(&[
        ("DATABASE_URL", "mysql://u:hush-1@h/db"),
        ("REDIS_URL", "http://:hush-2@h"),
        ("AYOLINX_CLIENT_SECRET", "-----BEGIN hush-3"),
        ("API_KEY_PEPPER", "hush-4,,hush-5"),
        ("ENCRYPTION_KEYS", "hush-6,"),
    ]);
    let text = ApiSettings::from_env(&env).unwrap_err().to_string();
    assert!(!text.contains("hush"), "{text}");
}

#[test]
fn a_secret_and_its_file_exclude_each_other() {
    let path = keys().path("public.pem");
    for name in [
        "DATABASE_URL",
        "REDIS_URL",
        "AYOLINX_CLIENT_SECRET",
        "API_KEY_PEPPER",
        "ENCRYPTION_KEYS",
    ] {
        let file = format!("{name}_FILE");
        let env = env(&[(name, "redis://x"), (&file, &path)]);
        let problems = ApiSettings::from_env(&env).unwrap_err();
        assert!(problems.names(name), "{name}: {problems}");
        assert!(CtlSettings::from_env(&env).is_err(), "{name}");
    }
}

#[test]
fn unknown_variables_are_ignored() {
    let env = env(&[
        ("GATEWAY_API_SERVICE_HOST", "10.0.0.1"),
        ("API_RATELIMIT", "x"),
    ]);
    assert!(ApiSettings::from_env(&env).is_ok());
}
