//! Each call needs the scopes that the description names: any of them will do, no other does.

use serde_json::Value;

use crate::service::service;

const SCOPES: [&str; 4] = ["orders", "refunds", "webhooks", "read"];
const NOBODYS: &str = "00000000000000000000000000000000";

/// The verb, the path with an id that is nobody's, and the scopes of every call that needs a key.
fn calls() -> Vec<(String, String, Vec<String>)> {
    let document: Value =
        serde_json::from_str(gateway_api::documents::openapi::document_text()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (verb, call) in item.as_object().unwrap() {
            let Some(needs) = call["security"].as_array() else {
                continue;
            };
            let scopes = needs.iter().map(|one| one["api_key"][0].as_str().unwrap());
            let prefix = match path.split('/').nth(2).unwrap() {
                "orders" => "ord_",
                "events" => "evt_",
                "refunds" => "rfd_",
                _ => "whe_",
            };
            found.push((
                verb.to_uppercase(),
                path.replace("{id}", &format!("{prefix}{NOBODYS}")),
                scopes.map(str::to_owned).collect(),
            ));
        }
    }
    found
}

#[test]
fn a_key_may_do_what_its_scope_says_and_nothing_else() {
    let calls = calls();
    assert!(calls.len() > 20, "{calls:?}");
    let merchant = service().shop().merchant;
    for scope in SCOPES {
        let shop = service().key_of(merchant, &[scope]);
        for (verb, path, scopes) in &calls {
            let body = if matches!(verb.as_str(), "POST" | "PATCH") {
                r#"{"nothing":1}"#
            } else {
                ""
            };
            let reply = shop.call(verb, path, &[], body);
            let is_allowed = scopes.iter().any(|known| known == scope);
            assert_eq!(
                reply.status != 403,
                is_allowed,
                "{scope}: {verb} {path} {reply:?}"
            );
            assert!(
                reply.status != 401 && reply.status < 500,
                "{verb} {path} {reply:?}"
            );
        }
    }
}
