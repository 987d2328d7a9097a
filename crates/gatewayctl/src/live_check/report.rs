//! The findings: for each contradiction of the provider's documents the question, the observation, the
//! reading that holds, and what to change.

use serde_json::{Value, json};

use crate::output::printable;

/// The consequence of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Decided, and the gateway is right as it is set.
    Right,
    /// Decided: a setting must change.
    Change,
    /// Decided: the gateway does not do it, and no setting makes it.
    Unfit,
    /// Not decided.
    Open,
    /// Nothing a test could decide.
    NotAsked,
}

impl Verdict {
    pub(crate) const ALL: [Self; 5] = [
        Self::Change,
        Self::Unfit,
        Self::Open,
        Self::Right,
        Self::NotAsked,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Change => "change",
            Self::Unfit => "unfit",
            Self::Open => "open",
            Self::NotAsked => "not_asked",
        }
    }

    const fn headline(self) -> &'static str {
        match self {
            Self::Change => "A setting must change",
            Self::Unfit => "The gateway does not do this yet, and no setting makes it",
            Self::Open => "Not decided",
            Self::Right => "Decided, and right as it is set",
            Self::NotAsked => "Nothing to ask",
        }
    }
}

/// A setting and its wanted value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) current: String,
    pub(crate) wanted: String,
}

/// One contradiction.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    /// Its number in the protocol reference's section 10.
    pub(crate) item: &'static str,
    pub(crate) topic: &'static str,
    pub(crate) asked: String,
    pub(crate) seen: String,
    pub(crate) verdict: Verdict,
    /// The reading that holds, or the reason why that is not decided.
    pub(crate) reading: String,
    pub(crate) setting: Option<Setting>,
}

/// A finding that is not judged yet.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    item: &'static str,
    topic: &'static str,
    asked: String,
    seen: String,
}

/// Starts a finding.
pub(crate) fn on(item: &'static str, topic: &'static str, asked: impl Into<String>) -> Question {
    Question {
        item,
        topic,
        asked: asked.into(),
        seen: String::new(),
    }
}

impl Question {
    pub(crate) fn seen(self, seen: impl Into<String>) -> Self {
        Self {
            seen: seen.into(),
            ..self
        }
    }

    pub(crate) fn right(self, reading: impl Into<String>) -> Finding {
        self.judged(Verdict::Right, reading.into(), None)
    }

    pub(crate) fn unfit(self, reading: impl Into<String>) -> Finding {
        self.judged(Verdict::Unfit, reading.into(), None)
    }

    pub(crate) fn open(self, because: impl Into<String>) -> Finding {
        self.judged(Verdict::Open, because.into(), None)
    }

    pub(crate) fn not_asked(self, because: impl Into<String>) -> Finding {
        self.judged(Verdict::NotAsked, because.into(), None)
    }

    /// Decides that the setting must change, unless it has that value already.
    pub(crate) fn set(self, reading: impl Into<String>, setting: Setting) -> Finding {
        let verdict = if setting.current == setting.wanted {
            Verdict::Right
        } else {
            Verdict::Change
        };
        self.judged(verdict, reading.into(), Some(setting))
    }

    fn judged(self, verdict: Verdict, reading: String, setting: Option<Setting>) -> Finding {
        Finding {
            item: self.item,
            topic: self.topic,
            asked: self.asked,
            seen: self.seen,
            verdict,
            reading,
            setting,
        }
    }
}

/// All findings of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) provider: String,
    pub(crate) at: String,
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn add(&mut self, finding: Finding) {
        let setting = finding.setting.as_ref();
        let change = setting
            .filter(|_| finding.verdict == Verdict::Change)
            .map_or(String::new(), |setting| {
                format!("; set {}={}", setting.name, setting.wanted)
            });
        crate::terminal::say(&printable(&format!(
            "  {:<9} #{} {}: {}{change}",
            finding.verdict.as_str(),
            finding.item,
            finding.topic,
            finding.reading
        )));
        self.findings.push(finding);
    }

    fn count(&self, verdict: Verdict) -> usize {
        let all = self.findings.iter();
        all.filter(|finding| finding.verdict == verdict).count()
    }

    /// Returns 0 (all decided and right), 1 (something must change) or 2 (something is not decided).
    pub(crate) fn exit_code(&self) -> u8 {
        if self.count(Verdict::Change) > 0 || self.count(Verdict::Unfit) > 0 {
            1
        } else if self.count(Verdict::Open) > 0 {
            2
        } else {
            0
        }
    }

    fn of(&self, verdict: Verdict) -> impl Iterator<Item = &Finding> {
        let all = self.findings.iter();
        all.filter(move |finding| finding.verdict == verdict)
    }

    /// Formats the report for a terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("live check of {} at {}\n", self.provider, self.at);
        for verdict in Verdict::ALL {
            if self.count(verdict) == 0 {
                continue;
            }
            text.push_str(&format!(
                "\n{} ({})\n",
                verdict.headline(),
                self.count(verdict)
            ));
            for one in self.of(verdict) {
                text.push_str(&format!(
                    "  #{} {}: {}\n",
                    one.item,
                    one.topic,
                    printable(&one.reading)
                ));
                if verdict == Verdict::NotAsked {
                    continue;
                }
                text.push_str(&format!("      asked  {}\n", printable(&one.asked)));
                text.push_str(&format!("      seen   {}\n", printable(&one.seen)));
                if let Some(setting) = &one.setting {
                    text.push_str(&format!("      set    {}\n", printable(&advice(setting))));
                }
            }
        }
        text.push_str(&format!("\n{}\n", self.verdict()));
        text
    }

    fn verdict(&self) -> String {
        format!(
            "{} decided and right, {} settings to change, {} the gateway does not do, {} not decided",
            self.count(Verdict::Right),
            self.count(Verdict::Change),
            self.count(Verdict::Unfit),
            self.count(Verdict::Open)
        )
    }

    /// Formats the report for a file that is kept.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!(
            "# Live check of {}\n\n{}: {}.\n",
            cell(&self.provider),
            self.at,
            self.verdict()
        );
        for verdict in Verdict::ALL {
            if self.count(verdict) == 0 {
                continue;
            }
            text.push_str(&format!(
                "\n## {}\n\n| # | Topic | Asked | Seen | Reading | Setting |\n\
                 | --- | --- | --- | --- | --- | --- |\n",
                verdict.headline()
            ));
            for one in self.of(verdict) {
                let setting = one.setting.as_ref().map(advice).unwrap_or_default();
                text.push_str(&format!(
                    "| {} | {} | {} | {} | {} | {} |\n",
                    one.item,
                    one.topic,
                    cell(&one.asked),
                    cell(&one.seen),
                    cell(&one.reading),
                    cell(&setting)
                ));
            }
        }
        text
    }

    /// Formats the report for programs.
    pub(crate) fn json(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(as_json).collect();
        let summary: serde_json::Map<String, Value> = Verdict::ALL
            .into_iter()
            .map(|verdict| (verdict.as_str().to_owned(), json!(self.count(verdict))))
            .collect();
        json!({
            "provider": self.provider,
            "at": self.at,
            "exit_code": self.exit_code(),
            "summary": summary,
            "findings": findings,
        })
    }
}

fn advice(setting: &Setting) -> String {
    if setting.current == setting.wanted {
        format!("{}={} is right", setting.name, setting.current)
    } else {
        let (name, wanted, current) = (setting.name, &setting.wanted, &setting.current);
        format!("{name}={wanted} (now {current})")
    }
}

fn cell(text: &str) -> String {
    printable(text).replace('|', "\\|")
}

fn as_json(finding: &Finding) -> Value {
    let setting = finding.setting.as_ref().map(|setting| {
        json!({
            "name": setting.name,
            "current": setting.current,
            "wanted": setting.wanted,
            "is_right": setting.current == setting.wanted,
        })
    });
    json!({
        "item": finding.item,
        "topic": finding.topic,
        "asked": finding.asked,
        "seen": finding.seen,
        "verdict": finding.verdict.as_str(),
        "reading": finding.reading,
        "setting": setting,
    })
}
