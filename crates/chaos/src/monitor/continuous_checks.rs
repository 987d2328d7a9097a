//! The rules that can be checked in the database alone, at any moment of a run, in one statement
//! and so of one snapshot: cheap forms of the invariants, and counts that never fall.

use std::collections::BTreeMap;

use devstack::{Trouble, run_sql};

/// Rules: the invariant's number, and a query for what breaks it.
pub(crate) const RULES: [(u8, &str); 14] = [
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
         + count(*) FILTER (WHERE order_from = 'paid' AND order_to <> 'paid') \
         UNION ALL SELECT 'order ' || h.order_id || ' left paid' FROM history h \
         WHERE (order_from = 'paid' AND order_to <> 'paid' OR payment_from = 'paid' AND payment_to <> 'paid') \
         AND (order_from = 'paid' AND order_to NOT IN ('paid', 'refunded', 'review') \
         OR payment_from = 'paid' AND payment_to NOT IN ('paid', 'refunded', 'review') \
         OR NOT EXISTS (SELECT FROM journals j WHERE j.order_id = h.order_id AND j.xmin = h.xmin \
         AND j.booking IN ('refund_from_merchant', 'release_suspense')))",
    ),
    (
        9,
        "SELECT 'order ' || o.id || ' is ' || o.state || ' and has ' \
         || sum(p.merchant_minor + p.suspense_minor) FROM orders o JOIN payments p ON p.order_id = o.id \
         WHERE o.state NOT IN ('paid', 'review') GROUP BY o.id, o.state \
         HAVING sum(p.merchant_minor + p.suspense_minor) > 0 OR bool_or(p.state = 'paid')",
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
    (22, BOOKS),
    (22, PLACES),
    (30, RIGHT_SUMS),
    (31, DEAD_ENDS),
    (31, NOTHING_TO_DECIDE),
    (
        18,
        "SELECT 'order ' || o.id || ' lacks versions' FROM orders o LEFT JOIN history h \
         ON h.order_id = o.id GROUP BY o.id, o.version \
         HAVING count(DISTINCT h.order_version) <> o.version",
    ),
];

const BOOKS: &str = "SELECT 'payment ' || p.id || ' is not what its receipts say' FROM payments p \
     LEFT JOIN (SELECT payment_id, \
     sum(amount_minor) FILTER (WHERE verdict IS DISTINCT FROM 'rejected') AS came, \
     sum(returned_minor) FILTER (WHERE verdict IS DISTINCT FROM 'rejected') AS back, \
     sum(amount_minor - returned_minor) FILTER (WHERE held = 'merchant') AS booked, \
     sum(amount_minor - returned_minor) FILTER (WHERE held = 'suspense') AS waits \
     FROM receipts GROUP BY payment_id) r ON r.payment_id = p.id \
     WHERE p.received_minor <> coalesce(r.came, 0) OR p.refunded_minor <> coalesce(r.back, 0) \
     OR p.merchant_minor <> coalesce(r.booked, 0) OR p.suspense_minor <> coalesce(r.waits, 0) \
     UNION ALL SELECT 'order ' || o.id || ' is not what its payments say' FROM orders o \
     JOIN payments p ON p.order_id = o.id GROUP BY o.id, o.paid_minor, o.state \
     HAVING o.paid_minor <> sum(p.merchant_minor) OR (o.state = 'paid') <> (sum(p.merchant_minor) > 0)";
const PLACES: &str = "SELECT 'receipt ' || r.id || ' is not what the books say' FROM receipts r \
     LEFT JOIN (SELECT j.receipt_id, \
     -coalesce(sum(e.minor) FILTER (WHERE e.account = 'merchant_payable'), 0) AS booked, \
     -coalesce(sum(e.minor) FILTER (WHERE e.account = 'suspense'), 0) AS waits \
     FROM journals j JOIN entries e ON e.journal_id = j.id GROUP BY j.receipt_id) b \
     ON b.receipt_id = r.id WHERE coalesce(b.booked, 0) <> \
     CASE r.held WHEN 'merchant' THEN r.amount_minor - r.returned_minor ELSE 0 END \
     OR coalesce(b.waits, 0) <> \
     CASE r.held WHEN 'suspense' THEN r.amount_minor - r.returned_minor ELSE 0 END \
     UNION ALL SELECT 'journal ' || id || ' names no receipt' FROM journals WHERE receipt_id IS NULL";
const RIGHT_SUMS: &str = "SELECT 'order ' || p.order_id || ' has not one right sum' FROM receipts r \
     JOIN payments p ON p.id = r.payment_id GROUP BY p.order_id \
     HAVING count(*) FILTER (WHERE r.held = 'merchant' AND r.verdict IS NULL) > 1 \
     OR bool_or(r.held = 'suspense' AND r.is_right AND r.verdict IS NULL) \
     AND NOT bool_or(r.held = 'merchant') \
     OR min(r.finished_at) FILTER (WHERE r.held = 'suspense' AND r.is_right AND r.verdict IS NULL) \
     < min(r.finished_at) FILTER (WHERE r.held = 'merchant' AND r.verdict IS NULL)";
const DEAD_ENDS: &str = "SELECT 'order ' || o.id || ' is ' || o.state || ' in a dead end' FROM orders o \
     JOIN payments p ON p.order_id = o.id GROUP BY o.id, o.state, o.payer_chooses HAVING \
     o.state = 'failed' AND bool_or(p.state IN ('creating', 'unknown', 'pending')) \
     OR o.state = 'pending' AND NOT o.payer_chooses AND bool_or(p.state = 'refunded') \
     AND NOT bool_or(p.state IN ('creating', 'unknown', 'pending')) \
     OR o.state = 'review' AND NOT bool_or(p.state = 'review' OR p.suspense_minor > 0)";
const NOTHING_TO_DECIDE: &str = "SELECT 'payment ' || p.id || ' waits for no decision' FROM payments p \
     WHERE p.state = 'review' AND p.suspense_minor = 0 AND NOT EXISTS (SELECT FROM receipt_notices n \
     WHERE n.payment_id = p.id AND n.verdict IS NULL)";

/// Tables whose rows nobody removes, and final states.
const NEVER_FEWER: [(&str, &str); 7] = [
    ("notifications", "notifications"),
    ("history", "history"),
    ("journals", "journals"),
    ("receipts", "receipts"),
    ("events", "events"),
    ("delivered", "deliveries WHERE state = 'delivered'"),
    ("became paid", "history WHERE order_to = 'paid'"),
];

/// One look at the database.
#[derive(Debug, Clone, Default)]
pub(crate) struct Look {
    /// Findings, each with the invariant's number.
    pub(crate) findings: Vec<String>,
    /// Counts that must not fall.
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Look {
    /// Parses what [`statement`] printed.
    pub(crate) fn of(printed: &str) -> Self {
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

    /// Returns the counts that have fallen since before.
    pub(crate) fn lost_since(&self, before: &Self) -> Vec<String> {
        let all = before.counts.iter();
        all.filter_map(|(name, had)| {
            let has = self.counts.get(name).copied().unwrap_or(0);
            (has < *had).then(|| format!("1 {name}: {had} before, {has} now"))
        })
        .collect()
    }
}

/// Returns whether a finding is of this invariant.
pub(crate) fn is_of(finding: &str, number: u8) -> bool {
    finding
        .split_once(' ')
        .is_some_and(|(first, _)| first == number.to_string())
}

/// Looks at the database once.
///
/// # Errors
/// Fails when the database does not answer.
pub(crate) fn look(url: &str) -> Result<Look, Trouble> {
    run_sql(url, &statement()).map(|printed| Look::of(&printed))
}

/// Builds the statement for what breaks the rules of this number.
pub(crate) fn statement_of(wanted: u8) -> String {
    let rules = RULES.iter().filter(|(number, _)| *number == wanted);
    let statement: Vec<String> = rules.map(rule).collect();
    statement.join(" UNION ALL ")
}

fn rule((number, query): &(u8, &str)) -> String {
    format!("(SELECT '! {number} ' || said FROM ({query}) broken (said) LIMIT 3)")
}

/// Builds one statement, and so one snapshot, for all of it.
fn statement() -> String {
    let rules = RULES.iter().map(rule);
    let counts = NEVER_FEWER
        .iter()
        .map(|(name, from)| format!("(SELECT '# {name} ' || count(*) FROM {from})"));
    let statement: Vec<String> = rules.chain(counts).collect();
    statement.join(" UNION ALL ")
}
