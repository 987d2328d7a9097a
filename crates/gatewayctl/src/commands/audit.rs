//! Proves the ledger: runs every rule and shows what breaks it.

use ledger::{AUDIT_CHECKS, AuditFinding, LedgerError, Tx, Urgency};
use serde_json::json;

use crate::connect;
use crate::failure::Failure;
use crate::output::{Output, printable};

struct Checked {
    rule: &'static str,
    findings: Vec<AuditFinding>,
}

pub(crate) async fn run() -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let checked = connect::patient_books(&settings)?
        .at(Urgency::Write)
        .transact(all)
        .await?;
    let broken = checked
        .iter()
        .filter(|one| !one.findings.is_empty())
        .count();
    let mut human: String = checked.iter().map(lines).collect();
    human.push_str(&verdict(checked.len(), broken));
    let rules: Vec<_> = checked
        .iter()
        .map(|one| {
            let findings: Vec<&str> = one
                .findings
                .iter()
                .map(|row| row.finding.as_str())
                .collect();
            json!({"rule": one.rule, "ok": findings.is_empty(), "findings": findings})
        })
        .collect();
    let json = json!({"ok": broken == 0, "rules": rules});
    Ok(Output::new(human, json).with_problem(broken > 0))
}

fn all(tx: &mut Tx<'_>) -> Result<Vec<Checked>, LedgerError> {
    AUDIT_CHECKS
        .iter()
        .map(|check| {
            Ok(Checked {
                rule: check.rule,
                findings: tx.audit(check)?,
            })
        })
        .collect()
}

fn lines(checked: &Checked) -> String {
    if checked.findings.is_empty() {
        return format!("ok      {}\n", checked.rule);
    }
    let rows = checked
        .findings
        .iter()
        .map(|row| format!("          {}\n", printable(&row.finding)));
    format!("BROKEN  {}\n{}", checked.rule, rows.collect::<String>())
}

fn verdict(all: usize, broken: usize) -> String {
    if broken == 0 {
        return format!("{all} rules hold\n");
    }
    format!(
        "{broken} of {all} rules are broken: stop payouts from what is named above and find out why\n"
    )
}
