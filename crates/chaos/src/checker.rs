//! The auditing checker: three journals kept outside the gateway against its database, invariant by
//! invariant (numbers of the reliability design), and itself against planted violations. It shares no
//! code with the product. The scenarios call it; it reads the journals, the harness and what the monitor wrote
//! down. Invariant: a check that cannot be seen to fail proves nothing, so each has a violation that is planted.

mod checked;
mod coverage;
mod database;
mod delivery_invariants;
mod evidence;
mod invariants;
mod leak_search;
mod lease_invariants;
mod liveness_invariants;
mod money_invariants;
mod provider;
mod receipt_invariants;
mod seeded_violations;
#[cfg(test)]
mod tests;

use std::time::Instant;

use devstack::Trouble;

pub use evidence::Evidence;

use self::checked::Check;
use self::invariants::{INVARIANTS, LIVENESS};
use crate::harness::rig::Rig;

const FINDINGS_SHOWN: usize = 8;

/// The kind of a run, with its number of faults.
#[derive(Debug, Clone, Copy)]
pub enum Scope {
    /// A run in which all rare states must have been seen.
    Chaos(usize),
    /// A run in which only the invariants must hold.
    Failover(usize),
}

/// Results of the checks.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Lines for the terminal.
    pub lines: Vec<String>,
    /// Rows of the table at the end.
    pub totals: Vec<(String, String)>,
    /// Number of broken rules, missing rare states and plants not found.
    pub violations: usize,
}

impl Verdict {
    fn tell(&mut self, holds: bool, line: String) {
        let word = if holds { "ok      " } else { "VIOLATED" };
        self.lines.push(format!("{word} {line}"));
        self.violations = self.violations.saturating_add(usize::from(!holds));
    }

    fn check(&mut self, evidence: &Evidence, (number, rule, check): (u8, &str, Check)) -> usize {
        let checked = check(evidence);
        let found = checked.findings.len();
        let line = format!("{number:>2} {rule:<42} {:>6} checked", checked.count);
        self.tell(found == 0, line);
        for finding in checked.findings.iter().take(FINDINGS_SHOWN) {
            self.lines.push(format!("           {finding}"));
        }
        if found > FINDINGS_SHOWN {
            self.lines.push(format!("           … {found} in all"));
        }
        found
    }
}

/// Checks everything; the services are stopped for the self-test's copies of the database.
///
/// # Errors
/// Fails when the evidence cannot be read.
pub fn judge(
    rig: &mut Rig,
    audit: Result<String, Trouble>,
    scope: Scope,
) -> Result<Verdict, Trouble> {
    let public = leak_search::search(rig);
    let online = rig.watch.ended();
    for name in rig.services() {
        rig.stack.stop(&name)?;
    }
    let mut evidence = Evidence {
        public: public.public,
        unread: public.unread,
        canaries: public.canaries,
        ..Evidence::read(&rig.journals, &rig.database_url())?
    };
    let (Scope::Chaos(faults) | Scope::Failover(faults)) = scope;
    evidence.tokens_max = tokens_max(&evidence, faults);
    // A run that ended early has not seen everything.
    let scope = match &online.found {
        Some(_) => Scope::Failover(faults),
        None => scope,
    };
    let mut verdict = weigh(&evidence, scope);
    verdict.tell(audit.is_ok(), "gatewayctl audit".to_owned());
    if let Err(trouble) = audit {
        verdict.lines.push(format!("           {trouble}"));
    }
    verdict.tell(online.found.is_none(), online.line());
    verdict.lines.extend(online.found);
    let began = Instant::now();
    let planted = seeded_violations::try_all(&evidence, &rig.database_url())?;
    let found = planted.iter().filter(|(_, found)| *found).count();
    for (name, _) in planted.iter().filter(|(_, found)| !found) {
        verdict.lines.push(format!("           not found: {name}"));
    }
    let (all, took) = (planted.len(), began.elapsed().as_secs());
    verdict.tell(
        found == all,
        format!("29 planted violations are found: {found} of {all} ({took} s)"),
    );
    Ok(verdict)
}

/// Holds every rule against the evidence, without the self-test.
fn weigh(evidence: &Evidence, scope: Scope) -> Verdict {
    let mut verdict = Verdict::default();
    let mut found = std::collections::BTreeMap::new();
    for invariant in INVARIANTS.into_iter().chain(LIVENESS) {
        found.insert(invariant.0, verdict.check(evidence, invariant));
    }
    let rare = match scope {
        Scope::Chaos(_) => coverage::all(evidence),
        Scope::Failover(_) => Vec::new(),
    };
    for (state, count) in rare {
        verdict.tell(count > 0, format!("28 sometimes: {state:<34} {count:>6}"));
    }
    let sum = |numbers: &[u8]| -> usize {
        let found = numbers.iter().filter_map(|number| found.get(number));
        found.sum()
    };
    let accepted = evidence
        .callbacks
        .iter()
        .filter(|callback| callback.is_accepted);
    let promised = evidence
        .exchanges()
        .filter(|(asked, reply)| asked.what == "create" && reply.status < 300);
    let mut total = |name: &str, value: usize| {
        verdict.totals.push((name.to_owned(), value.to_string()));
    };
    total("creates acknowledged", promised.count());
    total("callbacks acknowledged", accepted.count());
    total("payments at the provider", evidence.money().len());
    total("webhooks arrived", evidence.arrived.len());
    total("lost", sum(&[1, 2, 9]));
    total("doubled", sum(&[3, 4, 6, 15, 16]));
    total("money wrong", sum(&[7, 8, 10, 17, 22, 30]));
    total(
        "healed without callback",
        liveness_invariants::healed(evidence),
    );
    let p99 = liveness_invariants::calm_p99(evidence);
    total("create p99, calm (ms)", usize::try_from(p99).unwrap_or(0));
    verdict
}

/// Returns the greatest number of token calls: every replica fetches a token each time one is old
/// (four fifths of a minute), and after every fault.
fn tokens_max(evidence: &Evidence, faults: usize) -> u64 {
    let first = evidence.asked.first().map_or(0, |asked| asked.at_ms);
    let last = evidence.asked.last().map_or(0, |asked| asked.at_ms);
    let rounds = (last.saturating_sub(first) / 48_000).saturating_add(1);
    let faults = u64::try_from(faults).unwrap_or(u64::MAX);
    rounds.saturating_add(faults).saturating_mul(4)
}
