//! What can be asked of the database alone, at any moment of a run, in one statement and so of one
//! snapshot: cheap forms of the invariants, and counts that never fall.

use std::collections::BTreeMap;

use devstack::{Trouble, run_sql};

/// The invariant's number, and a query for what breaks it.
pub(super) const RULES: [(u8, &str); 9] = [
    (
        4,
        "SELECT 'order ' || order_id || ' has two open payments' FROM payments GROUP BY order_id \
         HAVING count(*) FILTER (WHERE state = 'pending') > 1 \
         OR count(*) FILTER (WHERE state IN ('creating', 'unknown')) > 1",
    ),
    (
        6,
        "SELECT 'order ' || order_id || ' left paid or became paid twice' FROM history GROUP BY order_id \
         HAVING count(*) FILTER (WHERE order_to = 'paid' AND order_from IS DISTINCT FROM 'paid') > 1 \
         OR count(*) FILTER (WHERE order_from = 'paid' AND order_to NOT IN ('paid', 'refunded')) > 0 \
         OR count(*) FILTER (WHERE payment_from = 'paid' AND payment_to NOT IN ('paid', 'refunded')) > 0",
    ),
    (
        9,
        "SELECT 'order ' || o.id || ' is ' || o.state || ' and has ' || sum(p.received_minor) \
         FROM orders o JOIN payments p ON p.order_id = o.id \
         WHERE o.state IN ('pending', 'expired', 'cancelled', 'failed') AND p.state = 'paid' \
         GROUP BY o.id",
    ),
    (
        10,
        "SELECT 'journal ' || j.id || ' does not sum to zero' FROM journals j \
         LEFT JOIN entries e ON e.journal_id = j.id GROUP BY j.id \
         HAVING coalesce(sum(e.minor), 1) <> 0 OR count(e.line) < 2",
    ),
    (
        10,
        "SELECT 'order ' || h.order_id || ' was paid untold' FROM history h \
         WHERE h.order_to = 'paid' AND h.order_from <> 'paid' AND NOT EXISTS (SELECT FROM events e \
         WHERE e.order_id = h.order_id AND e.order_version = h.order_version)",
    ),
    (
        11,
        "SELECT 'event ' || min(id::text) || ' is doubled' FROM events WHERE order_id IS NOT NULL \
         GROUP BY order_id, type, order_version HAVING count(*) > 1 \
         UNION ALL SELECT 'event ' || d.event_id || ' is gone' FROM deliveries d \
         WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = d.event_id)",
    ),
    (
        15,
        "SELECT subject || ' ' || key || ' had two owners' FROM lease_watch.changes \
         WHERE owner IS NOT NULL AND before_owner IS NOT NULL AND before_until > at \
         UNION ALL SELECT 'event ' || event_id || ' has a try twice' FROM delivery_tries \
         GROUP BY event_id, endpoint_id, try_no HAVING count(*) > 1 \
         UNION ALL SELECT 'event ' || d.event_id || ' has more tries than leases' FROM deliveries d \
         LEFT JOIN (SELECT key, count(*) AS given_back FROM lease_watch.changes \
         WHERE subject = 'delivery' AND owner IS NULL GROUP BY key) c \
         ON c.key = d.event_id || '/' || d.endpoint_id WHERE d.tries > coalesce(c.given_back, 0)",
    ),
    (
        17,
        "SELECT 'payment ' || p.id || ' is not of its order''s amount' FROM payments p \
         JOIN orders o ON o.id = p.order_id WHERE p.amount_minor <> o.amount_minor",
    ),
    (
        18,
        "SELECT 'order ' || o.id || ' lacks versions' FROM orders o LEFT JOIN history h \
         ON h.order_id = o.id GROUP BY o.id, o.version \
         HAVING count(DISTINCT h.order_version) <> o.version",
    ),
];

/// Tables whose rows nobody takes away, and what is final.
const NEVER_FEWER: [(&str, &str); 7] = [
    ("notifications", "notifications"),
    ("history", "history"),
    ("journals", "journals"),
    ("receipts", "receipts"),
    ("events", "events"),
    ("delivered", "deliveries WHERE state = 'delivered'"),
    ("paid", "orders WHERE state IN ('paid', 'refunded')"),
];

/// One look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Look {
    /// What is broken, with the invariant's number.
    pub(crate) findings: Vec<String>,
    /// Counts that must not fall.
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Look {
    /// What [`statement`] printed.
    pub(super) fn of(printed: &str) -> Self {
        let mut look = Self::default();
        for line in printed.lines() {
            if let Some(finding) = line.strip_prefix("! ") {
                look.findings.push(finding.to_owned());
            }
            let count = line.strip_prefix("# ").and_then(|one| one.split_once(' '));
            if let Some((name, count)) = count {
                let count = count.parse().unwrap_or(0);
                look.counts.insert(name.to_owned(), count);
            }
        }
        look
    }

    /// What was there before and is gone.
    pub(crate) fn lost_since(&self, before: &Self) -> Vec<String> {
        let all = before.counts.iter();
        all.filter_map(|(name, had)| {
            let has = self.counts.get(name).copied().unwrap_or(0);
            (has < *had).then(|| format!("1 {name}: {had} before, {has} now"))
        })
        .collect()
    }
}

/// Whether a finding is of this invariant.
pub(super) fn is_of(finding: &str, number: u8) -> bool {
    finding
        .split_once(' ')
        .is_some_and(|(first, _)| first == number.to_string())
}

/// Looks.
///
/// # Errors
/// When the database does not answer.
pub(crate) fn look(url: &str) -> Result<Look, Trouble> {
    run_sql(url, &statement()).map(|printed| Look::of(&printed))
}

/// One statement, and so one snapshot, for all of it.
pub(super) fn statement() -> String {
    let rules = RULES.iter().map(|(number, query)| {
        format!("(SELECT '! {number} ' || said FROM ({query}) broken (said) LIMIT 3)")
    });
    let counts = NEVER_FEWER
        .iter()
        .map(|(name, from)| format!("(SELECT '# {name} ' || count(*) FROM {from})"));
    let statement: Vec<String> = rules.chain(counts).collect();
    statement.join(" UNION ALL ")
}
