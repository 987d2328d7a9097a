//! The settings of each program.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::system::{
    ports::{ApiPorts, Ports, WorkerPorts},
    process::{Ending, Program},
    secrets::MerchantKeys,
};

const STOP_GRACE: Duration = Duration::from_secs(30);

/// Secrets of one stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secrets {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) pepper: String,
    pub(crate) encryption_key: String,
}

/// The values that decide the settings of a stack's programs.
#[derive(Debug)]
pub(crate) struct Environment {
    /// The folder of the programs.
    pub(crate) programs: PathBuf,
    pub(crate) ports: Ports,
    pub(crate) keys: MerchantKeys,
    pub(crate) secrets: Secrets,
    pub(crate) redis_url: Option<String>,
    /// Number of files and connections that a service may have open; as many as we, if nothing.
    pub(crate) descriptors: Option<u64>,
    /// Settings over our own choices, for services and `gatewayctl`.
    pub(crate) settings: Vec<(String, String)>,
    /// Settings over our own choices, for the sandbox.
    pub(crate) sandbox_settings: Vec<(String, String)>,
}

impl Environment {
    pub(crate) fn sandbox(&self, home: &Path) -> Program {
        let secrets = &self.secrets;
        let keys = home.join("sandbox");
        let settings = [
            ("SANDBOX_BIND", bind(self.ports.sandbox)),
            ("SANDBOX_CLIENT_ID", secrets.client_id.clone()),
            ("SANDBOX_CLIENT_SECRET", secrets.client_secret.clone()),
            ("SANDBOX_MERCHANT_PUBLIC_KEY_FILE", path(&self.keys.public)),
            ("SANDBOX_CALLBACK_ORIGIN", self.callback_url(0)),
            ("SANDBOX_KEY_DIR", path(&keys)),
        ];
        // It serves the channels that the services' file adds.
        let channels = self
            .settings
            .iter()
            .filter(|(name, _)| name == "AYOLINX_CHANNELS_FILE")
            .map(|(_, path)| ("SANDBOX_CHANNELS_FILE", path.clone()));
        self.program("ayolinx-sandbox", "ayolinx-sandbox", home)
            .envs(settings)
            .envs(channels)
            .envs(self.sandbox_settings.clone())
    }

    /// Returns the file in which the sandbox writes the public half of the provider's key.
    pub(crate) fn provider_key(&self, home: &Path) -> PathBuf {
        home.join("sandbox/provider_public.pem")
    }

    /// Returns the API's replicas, then the worker's.
    pub(crate) fn services(&self, home: &Path, database_url: &str) -> Vec<Program> {
        let common = self.settings(home, database_url);
        let apis = self.named_apis().map(|(name, ports)| {
            let own = [
                ("GATEWAY_BIND", bind(ports.gateway)),
                ("CHECKOUT_BIND", bind(ports.checkout)),
                ("CONSOLE_BIND", bind(ports.console)),
                ("GATEWAY_OPS_BIND", bind(ports.ops)),
            ];
            self.program(&name, "gateway-api", home)
                .descriptors(self.descriptors)
                .envs(own)
                .envs(common.clone())
        });
        let workers = self.named_workers().map(|(name, ports)| {
            let own = [
                ("CALLBACK_BIND", bind(ports.callback)),
                ("WORKER_OPS_BIND", bind(ports.ops)),
            ];
            self.program(&name, "callback-worker", home)
                .descriptors(self.descriptors)
                .envs(own)
                .envs(common.clone())
        });
        apis.chain(workers).collect()
    }

    pub(crate) fn gatewayctl(&self, home: &Path, database_url: &str) -> Program {
        Program::new("gatewayctl", self.programs.join("gatewayctl"))
            .envs(self.settings(home, database_url))
    }

    /// Returns the settings of both services and `gatewayctl`. The last of a name counts.
    pub(crate) fn settings(&self, home: &Path, database_url: &str) -> Vec<(String, String)> {
        let secrets = &self.secrets;
        let mut settings = vec![
            ("DATABASE_URL", database_url.to_owned()),
            ("AYOLINX_BASE_URL", self.sandbox_url()),
            ("AYOLINX_CLIENT_ID", secrets.client_id.clone()),
            ("AYOLINX_CLIENT_SECRET", secrets.client_secret.clone()),
            ("AYOLINX_PRIVATE_KEY_FILE", path(&self.keys.private)),
            ("AYOLINX_PUBLIC_KEY_FILES", path(&self.provider_key(home))),
            ("CALLBACK_PUBLIC_URL", self.callback_url(0)),
            ("CHECKOUT_PUBLIC_URL", self.checkout_url()),
            ("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8".to_owned()),
            ("API_KEY_PEPPER", secrets.pepper.clone()),
            ("ENCRYPTION_KEYS", secrets.encryption_key.clone()),
            ("LOG_FORMAT", "text".to_owned()),
            // Nobody here learns late that a service ends.
            ("SHUTDOWN_DELAY_MS", "0".to_owned()),
        ];
        if let Some(url) = &self.redis_url {
            settings.push(("REDIS_URL", url.clone()));
        }
        let ours = settings.into_iter().map(|(n, v)| (n.to_owned(), v));
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, value) in ours.chain(self.settings.clone()) {
            all.retain(|(known, _)| *known != name);
            all.push((name, value));
        }
        all
    }

    fn program(&self, name: &str, file: &str, home: &Path) -> Program {
        let log = home.join("log").join(format!("{name}.log"));
        Program::new(name, self.programs.join(file))
            .log_to(&log)
            .ends_by(Ending::Terminate, STOP_GRACE)
    }

    fn named_apis(&self) -> impl Iterator<Item = (String, &ApiPorts)> {
        let numbered = (1_usize..).zip(&self.ports.apis);
        numbered.map(|(number, ports)| (format!("gateway-api-{number}"), ports))
    }

    fn named_workers(&self) -> impl Iterator<Item = (String, &WorkerPorts)> {
        let numbered = (1_usize..).zip(&self.ports.workers);
        numbered.map(|(number, ports)| (format!("callback-worker-{number}"), ports))
    }

    pub(crate) fn ops_url(&self, name: &str) -> Option<String> {
        let apis = self.named_apis().map(|(name, ports)| (name, ports.ops));
        let workers = self.named_workers().map(|(name, ports)| (name, ports.ops));
        let mut all = apis.chain(workers);
        all.find(|(known, _)| known == name)
            .map(|(_, port)| url(port))
    }

    /// Returns the address that answers 200 when a program is ready; `None` for an unknown name.
    pub(crate) fn readiness_url(&self, name: &str) -> Option<String> {
        if name == "ayolinx-sandbox" {
            return Some(format!("{}/_sandbox/health", self.sandbox_url()));
        }
        self.ops_url(name).map(|url| format!("{url}/readyz"))
    }

    pub(crate) fn readiness_urls(&self) -> Vec<String> {
        let apis = self.ports.apis.iter().map(|ports| ports.ops);
        let workers = self.ports.workers.iter().map(|ports| ports.ops);
        let all = apis.chain(workers);
        all.map(|port| format!("{}/readyz", url(port))).collect()
    }

    pub(crate) fn sandbox_url(&self) -> String {
        url(self.ports.sandbox)
    }

    pub(crate) fn api_url(&self, index: usize) -> String {
        url(self.api(index).map_or(0, |ports| ports.gateway))
    }

    pub(crate) fn checkout_url(&self) -> String {
        url(self.api(0).map_or(0, |ports| ports.checkout))
    }

    pub(crate) fn console_url(&self) -> String {
        url(self.api(0).map_or(0, |ports| ports.console))
    }

    pub(crate) fn callback_url(&self, index: usize) -> String {
        let workers = &self.ports.workers;
        let ports = workers.get(index).or_else(|| workers.last());
        url(ports.map_or(0, |ports| ports.callback))
    }

    fn api(&self, index: usize) -> Option<&ApiPorts> {
        let apis = &self.ports.apis;
        apis.get(index).or_else(|| apis.last())
    }
}

fn bind(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(settings: &[(&str, &str)]) -> Environment {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Environment {
            programs: PathBuf::from("/programs"),
            ports: Ports::documented(0).unwrap(),
            keys: MerchantKeys {
                private: PathBuf::from("/home/private.pem"),
                public: PathBuf::from("/home/public.pem"),
            },
            secrets: Secrets::random().unwrap(),
            redis_url: None,
            descriptors: None,
            settings: settings.iter().map(owned).collect(),
            sandbox_settings: Vec::new(),
        }
    }

    #[test]
    fn a_setting_of_the_callers_replaces_ours() {
        let environment = environment(&[("LOG_FORMAT", "json"), ("EXPIRY_GRACE_MS", "1")]);
        let settings = environment.settings(Path::new("/home"), "postgres://x/y");
        let of = |name: &str| -> Vec<&str> {
            let named = settings.iter().filter(|(known, _)| known == name);
            named.map(|(_, value)| value.as_str()).collect()
        };
        assert_eq!(of("LOG_FORMAT"), ["json"]);
        assert_eq!(of("EXPIRY_GRACE_MS"), ["1"]);
        assert_eq!(of("DATABASE_URL"), ["postgres://x/y"]);
        assert_eq!(of("REDIS_URL"), [""; 0]);
    }

    #[test]
    fn every_program_has_an_address() {
        let environment = environment(&[]);
        assert_eq!(environment.api_url(0), "http://127.0.0.1:8080");
        assert_eq!(environment.callback_url(7), "http://127.0.0.1:8081");
        assert_eq!(environment.checkout_url(), "http://127.0.0.1:8082");
        let ready = environment.readiness_url("callback-worker-1");
        assert_eq!(ready.as_deref(), Some("http://127.0.0.1:9081/readyz"));
        assert_eq!(environment.readiness_url("callback-worker-2"), None);
    }
}
