//! Checks everything the services need and reports, a line each, what is well and what to do about
//! what is not.

mod key_checks;
mod provider_checks;
mod reach_checks;
mod secret_checks;
mod settings_checks;
mod url_checks;

use ayolinx_core::channels::{Channel, ChannelTable};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{Output, printable};

/// The severity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Ok,
    Warn,
    Fail,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line of the report.
#[derive(Debug)]
struct Check {
    name: &'static str,
    level: Level,
    found: String,
    advice: &'static str,
}

/// All lines so far.
#[derive(Debug, Default)]
struct Findings(Vec<Check>);

impl Findings {
    fn ok(&mut self, name: &'static str, found: impl Into<String>) {
        self.add(name, Level::Ok, found.into(), "");
    }

    fn warn(&mut self, name: &'static str, found: impl Into<String>, advice: &'static str) {
        self.add(name, Level::Warn, found.into(), advice);
    }

    fn fail(&mut self, name: &'static str, found: impl Into<String>, advice: &'static str) {
        self.add(name, Level::Fail, found.into(), advice);
    }

    fn add(&mut self, name: &'static str, level: Level, found: String, advice: &'static str) {
        self.0.push(Check {
            name,
            level,
            found,
            advice,
        });
    }

    fn count(&self, level: Level) -> usize {
        self.0.iter().filter(|check| check.level == level).count()
    }
}

pub(crate) async fn run() -> Result<Output, Failure> {
    let mut findings = Findings::default();
    let read = settings_checks::read(&mut findings);
    settings_checks::keys(&mut findings);
    url_checks::public_urls(&mut findings).await;
    if let Some(settings) = &read {
        settings_checks::provider_keys(settings, &mut findings);
        channels(&settings.shared.channels, &mut findings);
        reach_checks::database(settings, &mut findings).await;
        reach_checks::redis(settings, &mut findings).await;
        provider_checks::provider(settings, &mut findings).await;
    }
    Ok(told(&findings))
}

fn channels(table: &ChannelTable, findings: &mut Findings) {
    let codes = |wanted: fn(&Channel) -> bool| -> Vec<String> {
        let chosen = table.iter().filter(|channel| wanted(channel));
        chosen.map(|channel| channel.code.clone()).collect()
    };
    let open = codes(Channel::is_available);
    let off = codes(|channel| !channel.enabled);
    let prefixless = codes(|channel| channel.enabled && channel.lacks_prefix());
    let mut found = format!("{} are offered", open.len());
    if !off.is_empty() {
        found.push_str(&format!("; switched off: {}", off.join(", ")));
    }
    if open.is_empty() {
        let advice = "enable one in the file that AYOLINX_CHANNELS_FILE names";
        findings.fail("channels", "none is offered", advice);
    } else {
        findings.ok("channels", found);
    }
    if !prefixless.is_empty() {
        findings.warn(
            "channels",
            format!("off for want of a prefix: {}", prefixless.join(", ")),
            "set partner_service_id in AYOLINX_CHANNELS_FILE to the value from the provider's portal",
        );
    }
}

fn told(findings: &Findings) -> Output {
    let (warned, failed) = (findings.count(Level::Warn), findings.count(Level::Fail));
    let mut human: String = findings.0.iter().map(line).collect();
    human.push_str(&match (failed, warned) {
        (0, 0) => "all is well\n".to_owned(),
        (0, warned) => format!("nothing fails; warnings: {warned}\n"),
        (failed, warned) => format!("failed: {failed}; warnings: {warned}\n"),
    });
    let checks: Vec<Value> = findings
        .0
        .iter()
        .map(|check| {
            let advice = (!check.advice.is_empty()).then_some(check.advice);
            let see = (check.level != Level::Ok).then(|| page_of(check.name));
            json!({
                "name": check.name,
                "status": check.level.as_str(),
                "found": check.found,
                "advice": advice,
                "see": see,
            })
        })
        .collect();
    let json = json!({"ok": failed == 0, "checks": checks});
    Output::new(human, json).with_problem(failed > 0)
}

/// Returns the page of the docs that says more about what a line checks.
fn page_of(name: &str) -> &'static str {
    match name {
        "private key" | "public keys" | "client secret" | "API keys" | "sealed data" => {
            "docs/KEYS.md"
        }
        "provider" | "token" | "clock" | "public URLs" => "docs/GOING_LIVE.md",
        "channels" => "docs/PROVIDER.md",
        _ => "docs/OPERATIONS.md",
    }
}

fn line(check: &Check) -> String {
    let status = check.level.as_str();
    let words: Vec<&str> = check.found.split_whitespace().collect();
    let found = printable(&words.join(" "));
    let advice = match check.advice {
        "" => String::new(),
        advice => format!(". {advice}"),
    };
    let see = match check.level {
        Level::Ok => String::new(),
        Level::Warn | Level::Fail => format!(" ({})", page_of(check.name)),
    };
    format!("{status:<5} {:<12} {found}{advice}{see}\n", check.name)
}
