//! Two values of a secret at once: what is there only while one takes the other's place.

use crate::support::{api, api_refuses, env, keys, worker};

fn file(name: &str, text: &str) -> String {
    let path = keys().folder().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_empty_file_of_a_previous_secret_counts_as_absent() {
    let empty = file("empty", "\n");
    let provider = api(&[
        ("AYOLINX_CLIENT_SECRET_PREVIOUS_FILE", &empty),
        ("AYOLINX_PRIVATE_KEY_PREVIOUS_FILE", &empty),
    ])
    .provider;
    assert!(provider.client_secret_previous.is_none());
    assert!(provider.signing_key_previous.is_none());
    let current = [
        ("AYOLINX_CLIENT_SECRET", ""),
        ("AYOLINX_CLIENT_SECRET_FILE", &empty),
    ];
    api_refuses(&env(&current), "AYOLINX_CLIENT_SECRET_FILE");
}

#[test]
fn a_previous_secret_that_is_there_is_read_like_the_current_one() {
    let (secret, key) = (file("secret", "old\n"), keys().path("private.pem"));
    let provider = api(&[
        ("AYOLINX_CLIENT_SECRET_PREVIOUS_FILE", &secret),
        ("AYOLINX_PRIVATE_KEY_PREVIOUS_FILE", &key),
    ])
    .provider;
    assert!(provider.client_secret_previous.is_some());
    assert!(provider.signing_key_previous.is_some());
    let name = "AYOLINX_PRIVATE_KEY_PREVIOUS_FILE";
    api_refuses(&env(&[(name, &secret)]), name);
    api_refuses(&env(&[(name, "/no/such/file")]), name);
}

#[test]
fn a_file_may_hold_several_keys_of_the_provider() {
    let pem = std::fs::read_to_string(keys().path("public.pem")).unwrap();
    let both = file("both.pem", &format!("{pem}{pem}"));
    let keys = worker(&[("AYOLINX_PUBLIC_KEY_FILES", &both)]).provider_public_keys;
    assert_eq!(keys.all().len(), 2);
}

#[test]
fn a_list_has_sixteen_entries_at_most() {
    for name in ["API_KEY_PEPPER", "ENCRYPTION_KEYS"] {
        let list = |count: usize| vec!["entry"; count].join(",");
        api(&[(name, &list(16))]);
        api_refuses(&env(&[(name, &list(17))]), name);
    }
}
