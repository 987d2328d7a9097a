//! A shop: its identity, and its client of the gateway.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::system::{
    error::Trouble,
    http::{Http, Reply},
};

/// A shop's identity at the gateway.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Merchant {
    /// `mer_…`.
    pub id: String,
    /// `gk_…`.
    pub api_key: String,
    /// `whsec_…`, of the endpoint that is the stack's receiver.
    pub webhook_secret: String,
}

impl std::fmt::Debug for Merchant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Merchant({})", self.id)
    }
}

/// A client of the merchant API, and of the sandbox as its payers. It belongs to the thread that
/// made it.
#[derive(Clone)]
pub struct MerchantClient {
    http: Http,
    api_url: String,
    sandbox_url: String,
    api_key: String,
}

impl MerchantClient {
    /// Creates a client for the API and sandbox at these addresses.
    pub fn new(api_url: String, sandbox_url: String, api_key: &str) -> Self {
        Self {
            http: Http::new(),
            api_url,
            sandbox_url,
            api_key: api_key.to_owned(),
        }
    }

    /// Sends a GET to a path of the API, such as `/v1/channels`.
    pub async fn get(&self, path: &str) -> Result<Reply, Trouble> {
        let url = format!("{}{path}", self.api_url);
        self.http.get(&url, Some(&self.api_key)).await
    }

    /// Sends a POST to a path of the API.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Reply, Trouble> {
        let url = format!("{}{path}", self.api_url);
        self.http.post(&url, Some(&self.api_key), body).await
    }

    /// Creates an order (contract 4.1).
    pub async fn create_order(&self, order: &Value) -> Result<Reply, Trouble> {
        self.post("/v1/orders", order).await
    }

    /// Reads the order as it is now.
    pub async fn order(&self, id: &str) -> Result<Value, Trouble> {
        let reply = self.get(&format!("/v1/orders/{id}")).await?;
        expect_status(&reply, 200, "read the order").map(|()| reply.json)
    }

    /// Waits until the order has this status; a trouble with the order when `within` is over.
    pub async fn wait_for_status(
        &self,
        id: &str,
        status: &str,
        within: Duration,
    ) -> Result<Value, Trouble> {
        let deadline = Instant::now() + within;
        loop {
            let order = self.order(id).await?;
            if order.get("status") == Some(&Value::from(status)) {
                return Ok(order);
            }
            if Instant::now() >= deadline {
                let seconds = within.as_secs();
                let text = format!("the order was not {status} within {seconds} s: {order}");
                return Err(Trouble::new(text));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Pays, in the sandbox, the payment with this id; `with` may change status, amount, channel or
    /// mode (contract 7).
    pub async fn pay_in_sandbox(&self, payment_id: &str, with: &Value) -> Result<Reply, Trouble> {
        self.settle_in_sandbox(payment_id, "pay", with).await
    }

    /// Settles a payment in the sandbox: `pay`, `fail`, `cancel` or `refund`.
    pub async fn settle_in_sandbox(
        &self,
        payment_id: &str,
        verb: &str,
        with: &Value,
    ) -> Result<Reply, Trouble> {
        let sandbox = &self.sandbox_url;
        let url = format!("{sandbox}/_sandbox/transactions/{payment_id}/{verb}");
        self.http.post(&url, None, with).await
    }

    /// Adds fault rules to the sandbox (contract 7).
    pub async fn add_faults(&self, rules: &Value) -> Result<Reply, Trouble> {
        let url = format!("{}/_sandbox/faults", self.sandbox_url);
        self.http.post(&url, None, rules).await
    }
}

/// Builds an order of this much by this method, with all that the method asks for.
pub fn order_request(reference: &str, method: &str, rupiah: u64) -> Value {
    let payment = match method {
        "virtual_account" => json!({"method": method, "channel": "VIRTUAL_ACCOUNT_BNI"}),
        "retail" => json!({"method": method, "channel": "RETAIL_ALFAMART"}),
        _ => json!({"method": method}),
    };
    json!({
        "reference": reference,
        "amount": {"value": format!("{rupiah}.00"), "currency": "IDR"},
        "payment": payment,
        "description": "Kopi susu",
        "customer": {
            "name": "Budi Santoso",
            "email": "budi@example.co.id",
            "phone": "081234567890",
        },
        "return_url": "https://shop.example.co.id/thanks",
    })
}

/// Returns a trouble with the reply's body unless the status is this one.
pub(crate) fn expect_status(reply: &Reply, status: u16, attempt: &str) -> Result<(), Trouble> {
    if reply.status == status {
        return Ok(());
    }
    let (got, text) = (reply.status, reply.text.trim());
    let sentence = format!("could not {attempt}: expected {status}, got {got}: {text}");
    Err(Trouble::new(sentence))
}
