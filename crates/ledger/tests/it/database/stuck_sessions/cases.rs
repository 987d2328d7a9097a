//! The ground of the stuck sessions: a ledger over a database that can be held up, changes that can be asked
//! for any number of times, and their effects.

use std::sync::Arc;
use std::time::Duration;

use ayolinx_core::ids::{EndpointId, MerchantId};
use ayolinx_core::method::Method;
use ayolinx_core::reading::Channelled;
use ayolinx_core::secret::Secret;
use chrono::TimeDelta;
use devstack::run_sql;
use ledger::{
    AUDIT_CHECKS, CallEnd, DeliveryNext, InboundNotification, LeasedDelivery, Ledger, LedgerError,
    LedgerSettings, NewEndpoint, NewOrder, TryResult,
};
use prometheus::Registry;
use prometheus::proto::Metric;
use uuid::Uuid;

use crate::callbacks::inbox::{inbound, says};
use crate::support::{Started, accepted, context, keyed, order, started};

/// What shares its commit with others.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Order,
    CallEnd,
    Callback,
    Try,
}

/// Where its session is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    Idle,
    Statement,
    Commit,
}

impl Point {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Statement => "statement",
            Self::Commit => "commit",
        }
    }
}

/// A change that can be asked for any number of times.
#[derive(Clone)]
pub(crate) enum Change {
    Order(Box<NewOrder>),
    CallEnd(CallEnd),
    Callback(InboundNotification),
    Try(Arc<LeasedDelivery>),
}

/// Its database has a table `holds`: whoever writes what the change writes comes to a stand at the point
/// that is named there.
pub(crate) struct Case {
    url: String,
    pub(crate) ledger: Ledger,
    registry: Registry,
    merchant: MerchantId,
}

fn nobody_left() -> ledger::OnUntaken {
    Arc::new(|_begun| {})
}

impl Case {
    pub(crate) async fn open(url: String, connections_max: u32, deadline: Duration) -> Self {
        let settings = LedgerSettings {
            database_url: url.clone(),
            connections_max,
            waiting_max: 100,
            deadline,
        };
        let (ledger, registry) = (Ledger::new(&settings, context()), Registry::new());
        ledger.register(&registry).unwrap();
        let merchant = MerchantId::from_uuid(Uuid::now_v7());
        let add = move |tx: &mut ledger::Tx<'_>| tx.add_merchant(merchant, "Warung Budi");
        ledger
            .at(ledger::Urgency::Write)
            .transact(add)
            .await
            .unwrap();
        Self {
            url,
            ledger,
            registry,
            merchant,
        }
    }

    pub(crate) fn sql(&self, statement: &str) -> String {
        run_sql(&self.url, statement).unwrap().trim().to_owned()
    }

    async fn creating(&self, reference: &str) -> Started {
        let new = order(self.merchant, reference, Some(Method::Qris));
        let claim = keyed(reference, reference);
        let begun = self
            .ledger
            .at(ledger::Urgency::Write)
            .transact(move |tx| tx.begin_order(&new, &claim))
            .await;
        started(begun.unwrap())
    }

    async fn pending(&self, reference: &str) -> Started {
        let one = self.creating(reference).await;
        let (payment, token) = (one.payment, one.token);
        let settle =
            move |tx: &mut ledger::Tx<'_>| tx.settle_call(payment, token, &accepted(Method::Qris));
        self.ledger
            .at(ledger::Urgency::Write)
            .transact(settle)
            .await
            .unwrap();
        one
    }

    pub(crate) async fn change(&self, kind: Kind) -> Change {
        match kind {
            Kind::Order => Change::Order(Box::new(self.new_order("A-1"))),
            Kind::CallEnd => {
                let one = self.creating("A-1").await;
                Change::CallEnd(CallEnd {
                    payment: one.payment,
                    token: one.token,
                    outcome: accepted(Method::Qris),
                    keep: None,
                })
            }
            Kind::Callback => {
                let body = says(self.pending("A-1").await.payment, "00", "150000.00");
                Change::Callback(inbound(&body, Channelled::Callback))
            }
            Kind::Try => {
                let new = NewEndpoint {
                    id: EndpointId::from_uuid(Uuid::now_v7()),
                    merchant_id: self.merchant,
                    url: "https://shop.example.co.id/hook".to_owned(),
                    event_types: None,
                    secret: Secret::new("whsec_hook".to_owned()),
                };
                let add = move |tx: &mut ledger::Tx<'_>| tx.add_endpoint(&new);
                self.ledger
                    .at(ledger::Urgency::Write)
                    .transact(add)
                    .await
                    .unwrap();
                self.pending("A-1").await;
                let lease =
                    |tx: &mut ledger::Tx<'_>| tx.lease_deliveries(1, 1, TimeDelta::minutes(10));
                let mut leased = self
                    .ledger
                    .at(ledger::Urgency::Write)
                    .transact(lease)
                    .await
                    .unwrap();
                Change::Try(Arc::new(leased.remove(0)))
            }
        }
    }

    pub(crate) fn new_order(&self, reference: &str) -> NewOrder {
        order(self.merchant, reference, Some(Method::Qris))
    }

    /// The writer's sessions that are not stopped already, at this point.
    pub(crate) fn writer_at(&self, point: Point) -> Option<String> {
        let wait = if point == Point::Idle {
            "ClientRead"
        } else {
            "PgSleep"
        };
        let found = self.sql(&format!(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name = 'ayolinx-gateway-writer' AND wait_event = '{wait}'"
        ));
        found.lines().next().map(str::to_owned)
    }

    pub(crate) fn given_up(&self, session: &str) -> f64 {
        let metric = self.metric("gateway_db_sessions_given_up", session);
        metric.get_gauge().get_value()
    }

    pub(crate) fn replaced(&self, session: &str) -> f64 {
        let metric = self.metric("gateway_db_sessions_replaced_total", session);
        metric.get_counter().get_value()
    }

    fn metric(&self, name: &str, session: &str) -> Metric {
        let families = self.registry.gather();
        let family = families.iter().find(|it| it.name() == name).unwrap();
        let metrics = family.get_metric().iter();
        let mut of_session = metrics.filter(|it| it.get_label()[0].value() == session);
        of_session.next().unwrap().clone()
    }

    pub(crate) async fn audit(&self) {
        let proved = self.ledger.at(ledger::Urgency::Write).transact(|tx| {
            for check in AUDIT_CHECKS {
                assert!(tx.audit(check)?.is_empty(), "{}", check.rule);
            }
            Ok(())
        });
        proved.await.unwrap();
    }
}

pub(crate) async fn ask(ledger: Ledger, change: Change) -> Result<(), LedgerError> {
    match change {
        Change::Order(new) => {
            let claim = keyed(&new.reference, &new.reference);
            let begun = ledger.begin_order(*new, claim, nobody_left()).await;
            begun.map(|_| ())
        }
        Change::CallEnd(end) => ledger.end_call(end).await.map(|_| ()),
        Change::Callback(inbound) => ledger.receive(inbound).await.map(|_| ()),
        Change::Try(delivery) => {
            let result = TryResult {
                next: DeliveryNext::Delivered,
                outcome: "delivered".to_owned(),
                status: Some(200),
                duration_ms: 12,
            };
            let settled = ledger.settle_delivery(&delivery, &result).await;
            settled.map(|_| ())
        }
    }
}

/// The effect of a change, read from the tables, and what it is when it was made once.
pub(crate) const fn effect(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Order => (
            "SELECT (SELECT count(*) FROM orders WHERE reference = 'A-1'), \
                 (SELECT count(*) FROM payments JOIN orders ON orders.id = order_id \
                  WHERE reference = 'A-1')",
            "1|1",
        ),
        Kind::CallEnd => (
            "SELECT count(*) FILTER (WHERE type = 'order.payable') FROM events JOIN orders \
             ON orders.id = order_id WHERE reference = 'A-1'",
            "1",
        ),
        Kind::Callback => (
            "SELECT (SELECT count(*) FROM receipts), (SELECT sum(received_minor) FROM receipts), \
                 (SELECT count(*) FROM events WHERE type = 'order.paid')",
            "1|15000000|1",
        ),
        Kind::Try => (
            "SELECT (SELECT string_agg(state, ',') FROM deliveries WHERE tries > 0), \
                 (SELECT count(*) FROM delivery_tries)",
            "delivered|1",
        ),
    }
}

/// Whoever writes one of these rows comes to a stand, in the statement or in the commit.
pub(crate) const HOLDS: &str = "CREATE TABLE holds (point text PRIMARY KEY); \
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        WHILE EXISTS (SELECT FROM holds WHERE point = TG_ARGV[0]) LOOP \
            PERFORM pg_sleep(0.01); \
        END LOOP; RETURN NEW; END $$; \
    CREATE TRIGGER hold_1 BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION hold('statement'); \
    CREATE TRIGGER hold_1 BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION hold('statement'); \
    CREATE TRIGGER hold_1 BEFORE INSERT ON receipts FOR EACH ROW EXECUTE FUNCTION hold('statement'); \
    CREATE TRIGGER hold_1 BEFORE UPDATE ON deliveries FOR EACH ROW EXECUTE FUNCTION hold('statement'); \
    CREATE CONSTRAINT TRIGGER hold_2 AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION hold('commit'); \
    CREATE CONSTRAINT TRIGGER hold_2 AFTER UPDATE ON payments DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION hold('commit'); \
    CREATE CONSTRAINT TRIGGER hold_2 AFTER INSERT ON receipts DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION hold('commit'); \
    CREATE CONSTRAINT TRIGGER hold_2 AFTER UPDATE ON deliveries DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION hold('commit')";
