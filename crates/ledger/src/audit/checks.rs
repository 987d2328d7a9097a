//! The proof of the ledger: each check is a query that must return nothing (`gatewayctl audit`).

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::error::LedgerError;
use crate::tx::Tx;

/// A rule of the ledger and the query for rows that break it.
#[derive(Debug, Clone, Copy)]
pub struct AuditCheck {
    /// The rule, as a sentence.
    pub rule: &'static str,
    query: &'static str,
}

/// A row that breaks a rule.
#[derive(Debug, Clone, QueryableByName)]
pub struct AuditFinding {
    /// The fault and its place.
    #[diesel(sql_type = Text)]
    pub finding: String,
}

/// Settings for an audit, which compares whole tables, as no other transaction may.
const READ_WHOLE_TABLES: &str = "SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on; \
     SET LOCAL enable_mergejoin = on";
/// Number of rows shown of each broken rule.
const FINDINGS_MAX: usize = 20;

/// Every rule.
pub const AUDIT_CHECKS: &[AuditCheck] = &[
    AuditCheck {
        rule: "every journal has at least two entries that sum to zero",
        query: "SELECT 'journal ' || j.id AS finding FROM journals j \
                LEFT JOIN entries e ON e.journal_id = j.id GROUP BY j.id \
                HAVING coalesce(sum(e.minor), 1) <> 0 OR count(e.line) < 2 LIMIT 20",
    },
    AuditCheck {
        rule: "what a payment holds for its merchant is what the books say",
        query: "SELECT 'payment ' || p.id AS finding FROM payments p \
                LEFT JOIN (SELECT j.payment_id, \
                    -coalesce(sum(e.minor) FILTER (WHERE e.account = 'merchant_payable'), 0) AS m, \
                    -coalesce(sum(e.minor) FILTER (WHERE e.account = 'suspense'), 0) AS s \
                    FROM journals j JOIN entries e ON e.journal_id = j.id GROUP BY j.payment_id) b \
                  ON b.payment_id = p.id \
                WHERE p.merchant_minor <> coalesce(b.m, 0) OR p.suspense_minor <> coalesce(b.s, 0) \
                LIMIT 20",
    },
    AuditCheck {
        rule: "an order's paid amount is what is booked to its merchant",
        query: "SELECT 'order ' || o.id AS finding FROM orders o \
                LEFT JOIN (SELECT order_id, sum(merchant_minor) AS paid \
                    FROM payments GROUP BY order_id) p ON p.order_id = o.id \
                WHERE o.paid_minor <> coalesce(p.paid, 0) LIMIT 20",
    },
    AuditCheck {
        rule: "a paid order has a paid payment, and a paid payment has its money in the books",
        query: "SELECT 'order ' || o.id AS finding FROM orders o WHERE o.state = 'paid' \
                AND NOT EXISTS (SELECT FROM payments p WHERE p.order_id = o.id AND p.state = 'paid') \
                UNION ALL \
                SELECT 'payment ' || p.id FROM payments p WHERE p.state = 'paid' \
                AND NOT EXISTS (SELECT FROM journals j WHERE j.payment_id = p.id) LIMIT 20",
    },
    AuditCheck {
        rule: "money in the books belongs to a payment that received it",
        query: "SELECT 'payment ' || p.id || ' is ' || p.state AS finding FROM payments p \
                WHERE p.merchant_minor > 0 AND p.state <> 'paid' LIMIT 20",
    },
    AuditCheck {
        rule: "paid is left only by what went back",
        query: "SELECT 'order ' || order_id || ' at ' || at AS finding FROM history \
                WHERE order_from = 'paid' AND order_to NOT IN ('paid', 'refunded', 'review') \
                  AND fact <> 'review_rejected' \
                UNION ALL SELECT 'payment ' || payment_id || ' at ' || at FROM history \
                WHERE payment_from = 'paid' AND payment_to NOT IN ('paid', 'refunded', 'review') \
                  AND fact <> 'review_rejected' \
                LIMIT 20",
    },
    AuditCheck {
        rule: "every version of an order has one history row, from 1 without a gap",
        query: "SELECT 'order ' || o.id AS finding FROM orders o \
                LEFT JOIN (SELECT order_id, count(DISTINCT order_version) AS versions, \
                    max(order_version) AS newest FROM history GROUP BY order_id) h \
                  ON h.order_id = o.id \
                WHERE o.created_at >= (SELECT kept_since('history')) AND (h.versions IS DISTINCT FROM o.version::bigint OR h.newest <> o.version) LIMIT 20",
    },
    AuditCheck {
        rule: "an order and its payments are in the state their history says",
        query: "SELECT 'payment ' || p.id || ' is ' || p.state AS finding FROM payments p \
                WHERE p.created_at >= (SELECT kept_since('history')) \
                  AND p.state IS DISTINCT FROM (SELECT h.payment_to FROM history h \
                    WHERE h.order_id = p.order_id AND h.payment_id = p.id \
                      AND h.at >= p.created_at - interval '31 days' AND h.payment_to IS NOT NULL ORDER BY h.id DESC LIMIT 1) \
                UNION ALL SELECT 'order ' || o.id || ' is ' || o.state FROM orders o \
                WHERE o.created_at >= (SELECT kept_since('history')) \
                  AND o.state IS DISTINCT FROM (SELECT h.order_to FROM history h \
                    WHERE h.order_id = o.id AND h.at >= o.created_at - interval '31 days' \
                      AND h.order_to IS NOT NULL \
                    ORDER BY h.id DESC LIMIT 1) LIMIT 20",
    },
    AuditCheck {
        rule: "every order that was paid has told its merchant so",
        query: "SELECT 'order ' || o.id AS finding FROM orders o \
                WHERE o.paid_at >= (SELECT kept_since('outbox') + interval '1 day') \
                AND (o.state = 'paid' OR EXISTS (SELECT FROM history h WHERE h.order_id = o.id \
                    AND h.at >= o.created_at - interval '31 days' AND h.order_to = 'paid')) \
                AND NOT EXISTS (SELECT FROM events e WHERE e.order_id = o.id \
                    AND e.type IN ('order.paid', 'order.paid_late', 'order.refunded')) LIMIT 20",
    },
    AuditCheck {
        rule: "an order and version is told at most once in one way",
        query: "SELECT 'order ' || order_id || ' version ' || order_version AS finding FROM events \
                WHERE order_id IS NOT NULL \
                GROUP BY order_id, order_version, type HAVING count(*) > 1 LIMIT 20",
    },
    AuditCheck {
        rule: "every notification that took effect names its payment",
        query: "SELECT 'notification ' || id AS finding FROM notifications \
                WHERE verdict IN ('applied', 'asked') AND payment_id IS NULL LIMIT 20",
    },
    AuditCheck {
        rule: "a payment never outlives its order and asks for its amount",
        query: "SELECT 'payment ' || p.id AS finding FROM payments p JOIN orders o ON o.id = p.order_id \
                WHERE p.expires_at > o.expires_at OR p.amount_minor <> o.amount_minor \
                   OR p.merchant_id <> o.merchant_id LIMIT 20",
    },
    AuditCheck {
        rule: "of an order's receipts one right sum at most is its money, or those that a person accepted",
        query: "SELECT 'order ' || p.order_id AS finding FROM receipts r \
                JOIN payments p ON p.id = r.payment_id WHERE r.held = 'merchant' \
                GROUP BY p.order_id HAVING count(*) FILTER (WHERE r.verdict IS NULL) > 1 \
                    OR (count(*) FILTER (WHERE r.verdict IS NULL) > 0 \
                        AND count(*) FILTER (WHERE r.verdict = 'accepted') > 0) LIMIT 20",
    },
    AuditCheck {
        rule: "a payment received, returned and holds what its receipts say",
        query: "SELECT 'payment ' || p.id AS finding FROM payments p \
                JOIN (SELECT payment_id, \
                    coalesce(sum(amount_minor) FILTER (WHERE verdict IS DISTINCT FROM 'rejected'), 0) AS came, \
                    coalesce(sum(returned_minor) FILTER (WHERE verdict IS DISTINCT FROM 'rejected'), 0) AS back, \
                    coalesce(sum(amount_minor - returned_minor) FILTER (WHERE held = 'merchant'), 0) AS booked, \
                    coalesce(sum(amount_minor - returned_minor) FILTER (WHERE held = 'suspense'), 0) AS suspended \
                    FROM receipts GROUP BY payment_id HAVING bool_and(received_minor IS NOT NULL)) r \
                  ON r.payment_id = p.id \
                WHERE (p.received_minor, p.refunded_minor, p.merchant_minor, p.suspense_minor) \
                    IS DISTINCT FROM (r.came::bigint, r.back::bigint, r.booked::bigint, r.suspended::bigint) \
                UNION ALL SELECT 'payment ' || p.id FROM payments p \
                WHERE p.merchant_minor + p.suspense_minor > 0 \
                  AND NOT EXISTS (SELECT FROM receipts r WHERE r.payment_id = p.id) LIMIT 20",
    },
    AuditCheck {
        rule: "what is left of a receipt, and where, is what the books say of it",
        query: "SELECT 'receipt ' || r.id AS finding FROM receipts r \
                LEFT JOIN (SELECT j.receipt_id, \
                    -coalesce(sum(e.minor) FILTER (WHERE e.account = 'merchant_payable'), 0) AS m, \
                    -coalesce(sum(e.minor) FILTER (WHERE e.account = 'suspense'), 0) AS s \
                    FROM journals j JOIN entries e ON e.journal_id = j.id \
                    WHERE j.receipt_id IS NOT NULL GROUP BY j.receipt_id) b ON b.receipt_id = r.id \
                WHERE r.received_minor IS NOT NULL \
                  AND NOT EXISTS (SELECT FROM journals j WHERE j.payment_id = r.payment_id AND j.receipt_id IS NULL) \
                  AND (coalesce(b.m, 0), coalesce(b.s, 0)) IS DISTINCT FROM ( \
                    CASE WHEN r.held = 'merchant' THEN r.amount_minor - r.returned_minor ELSE 0 END::numeric, \
                    CASE WHEN r.held = 'suspense' THEN r.amount_minor - r.returned_minor ELSE 0 END::numeric) \
                LIMIT 20",
    },
    AuditCheck {
        rule: "a right receipt is booked with what was asked for, any other with what came",
        query: "SELECT 'receipt ' || r.id AS finding FROM receipts r JOIN payments p ON p.id = r.payment_id \
                WHERE r.received_minor IS NOT NULL AND r.amount_minor <> \
                    CASE WHEN r.is_right THEN p.amount_minor ELSE r.received_minor END LIMIT 20",
    },
    AuditCheck {
        rule: "an order that waits for a decision has something to be decided",
        query: "SELECT 'order ' || o.id AS finding FROM orders o WHERE o.state = 'review' \
                AND NOT EXISTS (SELECT FROM payments p WHERE p.order_id = o.id \
                    AND (p.state = 'review' OR p.suspense_minor > 0)) \
                UNION ALL SELECT 'order ' || o.id FROM orders o JOIN payments p ON p.order_id = o.id \
                WHERE o.state NOT IN ('review', 'paid') AND p.suspense_minor > 0 LIMIT 20",
    },
    AuditCheck {
        rule: "no refund waits for more than is left",
        query: "SELECT 'refund ' || r.id AS finding FROM refunds r JOIN payments p ON p.id = r.payment_id \
                WHERE r.state = 'manual_required' AND r.amount_minor > p.merchant_minor LIMIT 20",
    },
    AuditCheck {
        rule: "what is open has something that will end it",
        query: "SELECT 'payment ' || p.id || ' is ' || p.state AS finding FROM payments p \
                WHERE p.state IN ('creating', 'unknown', 'pending') AND NOT EXISTS ( \
                    SELECT FROM provider_work w WHERE w.payment_id = p.id AND w.kind = 'expire') \
                UNION ALL SELECT 'order ' || id FROM orders \
                WHERE state = 'pending' AND expiry_due_at IS NULL LIMIT 20",
    },
];

impl Tx<'_> {
    /// Runs one check; an empty result is the proof.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn audit(&mut self, check: &AuditCheck) -> Result<Vec<AuditFinding>, LedgerError> {
        let connection = self.connection()?;
        connection.batch_execute(READ_WHOLE_TABLES)?;
        let mut findings: Vec<AuditFinding> = diesel::sql_query(check.query).load(connection)?;
        findings.truncate(FINDINGS_MAX);
        Ok(findings)
    }
}
