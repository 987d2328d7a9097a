//! `.run/env`: the state that a run leaves for the next one and for the shell, as `NAME=value`
//! lines that only their owner can read.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    shop::merchant::Merchant,
    stack::{environment::Secrets, running::Stack},
    system::{
        error::{Attempting, Trouble},
        secrets::{random_hex, write_private},
    },
};

const PASSWORD: &str = "RUN_DATABASE_PASSWORD";

pub(super) struct State {
    path: PathBuf,
    values: BTreeMap<String, String>,
}

impl State {
    /// Reads the state that an earlier run left and adds the secrets that are missing.
    pub(super) fn open(folder: &Path) -> Result<Self, Trouble> {
        let path = folder.join("env");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Trouble::new(format!("could not read .run/env: {error}"))),
        };
        let mut state = Self {
            path,
            values: text.lines().filter_map(parse_line).collect(),
        };
        let fresh = Secrets::random()?;
        state.set_if_missing("AYOLINX_CLIENT_ID", fresh.client_id);
        state.set_if_missing("AYOLINX_CLIENT_SECRET", fresh.client_secret);
        state.set_if_missing("API_KEY_PEPPER", fresh.pepper);
        state.set_if_missing("ENCRYPTION_KEYS", fresh.encryption_key);
        state.set_if_missing(PASSWORD, random_hex()?);
        state.save()?;
        Ok(state)
    }

    pub(super) fn database_password(&self) -> Result<String, Trouble> {
        self.value(PASSWORD)
    }

    pub(super) fn secrets(&self) -> Result<Secrets, Trouble> {
        Ok(Secrets {
            client_id: self.value("AYOLINX_CLIENT_ID")?,
            client_secret: self.value("AYOLINX_CLIENT_SECRET")?,
            pepper: self.value("API_KEY_PEPPER")?,
            encryption_key: self.value("ENCRYPTION_KEYS")?,
        })
    }

    /// Returns the merchant of an earlier run.
    pub(super) fn merchant(&self) -> Option<Merchant> {
        Some(Merchant {
            id: self.values.get("MERCHANT_ID")?.clone(),
            api_key: self.values.get("API_KEY")?.clone(),
            webhook_secret: self.values.get("WEBHOOK_SECRET")?.clone(),
        })
    }

    /// Writes all addresses and the settings, so that `set -a; . .run/env` makes a shell from which
    /// `gatewayctl` works.
    pub(super) fn record(&mut self, stack: &Stack) -> Result<(), Trouble> {
        let merchant = stack.merchant();
        let addresses = [
            ("GATEWAY_URL", stack.api_url(0)),
            ("CALLBACK_URL", stack.callback_url(0)),
            ("CHECKOUT_URL", stack.checkout_url()),
            ("CONSOLE_URL", stack.console_url()),
            ("SANDBOX_URL", stack.sandbox_url()),
            ("RECEIVER_URL", stack.receiver().url()),
            (
                "GATEWAY_OPS_URL",
                stack.ops_url("gateway-api-1").unwrap_or_default(),
            ),
            (
                "WORKER_OPS_URL",
                stack.ops_url("callback-worker-1").unwrap_or_default(),
            ),
            ("MERCHANT_ID", merchant.id.clone()),
            ("API_KEY", merchant.api_key.clone()),
            ("WEBHOOK_SECRET", merchant.webhook_secret.clone()),
        ];
        let named = addresses.map(|(name, value)| (name.to_owned(), value));
        self.values.extend(stack.settings());
        self.values.extend(named);
        self.save()
    }

    fn save(&self) -> Result<(), Trouble> {
        let lines: Vec<String> = self
            .values
            .iter()
            .map(|(name, value)| format!("{name}={}", quoted(value)))
            .collect();
        let text = format!(
            "# Written by make run; for this machine only. In a shell: set -a; . .run/env\n{}\n",
            lines.join("\n")
        );
        write_private(&self.path, &text)
    }

    fn set_if_missing(&mut self, name: &str, value: String) {
        self.values.entry(name.to_owned()).or_insert(value);
    }

    fn value(&self, name: &str) -> Result<String, Trouble> {
        let value = self.values.get(name).cloned();
        value
            .ok_or("it is missing")
            .attempting(format!("find {name} in .run/env"))
    }
}

fn parse_line(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    if name.starts_with('#') {
        return None;
    }
    let inner = value
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    let value = inner.map_or_else(|| value.to_owned(), |text| text.replace("'\\''", "'"));
    Some((name.to_owned(), value))
}

/// Quotes a value as a shell reads it.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@%+,=".contains(&byte);
    if value.bytes().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::system::directories::Throwaway;

    #[test]
    fn secrets_stay_the_same_from_run_to_run() {
        let folder = Throwaway::new(None).unwrap();
        let first = State::open(folder.path()).unwrap();
        let second = State::open(folder.path()).unwrap();
        assert_eq!(first.secrets().unwrap(), second.secrets().unwrap());
        assert_eq!(first.database_password(), second.database_password());
        let mode = fs::metadata(folder.path().join("env"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn values_survive_the_file_and_a_shell() {
        for value in ["plain", "postgres://u:p@h:1/d?a=b&c", "it's $HOME", ""] {
            let line = format!("NAME={}", quoted(value));
            assert_eq!(
                parse_line(&line),
                Some(("NAME".to_owned(), value.to_owned()))
            );
            let script = format!("{line}; printf %s \"$NAME\"");
            let output = std::process::Command::new("sh")
                .args(["-c", &script])
                .output();
            assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap(), value);
        }
        assert_eq!(parse_line("# a=b"), None);
    }
}
