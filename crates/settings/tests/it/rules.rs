//! The rules between variables: production, plain http, development values, leases.

use ayolinx_core::channels::Environment;
use settings::{ApiSettings, CtlSettings, Env, WorkerSettings};

use crate::support::{PRODUCTION, api, api_refuses, ctl, env, keys, production};

#[test]
fn production_starts_with_everything_it_needs() {
    let api = api(&PRODUCTION);
    assert_eq!(api.provider.base_url.environment(), Environment::Production);
    assert_eq!(api.warnings.iter().count(), 0);
    assert!(WorkerSettings::from_env(&env(&PRODUCTION)).is_ok());
}

#[test]
fn production_needs_https_addresses_and_real_keys() {
    for (name, values) in [
        ("CALLBACK_PUBLIC_URL", ["", "http://callback.example.co.id"]),
        ("CHECKOUT_PUBLIC_URL", ["", "http://127.0.0.1:8082"]),
        ("API_KEY_PEPPER", ["", "short"]),
        (
            "ENCRYPTION_KEYS",
            ["", "0123456789abcdef0123456789abcdef,short"],
        ),
    ] {
        for value in values {
            api_refuses(&production(name, value), name);
        }
    }
}

#[test]
fn production_is_never_spoken_to_over_http() {
    let mut plain = PRODUCTION.to_vec();
    plain.push(("AYOLINX_BASE_URL", "http://openapi.ayolinx.id"));
    plain.push(("AYOLINX_ALLOW_HTTP", "true"));
    api_refuses(&env(&plain), "AYOLINX_BASE_URL");
}

#[test]
fn plain_http_to_another_machine_needs_permission() {
    let elsewhere = ("AYOLINX_BASE_URL", "http://sandbox.internal:8090");
    let keys = [("API_KEY_PEPPER", "p"), ("ENCRYPTION_KEYS", "e")];
    api_refuses(&env(&[elsewhere, keys[0], keys[1]]), "AYOLINX_BASE_URL");
    let allowed = [elsewhere, keys[0], keys[1], ("AYOLINX_ALLOW_HTTP", "true")];
    assert!(ApiSettings::from_env(&env(&allowed)).is_ok());
}

#[test]
fn development_values_are_for_this_machine_and_the_providers_sandbox() {
    let sandbox = ("AYOLINX_BASE_URL", "https://sandbox.ayolinx.id");
    assert_eq!(api(&[sandbox]).warnings.iter().count(), 2);
    for changed in [
        ("AYOLINX_BASE_URL", "https://sandbox.internal"),
        ("GATEWAY_BIND", "0.0.0.0:8080"),
        ("CHECKOUT_BIND", "10.0.0.1:8082"),
        ("CONSOLE_BIND", "[::]:8083"),
        ("GATEWAY_OPS_BIND", "0.0.0.0:9080"),
    ] {
        let problems = ApiSettings::from_env(&env(&[changed])).unwrap_err();
        let text = problems.to_string();
        assert!(
            problems.names("API_KEY_PEPPER") && problems.names("ENCRYPTION_KEYS"),
            "{text}"
        );
        assert!(text.contains(changed.0), "the reason is named: {text}");
    }
    for changed in [
        ("CALLBACK_BIND", "0.0.0.0:8081"),
        ("WORKER_OPS_BIND", "0.0.0.0:9081"),
    ] {
        let problems = WorkerSettings::from_env(&env(&[changed])).unwrap_err();
        assert!(problems.names("ENCRYPTION_KEYS"), "{problems}");
    }
}

#[test]
fn real_keys_allow_listening_anywhere() {
    let everywhere = [
        ("GATEWAY_BIND", "0.0.0.0:8080"),
        ("API_KEY_PEPPER", "p"),
        ("ENCRYPTION_KEYS", "e"),
    ];
    assert!(ApiSettings::from_env(&env(&everywhere)).is_ok());
}

#[test]
fn any_two_listeners_may_be_off_and_never_all_three() {
    let names = ["GATEWAY_BIND", "CHECKOUT_BIND", "CONSOLE_BIND"];
    for on in 0..8 {
        let is_off = |at: usize| on & (1 << at) == 0;
        let off = (0..3).filter(|at| is_off(*at));
        let set: Vec<_> = off.map(|at| (names[at], "off")).collect();
        let read = ApiSettings::from_env(&env(&set));
        if on == 0 {
            let problems = read.unwrap_err();
            assert!(problems.names("GATEWAY_BIND"), "{problems}");
            assert!(problems.to_string().contains("CONSOLE_BIND"), "{problems}");
            continue;
        }
        let api = read.unwrap();
        let of = &api.listeners;
        let found = [of.gateway, of.checkout, of.console].map(|one| one.is_none());
        assert_eq!(found, [0, 1, 2].map(is_off), "{set:?}");
        // Another process serves the pages.
        let pages = api.urls.checkout.as_str();
        assert_eq!(pages, "http://127.0.0.1:8082", "{set:?}");
    }
}

#[test]
fn what_is_off_reaches_nobody_and_needs_no_real_keys() {
    let off = [("CHECKOUT_BIND", "off"), ("CONSOLE_BIND", "off")];
    assert_eq!(
        api(&off).warnings.iter().count(),
        api(&[]).warnings.iter().count()
    );
    let open = [("GATEWAY_BIND", "0.0.0.0:8080"), ("CHECKOUT_BIND", "off")];
    assert!(ApiSettings::from_env(&env(&open)).is_err());
}

#[test]
fn gatewayctl_uses_development_values_with_a_database_on_this_machine_only() {
    for (database, allowed) in [
        ("postgres://u@127.0.0.1/db", true),
        ("postgres:///db?host=/run/postgresql", true),
        ("postgres://u@db.internal/db", false),
    ] {
        let ctl = ctl(&[("DATABASE_URL", database)]);
        assert_eq!(ctl.peppers().is_ok(), allowed, "{database}");
        assert_eq!(ctl.encryption_keys().is_ok(), allowed, "{database}");
    }
    let elsewhere = ctl(&[("AYOLINX_BASE_URL", "https://sandbox.internal")]);
    assert!(elsewhere.peppers().unwrap_err().names("API_KEY_PEPPER"));
}

#[test]
fn the_three_programs_use_the_same_development_values() {
    let (api, ctl) = (api(&[]), ctl(&[]));
    let of_ctl = ctl.peppers().unwrap().all()[0].expose();
    assert_eq!(api.peppers.all()[0].expose(), of_ctl);
}

#[test]
fn a_lease_outlasts_the_provider_call_by_five_seconds() {
    let fits = [("PROVIDER_TIMEOUT_MS", "1000"), ("LEASE_MS", "6000")];
    assert!(ApiSettings::from_env(&env(&fits)).is_ok());
    let short = [("PROVIDER_TIMEOUT_MS", "1000"), ("LEASE_MS", "5999")];
    api_refuses(&env(&short), "LEASE_MS");
}

#[test]
fn built_in_bank_prefixes_are_not_for_production() {
    let prefix = |api: &ApiSettings, code: &str| {
        let channel = api.shared.channels.get(code).unwrap();
        channel.partner_service_id.is_some()
    };
    let codes: Vec<String> = api(&[])
        .shared
        .channels
        .iter()
        .filter(|channel| channel.partner_service_id.is_some())
        .map(|channel| channel.code.clone())
        .collect();
    assert!(!codes.is_empty());
    let production = api(&PRODUCTION);
    assert!(
        codes.iter().all(|code| !prefix(&production, code)),
        "{codes:?}"
    );
}

#[test]
fn zero_turns_the_rate_limit_off() {
    assert_eq!(api(&[("API_RATE_LIMIT", "0")]).rate_limit, None);
}

#[test]
fn required_variables_are_all_named_when_nothing_is_set() {
    let nothing = Env::from_pairs::<String, String>([]);
    let problems = WorkerSettings::from_env(&nothing).unwrap_err();
    for name in [
        "DATABASE_URL",
        "AYOLINX_BASE_URL",
        "AYOLINX_CLIENT_ID",
        "AYOLINX_CLIENT_SECRET",
        "AYOLINX_PRIVATE_KEY_FILE",
        "AYOLINX_PUBLIC_KEY_FILES",
    ] {
        assert!(problems.names(name), "{name} is not among: {problems}");
    }
    let ctl = CtlSettings::from_env(&nothing).unwrap();
    assert!(ctl.database().unwrap_err().names("DATABASE_URL"));
}

#[test]
fn several_provider_keys_are_read() {
    let both = format!("{0},{0}", keys().folder().join("public.pem").display());
    let env = env(&[("AYOLINX_PUBLIC_KEY_FILES", &both)]);
    let worker = WorkerSettings::from_env(&env).unwrap();
    assert_eq!(worker.provider_public_keys.all().len(), 2);
}
