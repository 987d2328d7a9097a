//! The API describes itself, to people and to programs, without a key.

use crate::support::{Http, shared};

#[actix_rt::test]
async fn to_anybody_who_asks() {
    let (http, api) = (Http::new(), shared().api_url(0));
    let openapi = http
        .get(&format!("{api}/openapi.json"))
        .await
        .expect(200)
        .json;
    assert!(
        openapi["openapi"].as_str().unwrap().starts_with("3.1"),
        "{openapi}"
    );
    let paths = openapi["paths"].as_object().unwrap();
    for path in ["/v1/orders", "/v1/orders/{id}", "/v1/orders/{id}/cancel"] {
        assert!(paths.contains_key(path), "{path}");
    }
    let docs = http.get(&format!("{api}/docs")).await.expect(200);
    assert!(docs.text().contains("/docs/static/docs.css"));
    http.get(&format!("{api}/docs/static/docs.css"))
        .await
        .expect(200);
    http.get(&format!("{api}/docs/static/nothing.css"))
        .await
        .problem(404, "not_found");

    // Every problem's type leads to a section about it.
    let errors = http
        .get(&format!("{api}/docs/errors"))
        .await
        .expect(200)
        .text();
    for code in [
        "provider_rejected",
        "storage_unavailable",
        "reference_exists",
        "not_found",
    ] {
        assert!(errors.contains(&format!("id=\"{code}\"")), "{code}");
    }
}
