//! An environment that is complete, to change one thing in.

use std::{path::Path, sync::OnceLock};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use settings::{ApiSettings, CtlSettings, Env, Problems, WorkerSettings};
use tempfile::TempDir;

pub(crate) struct Keys {
    folder: TempDir,
}

impl Keys {
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A key pair in `private.pem` and `public.pem`, made once.
pub(crate) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
        let write = |name: &str, label: &str, der: &[u8]| {
            let body = STANDARD.encode(der);
            let pem = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
            std::fs::write(folder.path().join(name), pem).unwrap();
        };
        write("private.pem", "PRIVATE KEY", private.as_ref());
        write("public.pem", "PUBLIC KEY", public.as_ref());
        Keys { folder }
    })
}

/// A complete environment on loopback, with these variables set besides; an empty one unsets.
pub(crate) fn env(changes: &[(&str, &str)]) -> Env {
    let complete = [
        (
            "DATABASE_URL",
            "postgres://u:db-password@127.0.0.1:5432/gateway",
        ),
        ("AYOLINX_BASE_URL", "http://127.0.0.1:8090"),
        ("AYOLINX_CLIENT_ID", "CK-test"),
        ("AYOLINX_CLIENT_SECRET", "client-secret-value"),
        ("AYOLINX_PRIVATE_KEY_FILE", &keys().path("private.pem")),
        ("AYOLINX_PUBLIC_KEY_FILES", &keys().path("public.pem")),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let changes = changes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Env::from_pairs(complete.into_iter().chain(changes))
}

/// The variables that production needs besides.
pub(crate) const PRODUCTION: [(&str, &str); 5] = [
    ("AYOLINX_BASE_URL", "https://openapi.ayolinx.id"),
    ("CALLBACK_PUBLIC_URL", "https://callback.example.co.id"),
    ("CHECKOUT_PUBLIC_URL", "https://pay.example.co.id"),
    ("API_KEY_PEPPER", "0123456789abcdef0123456789abcdef"),
    ("ENCRYPTION_KEYS", "fedcba9876543210fedcba9876543210"),
];

/// Production with one variable changed.
pub(crate) fn production(name: &str, value: &str) -> Env {
    let mut all = PRODUCTION.to_vec();
    all.push((name, value));
    env(&all)
}

pub(crate) fn api(changes: &[(&str, &str)]) -> ApiSettings {
    ApiSettings::from_env(&env(changes)).unwrap()
}

pub(crate) fn worker(changes: &[(&str, &str)]) -> WorkerSettings {
    WorkerSettings::from_env(&env(changes)).unwrap()
}

pub(crate) fn ctl(changes: &[(&str, &str)]) -> CtlSettings {
    CtlSettings::from_env(&env(changes)).unwrap()
}

/// What is wrong with this environment for the API.
#[track_caller]
pub(crate) fn api_problems(env: &Env) -> Problems {
    ApiSettings::from_env(env).expect_err("the API should refuse this")
}

/// The API refuses exactly this variable.
#[track_caller]
pub(crate) fn api_refuses(env: &Env, variable: &str) {
    let problems = api_problems(env);
    let names: Vec<_> = problems.iter().map(|problem| problem.variable()).collect();
    assert_eq!(names, [variable], "{problems}");
}
