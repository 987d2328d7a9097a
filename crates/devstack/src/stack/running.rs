//! The whole stack on one machine: sandbox, any number of API and worker replicas, a webhook
//! receiver, a merchant with a key. The tests start the same stack as `make run`.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    servers::postgres::SERVICES_ROLE,
    shop::{
        merchant::{Merchant, MerchantClient},
        webhook_receiver::WebhookReceiver,
    },
    stack::{
        blueprint::{Blueprint, PortChoice},
        builder::StackBuilder,
        database::Database,
        environment::Environment,
        home::{Home, clear_logs},
    },
    system::{
        error::{Attempting, Trouble},
        http::Http,
        ports::Ports,
        process::{Process, Program},
        secrets::MerchantKeys,
    },
};

const POLL: Duration = Duration::from_millis(30);
/// The most times that the ports of a stack are chosen before it is given up.
const PORT_TRIES: u32 = 5;
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A running stack. Dropping it stops everything it started, the last first.
#[derive(Debug)]
pub struct Stack {
    processes: Vec<Process>,
    receiver: WebhookReceiver,
    environment: Environment,
    merchant: Merchant,
    database: Database,
    home: Home,
}

impl Stack {
    /// Prepares a stack for a test: free ports, a database of the test server, a throwaway folder,
    /// programs from the folder of this test's build.
    pub fn builder() -> StackBuilder {
        StackBuilder::new()
    }

    async fn start(blueprint: Blueprint) -> Result<Self, Trouble> {
        let receiver = match (blueprint.receiver, blueprint.choice) {
            (Some(receiver), _) => receiver,
            (None, PortChoice::Given) => {
                WebhookReceiver::start(blueprint.environment.ports.receiver)?
            }
            (None, PortChoice::Ours) => WebhookReceiver::start(0)?,
        };
        let mut stack = Self {
            processes: Vec::new(),
            receiver,
            environment: blueprint.environment,
            merchant: Merchant::default(),
            database: blueprint.database,
            home: blueprint.home,
        };
        match blueprint.choice {
            PortChoice::Given => stack.start_programs().await?,
            PortChoice::Ours => stack.start_where_ports_are_free().await?,
        }
        stack.merchant = match blueprint.merchant {
            Some(merchant) if stack.still_knows(&merchant).await? => merchant,
            _ => stack.new_merchant("Demo")?,
        };
        stack.receiver.trust(&stack.merchant.webhook_secret);
        Ok(stack)
    }

    async fn start_programs(&mut self) -> Result<(), Trouble> {
        self.start_sandbox().await?;
        self.migrate()?;
        self.start_services().await
    }

    /// Migrates as the tables' owner, which the services are not.
    fn migrate(&self) -> Result<(), Trouble> {
        let url = self.database.url();
        let program = self.environment.gatewayctl(self.home.path(), &url);
        let grant = match self.database.services_url() {
            Some(_) => vec!["--grant-to", SERVICES_ROLE],
            None => Vec::new(),
        };
        let migrated = program.args(["migrate"]).args(grant).output();
        migrated.map(drop)
    }

    /// Starts the programs. Another program may take a port between our choosing and a program's
    /// binding it: then all ports are chosen anew.
    async fn start_where_ports_are_free(&mut self) -> Result<(), Trouble> {
        for _ in 1..PORT_TRIES {
            match self.start_programs().await {
                Err(trouble) if trouble.is_about_a_taken_port() => self.move_elsewhere()?,
                started_or_not => return started_or_not,
            }
        }
        self.start_programs().await
    }

    fn move_elsewhere(&mut self) -> Result<(), Trouble> {
        self.stop_all();
        // A log tells of this try only.
        clear_logs(self.home.path())?;
        let ports = &mut self.environment.ports;
        *ports = Ports::free(ports.apis.len(), ports.workers.len())?;
        Ok(())
    }

    /// Stops all programs, the last one first.
    fn stop_all(&mut self) {
        while let Some(process) = self.processes.pop() {
            drop(process);
        }
    }

    async fn start_sandbox(&mut self) -> Result<(), Trouble> {
        let sandbox = self.environment.sandbox(self.home.path());
        self.processes.push(sandbox.start()?);
        let health = format!("{}/_sandbox/health", self.sandbox_url());
        self.wait_until_ok(&health).await?;
        let key = self.environment.provider_key(self.home.path());
        if !key.is_file() {
            let file = key.display();
            return Err(Trouble::new(format!("the sandbox did not write {file}")));
        }
        Ok(())
    }

    async fn start_services(&mut self) -> Result<(), Trouble> {
        let url = self.database.url_of_services();
        for program in self.environment.services(self.home.path(), &url) {
            self.processes.push(program.start()?);
        }
        for url in self.environment.readiness_urls() {
            self.wait_until_ok(&url).await?;
        }
        Ok(())
    }

    /// Waits for a 200 as long as everything started so far is alive.
    async fn wait_until_ok(&mut self, url: &str) -> Result<(), Trouble> {
        let http = Http::new();
        let deadline = Instant::now() + READY_WITHIN;
        loop {
            let last = match http.get(url, None).await {
                Ok(reply) if reply.status == 200 => return Ok(()),
                Ok(reply) => format!("it answered {}: {}", reply.status, reply.text.trim()),
                Err(trouble) => trouble.to_string(),
            };
            self.check_alive()?;
            if Instant::now() >= deadline {
                let seconds = READY_WITHIN.as_secs();
                let text = format!("{url} was not ready within {seconds} s; {last}");
                return Err(Trouble::new(text));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Returns a trouble with its last words if one of the programs has ended by itself.
    pub fn check_alive(&mut self) -> Result<(), Trouble> {
        self.processes.iter_mut().try_for_each(Process::check_alive)
    }

    /// Returns whether the API accepts the key of a merchant that an earlier run made.
    async fn still_knows(&self, merchant: &Merchant) -> Result<bool, Trouble> {
        let url = format!("{}/v1/orders?limit=1", self.api_url(0));
        let reply = Http::new().get(&url, Some(&merchant.api_key)).await?;
        Ok(reply.status == 200)
    }

    /// Makes a merchant whose webhooks come to this stack's receiver.
    pub fn new_merchant(&self, name: &str) -> Result<Merchant, Trouble> {
        let made = self.gatewayctl_json(&["merchants", "create", "--name", name])?;
        let id = text_of(&made, "merchant_id")?;
        let url = self.receiver.url();
        let added = self.gatewayctl_json(&["webhooks", "add", "--merchant", &id, "--url", &url])?;
        let merchant = Merchant {
            api_key: text_of(&made, "api_key")?,
            webhook_secret: text_of(&added, "secret")?,
            id,
        };
        self.receiver.trust(&merchant.webhook_secret);
        Ok(merchant)
    }

    /// Runs `gatewayctl` on this stack and returns what it printed.
    pub fn gatewayctl(&self, arguments: &[&str]) -> Result<String, Trouble> {
        let url = self.database.url_of_services();
        let program = self.environment.gatewayctl(self.home.path(), &url);
        program.args(arguments.iter().copied()).output()
    }

    /// Runs `gatewayctl … --json` on this stack and returns what it printed.
    pub fn gatewayctl_json(&self, arguments: &[&str]) -> Result<Value, Trouble> {
        let all: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let printed = self.gatewayctl(&all)?;
        serde_json::from_str(&printed)
            .attempting(format!("read what gatewayctl {} printed", all.join(" ")))
    }

    /// Returns the address of the API's replica `index`; the last one for too large an index.
    pub fn api_url(&self, index: usize) -> String {
        self.environment.api_url(index)
    }

    /// Returns the address of the worker's replica `index`; the last one for too large an index.
    pub fn callback_url(&self, index: usize) -> String {
        self.environment.callback_url(index)
    }

    /// Returns the address of the checkout pages.
    pub fn checkout_url(&self) -> String {
        self.environment.checkout_url()
    }

    /// Returns the address of the operator's console.
    pub fn console_url(&self) -> String {
        self.environment.console_url()
    }

    /// Returns the address of the sandbox; its control side is under `/_sandbox/`.
    pub fn sandbox_url(&self) -> String {
        self.environment.sandbox_url()
    }

    /// Returns the address of a program's probes and metrics, by its name (see [`Stack::names`]).
    pub fn ops_url(&self, name: &str) -> Option<String> {
        self.environment.ops_url(name)
    }

    /// Returns the database's address, for its owner.
    pub fn database_url(&self) -> String {
        self.database.url()
    }

    /// Returns the merchant made at the start.
    pub fn merchant(&self) -> &Merchant {
        &self.merchant
    }

    /// Returns a client of replica 0 of the API for the merchant made at the start. It belongs to
    /// this thread.
    pub fn client(&self) -> MerchantClient {
        MerchantClient::new(self.api_url(0), self.sandbox_url(), &self.merchant.api_key)
    }

    /// Returns the receiver of the merchant's webhooks.
    pub fn receiver(&self) -> &WebhookReceiver {
        &self.receiver
    }

    /// Returns the settings that the services and `gatewayctl` run with, for programs started by
    /// hand.
    pub fn settings(&self) -> Vec<(String, String)> {
        let (home, url) = (self.home.path(), self.database.url_of_services());
        self.environment.settings(home, &url)
    }

    /// Adds settings of `gatewayctl` from now on, over the earlier ones; services get theirs when
    /// they are started again, by [`Stack::start_again_with`].
    pub fn tell_gatewayctl(&mut self, settings: &[(&str, &str)]) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.environment.settings.extend(settings.iter().map(owned));
    }

    /// Returns the files of an RSA key pair of this name, private and public, made when it is first
    /// asked for.
    pub fn key_pair(&self, name: &str) -> Result<(PathBuf, PathBuf), Trouble> {
        let folder = self.home.path().join(name);
        std::fs::create_dir_all(&folder).attempting("make a folder for keys")?;
        let keys = MerchantKeys::in_folder(&folder)?;
        Ok((keys.private, keys.public))
    }

    /// Returns the names of the programs, in the order they were started: `ayolinx-sandbox`,
    /// `gateway-api-1`, `callback-worker-1` and so on.
    pub fn names(&self) -> Vec<String> {
        self.processes.iter().map(|p| p.name().to_owned()).collect()
    }

    /// Returns the process id of a program.
    pub fn pid(&self, name: &str) -> Option<u32> {
        let named = self.processes.iter().find(|p| p.name() == name);
        named.map(Process::id)
    }

    /// Kills a program without any warning; its port stays free for [`Stack::start_again`].
    pub fn kill(&mut self, name: &str) -> Result<(), Trouble> {
        self.named(name).map(Process::kill)
    }

    /// Asks a program to end and waits for it.
    pub fn stop(&mut self, name: &str) -> Result<(), Trouble> {
        self.named(name).map(Process::stop)
    }

    /// Freezes a program: it neither answers nor closes anything.
    pub fn pause(&mut self, name: &str) -> Result<(), Trouble> {
        self.named(name).map(|process| process.signal(Signal::STOP))
    }

    /// Ends a [`Stack::pause`].
    pub fn resume(&mut self, name: &str) -> Result<(), Trouble> {
        self.named(name).map(|process| process.signal(Signal::CONT))
    }

    /// Starts a killed or stopped program again and waits until it is ready.
    pub async fn start_again(&mut self, name: &str) -> Result<(), Trouble> {
        self.start_again_with(name, &[]).await
    }

    /// Does [`Stack::start_again`] with these settings over its own, now and from now on.
    pub async fn start_again_with(
        &mut self,
        name: &str,
        settings: &[(&str, &str)],
    ) -> Result<(), Trouble> {
        let process = self.named(name)?;
        process.stop();
        let program: Program = process.program().clone().envs(settings.iter().copied());
        *process = program.start()?;
        match self.environment.readiness_url(name) {
            Some(url) => self.wait_until_ok(&url).await,
            None => Ok(()),
        }
    }

    fn named(&mut self, name: &str) -> Result<&mut Process, Trouble> {
        let known = self.names().join(", ");
        let mut processes = self.processes.iter_mut();
        let found = processes.find(|process| process.name() == name);
        found.ok_or_else(|| Trouble::new(format!("no program is called {name}; there are {known}")))
    }

    /// Returns the end of a program's log.
    pub fn last_words(&self, name: &str) -> String {
        let named = self.processes.iter().find(|p| p.name() == name);
        named.map(Process::last_words).unwrap_or_default()
    }

    /// Returns the folder of keys and logs.
    pub fn home(&self) -> &Path {
        self.home.path()
    }
}

impl StackBuilder {
    /// Starts everything and waits until it is ready. What was started is stopped again when
    /// something fails or the future is dropped.
    pub async fn start(self) -> Result<Stack, Trouble> {
        Stack::start(self.blueprint()?).await
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.stop_all();
    }
}

fn text_of(json: &Value, field: &str) -> Result<String, Trouble> {
    let text = json.get(field).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Trouble::new(format!("gatewayctl printed no {field}: {json}")))
}
