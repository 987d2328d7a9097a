//! The sandbox's control side: payers, faults, and what the provider has on record.

use devstack::Stack;
use serde_json::{Value, json};

use super::http::{Answer, Http};

/// The control side. Belongs to the thread that made it.
#[derive(Clone)]
pub(crate) struct Sandbox {
    http: Http,
    url: String,
}

impl Sandbox {
    pub(crate) fn of(stack: &Stack) -> Self {
        Self::at(&stack.sandbox_url())
    }

    pub(crate) fn at(url: &str) -> Self {
        Self {
            http: Http::new(),
            url: format!("{url}/_sandbox"),
        }
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let url = format!("{}{path}", self.url);
        let headers = [("content-type", "application/json")];
        let bytes = body.to_string().into_bytes();
        self.http.send(method, &url, &headers, bytes).await
    }

    /// Pays, and returns what became of the callback (see [`Sandbox::settle`]).
    pub(crate) async fn pay(&self, payment: &Value) -> Value {
        self.settle(payment, "pay", json!({})).await
    }

    /// Settles a payment (`pay`, `fail`, `cancel`, `refund`) and returns the callback's first
    /// answer: `{"state":"delivered","responseCode":…}`.
    pub(crate) async fn settle(&self, payment: &Value, verb: &str, with: Value) -> Value {
        let id = payment["id"].as_str().unwrap();
        let path = format!("/transactions/{id}/{verb}");
        let settled = self.send("POST", &path, &with).await.expect(200);
        settled.json["callback"].clone()
    }

    /// What the provider holds of a payment; null when nothing.
    pub(crate) async fn transaction(&self, payment: &Value) -> Value {
        let id = payment["id"].as_str().unwrap();
        let url = format!("{}/transactions/{id}", self.url);
        let answer = self.http.get(&url).await;
        if answer.status == 404 {
            return Value::Null;
        }
        answer.expect(200).json
    }

    /// Everything the provider holds.
    pub(crate) async fn transactions(&self) -> Vec<Value> {
        let url = format!("{}/transactions?limit=1000", self.url);
        let listed = self.http.get(&url).await.expect(200).json;
        listed["transactions"].as_array().unwrap().clone()
    }

    /// Adds a fault rule, or a list of them.
    pub(crate) async fn fault(&self, rules: Value) {
        self.send("POST", "/faults", &rules).await.expect(201);
    }

    /// How often each rule has fired.
    pub(crate) async fn fired(&self) -> Vec<u64> {
        let url = format!("{}/faults", self.url);
        let faults = self.http.get(&url).await.expect(200).json;
        let rules = faults["rules"].as_array().unwrap();
        rules.iter().map(|r| r["fired"].as_u64().unwrap()).collect()
    }

    pub(crate) async fn heal(&self) {
        self.send("DELETE", "/faults", &json!(null))
            .await
            .expect(204);
    }

    /// What is saved in the provider's portal: these keys count from now on.
    pub(crate) async fn change_keys(&self, keys: Value) {
        self.send("POST", "/keys", &keys).await.expect(200);
    }

    /// Forgets the tokens it gave out.
    pub(crate) async fn revoke_tokens(&self) {
        self.send("DELETE", "/tokens", &json!(null))
            .await
            .expect(204);
    }
}
