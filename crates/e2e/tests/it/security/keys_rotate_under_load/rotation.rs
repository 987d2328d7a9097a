//! One rotation of each kind, step by step as docs/KEYS.md has it. What `roll` does is a rollout.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use devstack::{SERVICES_ROLE, Stack, TestRedis, run_sql};
use serde_json::{Value, json};

use super::load::Load;
use crate::support::{Provider, QRIS, Sandbox, Shop, an_order, gatewayctl, unique, until};

const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Rotation {
    stack: Stack,
    load: Arc<Load>,
    sandbox: Sandbox,
    api_key: String,
    webhook_secret: String,
    database_role: Option<String>,
    redis_password: Option<String>,
}

impl Rotation {
    pub(super) fn new(stack: Stack, load: Arc<Load>) -> Self {
        Self {
            sandbox: Sandbox::of(&stack),
            api_key: stack.merchant().api_key.clone(),
            webhook_secret: stack.merchant().webhook_secret.clone(),
            database_role: None,
            redis_password: None,
            stack,
            load,
        }
    }

    pub(super) fn stack(&self) -> &Stack {
        &self.stack
    }

    pub(super) fn shop(&self) -> Shop {
        Shop::with_key(&self.stack, &self.api_key)
    }

    pub(super) async fn every_kind(&mut self, redis: &TestRedis) {
        self.api_key().await;
        self.webhook_secret().await;
        self.providers_key().await;
        self.private_key().await;
        self.client_secret().await;
        self.pepper().await;
        self.encryption_key().await;
        self.database_password().await;
        self.redis_password(redis).await;
    }

    async fn api_key(&mut self) {
        let merchant = self.stack.merchant().id.clone();
        let of = ["--merchant", merchant.as_str()];
        let listed = self.ctl(&[&["keys", "list"][..], &of].concat());
        let mut keys = listed["data"].as_array().unwrap().iter();
        let old = keys.rfind(|key| key["revoked_at"].is_null()).unwrap();
        let old_id = old["id"].as_str().unwrap();
        let made = self.ctl(&[&["keys", "create"][..], &of].concat());
        let new = made["api_key"].as_str().unwrap().to_owned();
        self.load.use_key(&new).await;
        let old = std::mem::replace(&mut self.api_key, new);
        self.statuses_of(&old, 200).await;
        let revoke = ["keys", "revoke", old_id];
        self.ctl(&[&revoke[..], &of].concat());
        self.statuses_of(&old, 401).await;
        self.load.more(2).await;
    }

    async fn webhook_secret(&mut self) {
        let shop = self.shop();
        let listed = shop.get("/v1/webhook-endpoints").await.expect(200).json;
        let id = listed["data"][0]["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/webhook-endpoints/{id}/rotate-secret");
        let rotated = shop.call("POST", &path, None).await.expect(200);
        let new = rotated.str("/secret").to_owned();
        self.arrive_with(2).await;
        let receiver = self.stack.receiver();
        receiver.trust(&new);
        self.load.more(2).await;
        receiver.distrust(&self.webhook_secret);
        self.webhook_secret = new;
        self.load.more(2).await;
        // A day later.
        let ended = "UPDATE webhook_endpoints SET previous_secret_until = now()";
        run_sql(&self.stack.database_url(), ended).unwrap();
        self.arrive_with(1).await;
    }

    async fn providers_key(&mut self) {
        let name = "AYOLINX_PUBLIC_KEY_FILES";
        let old_public = self.setting(name);
        let old_private = old_public.replace("public", "private");
        let (private, public) = self.stack.key_pair(&unique("provider")).unwrap();
        let public = public.to_str().unwrap().to_owned();
        let both = format!("{old_public},{public}");
        self.roll("callback-worker", &[(name, &both)]).await;
        let pem = std::fs::read_to_string(&private).unwrap();
        self.sandbox
            .change_keys(json!({"provider_private_key": pem}))
            .await;
        self.load.more(4).await;
        let body = self.a_success().await;
        let (old, new) = (old_private.as_ref(), private.as_path());
        let told = async |key, status| {
            let provider = Provider::with_key(&self.stack, key);
            let answer = provider.notify(QRIS, &body, chrono::Utc::now()).await;
            answer.expect(status);
        };
        told(old, 200).await;
        told(new, 200).await;
        self.roll("callback-worker", &[(name, &public)]).await;
        let told = async |key, status| {
            let provider = Provider::with_key(&self.stack, key);
            let answer = provider.notify(QRIS, &body, chrono::Utc::now()).await;
            answer.expect(status);
        };
        told(old, 401).await;
        told(new, 200).await;
    }

    async fn private_key(&mut self) {
        let (name, previous) = (
            "AYOLINX_PRIVATE_KEY_FILE",
            "AYOLINX_PRIVATE_KEY_PREVIOUS_FILE",
        );
        let old = self.setting(name);
        let (private, public) = self.stack.key_pair(&unique("merchant")).unwrap();
        let new = private.to_str().unwrap();
        self.roll("", &[(name, new), (previous, &old)]).await;
        let pem = std::fs::read_to_string(public).unwrap();
        self.sandbox
            .change_keys(json!({"merchant_public_keys": [pem]}))
            .await;
        self.load.more(8).await;
        self.roll("", &[(name, new), (previous, "")]).await;
    }

    async fn client_secret(&mut self) {
        let (name, previous) = ("AYOLINX_CLIENT_SECRET", "AYOLINX_CLIENT_SECRET_PREVIOUS");
        let (old, new) = (self.setting(name), unique("SKSandbox"));
        self.roll("", &[(name, &new), (previous, &old)]).await;
        self.sandbox
            .change_keys(json!({"client_secrets": [new]}))
            .await;
        self.load.more(4).await;
        let client_id = self.setting("AYOLINX_CLIENT_ID");
        let body = self.a_success().await;
        let told = async |provider: &Provider, secret: &str, status| {
            let answer = provider.notify_snap(&client_id, secret, &body).await;
            answer.expect(status);
        };
        let provider = self.provider();
        told(&provider, &old, 200).await;
        told(&provider, &new, 200).await;
        self.roll("", &[(name, &new), (previous, "")]).await;
        told(&provider, &old, 401).await;
        told(&provider, &new, 200).await;
    }

    async fn pepper(&mut self) {
        let name = "API_KEY_PEPPER";
        let (old, new) = (self.setting(name), unique("pepper"));
        let merchant = self.stack.merchant().id.clone();
        let unused = self.ctl(&["keys", "create", "--merchant", &merchant]);
        let unused = unused["api_key"].as_str().unwrap().to_owned();
        let both = format!("{new},{old}");
        self.roll("gateway-api", &[(name, &both)]).await;
        // Only the key that nobody uses is left on the old pepper.
        until(PATIENCE, "the key in use goes over", async || {
            let left = self.ctl(&["keys", "list", "--old-pepper"]);
            left["data"].as_array().is_some_and(|left| left.len() == 1)
        })
        .await;
        let doctor = gatewayctl(&self.stack, &["doctor"]).stdout;
        assert!(doctor.contains("only under older peppers"), "{doctor}");
        self.roll("gateway-api", &[(name, &new)]).await;
        self.statuses_of(&unused, 401).await;
        let id = self.ctl(&["keys", "list", "--old-pepper"])["data"][0]["id"].clone();
        let id = id.as_str().unwrap();
        self.ctl(&["keys", "revoke", "--merchant", &merchant, id]);
    }

    async fn encryption_key(&mut self) {
        let name = "ENCRYPTION_KEYS";
        let (old, new) = (self.setting(name), unique("encryption-key"));
        self.roll("", &[(name, &format!("{old},{new}"))]).await;
        self.roll("", &[(name, &format!("{new},{old}"))]).await;
        until(PATIENCE, "everything is sealed anew", async || {
            let done = self.ctl(&["keys", "reseal"]);
            let lines = done["data"].as_array().unwrap();
            lines.iter().all(|line| line["standing"] == "newest")
        })
        .await;
        self.roll("", &[(name, &new)]).await;
    }

    /// Two roles take turns, so that replicas with either password connect.
    async fn database_password(&mut self) {
        let name = "DATABASE_URL";
        let given = self.stack.database_url();
        let (_, server) = given.rsplit_once('@').unwrap();
        let (role, password) = (unique("gateway").replace('-', "_"), unique("pw"));
        let create =
            format!("CREATE ROLE {role} LOGIN PASSWORD '{password}' IN ROLE {SERVICES_ROLE}");
        run_sql(&given, &create).unwrap();
        let url = format!("postgres://{role}:{password}@{server}");
        self.roll("", &[(name, &url)]).await;
        if let Some(old) = self.database_role.replace(role) {
            run_sql(&given, &format!("ALTER ROLE {old} NOLOGIN")).unwrap();
            let still = "SELECT count(*) FROM pg_stat_activity WHERE usename";
            let still = run_sql(&given, &format!("{still} = '{old}'")).unwrap();
            assert_eq!(still.trim(), "0");
        }
        self.load.more(2).await;
    }

    /// A Redis user may have two passwords.
    async fn redis_password(&mut self, redis: &TestRedis) {
        let new = unique("pw");
        let server = redis.url().replace("redis://", "");
        let server = server.split('/').next().unwrap().to_owned();
        acl(&server, &format!("SETUSER gateway on >{new} ~* +@all"));
        let url = format!("redis://gateway:{new}@{server}");
        self.roll("", &[("REDIS_URL", &url)]).await;
        if let Some(old) = self.redis_password.replace(new) {
            acl(&server, &format!("SETUSER gateway <{old}"));
        }
        self.load.more(2).await;
    }

    /// Every replica of these programs, one after the other, under load.
    async fn roll(&mut self, programs: &str, settings: &[(&str, &str)]) {
        let names = self.stack.names();
        let services = names.iter().filter(|name| !name.contains("sandbox"));
        for name in services.filter(|name| name.starts_with(programs)) {
            let started = self.stack.start_again_with(name, settings).await;
            started.unwrap_or_else(|trouble| panic!("{name} with {settings:?}: {trouble}"));
        }
        self.stack.tell_gatewayctl(settings);
        self.load.more(2).await;
    }

    fn setting(&self, name: &str) -> String {
        let settings = self.stack.settings();
        let found = settings.into_iter().find(|(known, _)| known == name);
        found.unwrap().1
    }

    fn ctl(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        let ran = gatewayctl(&self.stack, &arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?} {ran:?}");
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// The provider with the key that is its own now.
    fn provider(&self) -> Provider {
        let public = self.setting("AYOLINX_PUBLIC_KEY_FILES");
        Provider::with_key(&self.stack, public.replace("public", "private").as_ref())
    }

    /// What a callback says of a new order that was paid.
    async fn a_success(&self) -> Vec<u8> {
        let order = self.shop().made(&an_order("qris")).await;
        let body = Provider::success(&order["payments"][0], "25000.00");
        body.to_string().into_bytes()
    }

    /// What each replica says to an API key.
    async fn statuses_of(&self, key: &str, expected: u16) {
        for replica in 0..2 {
            let shop = Shop::at(self.stack.api_url(replica), key.to_owned());
            let path = "/v1/orders?limit=1";
            assert_eq!(shop.get(path).await.status, expected, "at {replica}");
        }
    }

    /// Waits for a webhook with so many signatures.
    async fn arrive_with(&self, signatures: usize) {
        let receiver = self.stack.receiver();
        let before = receiver.deliveries().len();
        until(PATIENCE, "webhooks of that many signatures", async || {
            let arrived = receiver.deliveries();
            arrived[before..]
                .iter()
                .any(|one| one.signatures == signatures)
        })
        .await;
    }
}

/// One command of Redis's access list.
fn acl(server: &str, command: &str) {
    let mut stream = TcpStream::connect(server).unwrap();
    stream
        .write_all(format!("ACL {command}\r\n").as_bytes())
        .unwrap();
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("+OK"), "{command}: {answer}");
}
