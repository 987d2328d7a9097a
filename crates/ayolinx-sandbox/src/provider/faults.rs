//! Rules that make the sandbox misbehave: which call, how often, and what. The first rule that fires decides.
//! `{"call":"qris_generate","channel":"BNC_QRIS","reference":"…","skip":0,"times":1,"probability":0.5,"seed":7,
//! "action":{"kind":"delay","ms":500}}`: all but `action` optional; an action without fields may be its bare name.
//! `call` is a call's name, `callback`, or `*` (default: every call, or callbacks for an action only they know).
//! The kinds with their fields stand in [`Action`] and, as examples, in the reply of `GET /_sandbox/faults`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};

use crate::protocol::calls::Call;

mod action;
mod probability;

pub(crate) use action::Action;
use probability::Chance;

/// Maximum number of rules kept at once.
const RULES_MAX: usize = 1_000;
/// The value of `call` in a rule about callbacks.
const CALLBACK: &str = "callback";

/// The next event, for rules to match.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// The call; nothing for a callback.
    pub(crate) call: Option<Call>,
    /// `additionalInfo.channel`.
    pub(crate) channel: Option<&'a str>,
    /// The merchant's reference.
    pub(crate) reference: Option<&'a str>,
}

/// A rule as it is posted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    call: Option<String>,
    channel: Option<String>,
    reference: Option<String>,
    #[serde(default)]
    skip: u64,
    times: Option<u64>,
    probability: Option<Number>,
    #[serde(default)]
    seed: u64,
    action: Value,
}

#[derive(Debug)]
struct Rule {
    id: u64,
    text: RuleText,
    about: About,
    action: Action,
    chance: Chance,
    matched: u64,
    fired: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum About {
    EveryCall,
    OneCall(Call),
    Callback,
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    inner: Mutex<(u64, Vec<Rule>)>,
}

impl Faults {
    /// Adds one rule or a list; all or none.
    pub(crate) fn add(&self, posted: Value) -> Result<(), String> {
        let posted = match posted {
            Value::Array(list) => list,
            one => vec![one],
        };
        let mut rules = posted
            .into_iter()
            .map(Rule::read)
            .collect::<Result<Vec<_>, _>>()?;
        let mut inner = self.lock();
        let (last_id, known) = &mut *inner;
        if known.len().saturating_add(rules.len()) > RULES_MAX {
            return Err(format!("more than {RULES_MAX} rules"));
        }
        for rule in &mut rules {
            *last_id = last_id.saturating_add(1);
            rule.id = *last_id;
        }
        known.append(&mut rules);
        Ok(())
    }

    /// Returns the action of the first rule that fires for this target.
    pub(crate) fn pick(&self, target: &Target<'_>) -> Option<Action> {
        let mut inner = self.lock();
        let (_last_id, rules) = &mut *inner;
        rules
            .iter_mut()
            .find_map(|rule| (rule.matches(target) && rule.fires()).then(|| rule.action.clone()))
    }

    /// Removes every rule.
    pub(crate) fn clear(&self) {
        self.lock().1.clear();
    }

    /// Removes one rule.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut inner = self.lock();
        let before = inner.1.len();
        inner.1.retain(|rule| rule.id != id);
        inner.1.len() != before
    }

    /// Returns the rules with their counters.
    pub(crate) fn view(&self) -> Value {
        self.lock().1.iter().map(Rule::view).collect()
    }

    fn lock(&self) -> MutexGuard<'_, (u64, Vec<Rule>)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule {
    fn read(posted: Value) -> Result<Self, String> {
        let text: RuleText = serde_json::from_value(posted).map_err(|error| error.to_string())?;
        let action = Action::read(&text.action)?;
        let about = match text.call.as_deref() {
            None | Some("*") if action.is_only_for_callbacks() => About::Callback,
            None | Some("*") => About::EveryCall,
            Some(CALLBACK) => About::Callback,
            Some(name) => About::OneCall(
                Call::ALL
                    .into_iter()
                    .find(|call| call.name() == name)
                    .ok_or_else(|| format!("unknown call {name}"))?,
            ),
        };
        let fits = match about {
            About::Callback => action.suits_callbacks(),
            About::EveryCall | About::OneCall(_) => !action.is_only_for_callbacks(),
        };
        if !fits {
            return Err("this action does not suit this call".to_owned());
        }
        let chance = Chance::read(text.probability.as_ref(), text.seed)?;
        Ok(Self {
            id: 0,
            text,
            about,
            action,
            chance,
            matched: 0,
            fired: 0,
        })
    }

    fn matches(&self, target: &Target<'_>) -> bool {
        let right_call = match (&self.about, target.call) {
            (About::EveryCall, Some(_)) | (About::Callback, None) => true,
            (About::OneCall(mine), Some(call)) => *mine == call,
            _ => false,
        };
        right_call
            && fits(self.text.channel.as_deref(), target.channel)
            && fits(self.text.reference.as_deref(), target.reference)
    }

    fn fires(&mut self) -> bool {
        self.matched = self.matched.saturating_add(1);
        if self.matched <= self.text.skip
            || self.text.times.is_some_and(|times| self.fired >= times)
            || !self.chance.happens()
        {
            return false;
        }
        self.fired = self.fired.saturating_add(1);
        true
    }

    fn view(&self) -> Value {
        json!({"id": self.id, "rule": self.text, "matched": self.matched, "fired": self.fired})
    }
}

fn fits(wanted: Option<&str>, actual: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| Some(wanted) == actual)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(call: Option<Call>) -> Target<'static> {
        Target {
            call,
            channel: Some("BNC_QRIS"),
            reference: Some("INV-1"),
        }
    }

    #[test]
    fn a_rule_skips_then_fires_so_many_times() {
        let faults = Faults::default();
        faults
            .add(json!({"call":"qris_generate","skip":1,"times":2,"action":"drop_after_effect"}))
            .unwrap();
        let fired: Vec<bool> = (0..5)
            .map(|_| faults.pick(&target(Some(Call::QrisGenerate))).is_some())
            .collect();
        assert_eq!(fired, [false, true, true, false, false]);
        assert!(faults.pick(&target(Some(Call::QrisQuery))).is_none());
    }

    #[test]
    fn callbacks_and_calls_do_not_share_rules() {
        let faults = Faults::default();
        faults.add(json!([{"action":{"kind":"duplicate","times":3}}, {"action":{"kind":"delay","ms":1}}])).unwrap();
        assert_eq!(
            faults.pick(&target(None)),
            Some(Action::Duplicate { times: 3 })
        );
        assert_eq!(
            faults.pick(&target(Some(Call::Token))),
            Some(Action::Delay { ms: 1 })
        );
        faults.clear();
        assert!(faults.pick(&target(None)).is_none());
    }

    #[test]
    fn every_published_example_is_a_rule() {
        let faults = Faults::default();
        for example in Action::examples() {
            faults.add(example).unwrap();
        }
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        let faults = Faults::default();
        for (rule, part) in [
            (json!({"action":"explode"}), "explode"),
            (json!({"call":"nothing","action":"hang"}), "nothing"),
            (json!({"call":"token","action":"reorder"}), "suit"),
            (json!({"call":"callback","action":"html_502"}), "suit"),
            (json!({"action":"hang","probability":1.5}), "probability"),
            (json!({"action":"hang","chance":1}), "chance"),
            (json!({"action":{"kind":"delay"}}), "ms"),
        ] {
            let message = faults.add(rule).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn chance_is_seeded() {
        let run = |seed: u64| {
            let faults = Faults::default();
            faults
                .add(json!({"action":"hang","probability":0.5,"seed":seed}))
                .unwrap();
            (0..64)
                .map(|_| faults.pick(&target(Some(Call::Token))).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let hits = run(7).into_iter().filter(|hit| *hit).count();
        assert!((16..=48).contains(&hits), "{hits}");
    }
}
