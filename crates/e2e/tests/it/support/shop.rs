//! A shop that speaks to the merchant API.

use std::time::Duration;

use devstack::Stack;
use serde_json::Value;

use super::http::{Answer, Http};
use super::wait::until_some;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The shop. Belongs to the thread that made it.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) http: Http,
    pub(crate) api: String,
    pub(crate) key: String,
}

impl Shop {
    /// The stack's own merchant.
    pub(crate) fn of(stack: &Stack) -> Self {
        Self::with_key(stack, &stack.merchant().api_key)
    }

    /// Whoever this key belongs to.
    pub(crate) fn with_key(stack: &Stack, key: &str) -> Self {
        Self::at(stack.api_url(0), key.to_owned())
    }

    /// Whoever this key belongs to, at this replica of the API.
    pub(crate) fn at(api: String, key: String) -> Self {
        Self {
            http: Http::new(),
            api,
            key,
        }
    }

    /// The same shop, with a connection of its own for each request.
    pub(crate) fn on_new_connections(self) -> Self {
        Self {
            http: Http::on_new_connections(),
            ..self
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let url = format!("{}{path}", self.api);
        let headers = [("authorization", bearer.as_str())];
        self.http.send("GET", &url, &headers, Vec::new()).await
    }

    /// A call without a body, or with one, by any method.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let url = format!("{}{path}", self.api);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let bytes = body.map(|body| body.to_string().into_bytes());
        let bytes = bytes.unwrap_or_default();
        self.http.send(method, &url, &headers, bytes).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, body, &[]).await
    }

    pub(crate) async fn post_with(
        &self,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        match self.try_post(path, body, headers).await {
            Ok(answer) => answer,
            Err(error) => panic!("POST {path}: {error}"),
        }
    }

    /// As [`Shop::post_with`], for when nobody may be there.
    pub(crate) async fn try_post(
        &self,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Result<Answer, String> {
        let bearer = format!("Bearer {}", self.key);
        let mut all = vec![
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        all.extend_from_slice(headers);
        let url = format!("{}{path}", self.api);
        let bytes = body.to_string().into_bytes();
        self.http.try_send("POST", &url, &all, bytes).await
    }

    pub(crate) async fn create(&self, order: &Value) -> Answer {
        self.post("/v1/orders", order).await
    }

    /// The order, made and pending.
    pub(crate) async fn made(&self, order: &Value) -> Value {
        self.create(order).await.expect(201).json
    }

    pub(crate) async fn order(&self, id: &str) -> Value {
        self.get(&format!("/v1/orders/{id}")).await.expect(200).json
    }

    /// The order by the shop's own number.
    pub(crate) async fn find(&self, reference: &str) -> Value {
        let path = format!("/v1/orders?reference={reference}");
        let page = self.get(&path).await.expect(200).json;
        page["data"][0].clone()
    }

    /// The order as soon as it is as wanted.
    pub(crate) async fn until(
        &self,
        id: &str,
        what: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        until_some(PATIENCE, what, async || {
            let order = self.order(id).await;
            if wanted(&order) {
                Ok(order)
            } else {
                Err(order.to_string())
            }
        })
        .await
    }

    pub(crate) async fn until_status(&self, id: &str, status: &str) -> Value {
        self.until(id, status, |order| order["status"] == status)
            .await
    }
}
