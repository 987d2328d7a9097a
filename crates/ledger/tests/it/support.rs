//! A ledger over a database of its own, and short ways to orders, payments and words about them.

use std::sync::Arc;
use std::time::Duration;

use ayolinx_core::channels::{ChannelTable, Environment};
use ayolinx_core::ids::{EndpointId, MerchantId, OrderId, PaymentId};
use ayolinx_core::intake::ReviewVerdict;
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use ayolinx_core::order_view::{Customer, Links, OrderView};
use ayolinx_core::payment::Fact;
use ayolinx_core::reading::ProviderWord;
use ayolinx_core::schedule::Schedule;
use ayolinx_core::sealing::Keyring;
use ayolinx_core::secret::Secret;
use chrono::{DateTime, TimeDelta, Utc};
use devstack::TestDatabase;
use ledger::{
    AUDIT_CHECKS, Applied, Begun, Call, CallOutcome, Claim, Context, Ledger, LedgerError,
    LedgerSettings, NewEndpoint, NewOrder, NewPayment, Observation, Plans, Resolved, Source, Tx,
    Urgency,
};
use uuid::Uuid;

pub(crate) mod crowd;
mod values;

pub(crate) use values::{accepted, paid, refused, transfer, unknown, word};

pub(crate) const PRICE: i64 = 150_000;

pub(crate) struct Books {
    pub(crate) ledger: Ledger,
    pub(crate) merchant: MerchantId,
    // Dropped after the pool.
    pub(crate) database: TestDatabase,
}

/// An order with one payment, as begun.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    pub(crate) order: OrderId,
    pub(crate) payment: PaymentId,
    pub(crate) token: Uuid,
    pub(crate) creation: Option<Uuid>,
}

fn seconds(values: &[i64]) -> Schedule {
    Schedule::new(values.iter().map(|s| TimeDelta::seconds(*s)).collect()).unwrap()
}

pub(crate) fn context() -> Context {
    Context {
        links: Links {
            checkout_origin: "https://pay.example.co.id".to_owned(),
        },
        keyring: Arc::new(Keyring::new(&[Secret::new("test key".to_owned())]).unwrap()),
        plans: Plans {
            lease: TimeDelta::seconds(30),
            expiry_grace: TimeDelta::seconds(300),
            resolve: seconds(&[2, 10, 30, 65, 300]),
            inquiry: seconds(&[15, 30]),
            inquiry_slow: seconds(&[15, 60]),
        },
        channels: Arc::new(ChannelTable::built_in(Environment::NonProduction)),
    }
}

pub(crate) fn settings(url: String) -> LedgerSettings {
    LedgerSettings {
        database_url: url,
        connections_max: 8,
        waiting_max: 256,
        deadline: Duration::from_secs(20),
    }
}

impl Books {
    pub(crate) async fn open() -> Self {
        let database = TestDatabase::create(|url| {
            ledger::migrate(url).unwrap();
            ledger::grant_to_services(url, devstack::SERVICES_ROLE).unwrap();
        });
        let ledger = Ledger::new(&settings(database.services_url()), context());
        let merchant = MerchantId::from_uuid(Uuid::now_v7());
        ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.add_merchant(merchant, "Warung Budi"))
            .await
            .unwrap();
        Self {
            ledger,
            merchant,
            database,
        }
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    ) -> T {
        self.ledger.at(Urgency::Write).transact(work).await.unwrap()
    }

    /// As the API does for the shop: nobody else's rows are there.
    pub(crate) async fn run_for_shop<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    ) -> T {
        let own = self.ledger.for_merchant(self.merchant);
        own.at(Urgency::Write).transact(work).await.unwrap()
    }

    pub(crate) async fn begin(&self, order: &NewOrder, claim: &Claim) -> Begun {
        let (order, claim) = (order.clone(), claim.clone());
        self.run(move |tx| tx.begin_order(&order, &claim)).await
    }

    pub(crate) async fn begin_payment(
        &self,
        order: OrderId,
        new: &NewPayment,
        claim: &Claim,
    ) -> Begun {
        let (merchant, new, claim) = (self.merchant, new.clone(), claim.clone());
        self.run(move |tx| tx.begin_payment(merchant, order, &new, &claim))
            .await
    }

    /// An order whose QRIS payment is being created.
    pub(crate) async fn creating(&self, reference: &str) -> Started {
        self.start(reference, Method::Qris).await
    }

    pub(crate) async fn start(&self, reference: &str, method: Method) -> Started {
        let order = order(self.merchant, reference, Some(method));
        let begun = self.begin(&order, &claim(reference)).await;
        started(begun)
    }

    /// An order whose QRIS payment can be paid.
    pub(crate) async fn pending(&self, reference: &str) -> Started {
        self.pending_by(reference, Method::Qris).await
    }

    pub(crate) async fn pending_by(&self, reference: &str, method: Method) -> Started {
        let started = self.start(reference, method).await;
        self.accept(&started, method).await;
        started
    }

    pub(crate) async fn accept(&self, started: &Started, method: Method) -> Applied {
        self.settle(started, accepted(method)).await
    }

    pub(crate) async fn settle(&self, started: &Started, outcome: CallOutcome) -> Applied {
        let (payment, token) = (started.payment, started.token);
        self.run(move |tx| tx.settle_call(payment, token, &outcome))
            .await
    }

    /// A further payment on an order; it is being created.
    pub(crate) async fn further(&self, order: OrderId, method: Method, key: &str) -> Started {
        let begun = self
            .begin_payment(order, &new_payment(method), &keyed("payments", key))
            .await;
        started(begun)
    }

    pub(crate) async fn fact(&self, payment: PaymentId, fact: Fact) -> Applied {
        let observation = Observation::fact(Source::Operator, fact);
        self.run(move |tx| tx.apply(payment, &observation)).await
    }

    pub(crate) async fn say(&self, payment: PaymentId, word: ProviderWord) -> Applied {
        let observation = Observation::word(Source::Callback, word);
        self.run(move |tx| tx.apply(payment, &observation)).await
    }

    /// A person decides what is under review, or was paid beside.
    pub(crate) async fn resolve(&self, order: OrderId, verdict: ReviewVerdict) -> Resolved {
        let merchant = self.merchant;
        self.run(move |tx| {
            tx.resolve_review(merchant, order, (verdict, Some("seen")), Source::Operator)
        })
        .await
    }

    pub(crate) async fn view(&self, order: OrderId) -> OrderView {
        self.run(move |tx| tx.any_order_view(order)).await
    }

    pub(crate) async fn events(&self, order: OrderId) -> Vec<String> {
        self.run(move |tx| tx.event_types_of(order)).await
    }

    pub(crate) async fn balance(&self, account: &str) -> i64 {
        let merchant = self.merchant;
        let balances = self.run(move |tx| tx.balances(merchant)).await;
        balances
            .iter()
            .find(|balance| balance.account == account)
            .map_or(0, |balance| balance.minor / 100)
    }

    /// What is owed to the merchant, and what is in suspense, in rupiah.
    pub(crate) async fn held(&self) -> (i64, i64) {
        (
            -self.balance("merchant_payable").await,
            -self.balance("suspense").await,
        )
    }

    pub(crate) async fn endpoint(&self, name: &str) -> EndpointId {
        let id = EndpointId::from_uuid(Uuid::now_v7());
        let new = NewEndpoint {
            id,
            merchant_id: self.merchant,
            url: format!("https://shop.example.co.id/{name}"),
            event_types: None,
            secret: Secret::new(format!("whsec_{name}")),
        };
        self.run(move |tx| tx.add_endpoint(&new)).await;
        id
    }

    pub(crate) async fn findings(&self) -> Vec<String> {
        self.run(|tx| {
            let mut all = Vec::new();
            for check in AUDIT_CHECKS {
                for finding in tx.audit(check)? {
                    all.push(format!("{}: {}", check.rule, finding.finding));
                }
            }
            Ok(all)
        })
        .await
    }

    /// The books can be proven.
    pub(crate) async fn audit(&self) {
        assert_eq!(self.findings().await, Vec::<String>::new());
    }

    pub(crate) fn sql(&self, statement: &str) -> String {
        self.database.query(statement).trim().to_owned()
    }

    pub(crate) fn count(&self, table_and_filter: &str) -> i64 {
        self.sql(&format!("SELECT count(*) FROM {table_and_filter}"))
            .parse()
            .unwrap()
    }

    /// Moves an order and its payments into the past.
    pub(crate) fn age(&self, order: OrderId, seconds: i64) {
        let id = order.as_uuid();
        for statement in [
            format!(
                "UPDATE orders SET expires_at = now() - interval '{seconds} s', \
                 expiry_due_at = expiry_due_at - (expires_at - now()) - interval '{seconds} s' \
                 WHERE id = '{id}'"
            ),
            format!(
                "UPDATE payments SET expires_at = orders.expires_at FROM orders \
                 WHERE order_id = orders.id AND orders.id = '{id}'"
            ),
        ] {
            self.sql(&statement);
        }
    }
}

#[track_caller]
pub(crate) fn sent(begun: Begun) -> (Call, Option<Uuid>) {
    match begun {
        Begun::Send { call, creation } => (*call, creation),
        other => panic!("nothing to send: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn started(begun: Begun) -> Started {
    let (call, creation) = sent(begun);
    Started {
        order: call.order_id,
        payment: call.payment_id,
        token: call.token,
        creation,
    }
}

pub(crate) fn again(call: &Call) -> Started {
    Started {
        order: call.order_id,
        payment: call.payment_id,
        token: call.token,
        creation: None,
    }
}

pub(crate) fn rupiah(whole: i64) -> Amount {
    Amount::rupiah(whole).unwrap()
}

pub(crate) fn in_an_hour() -> DateTime<Utc> {
    Utc::now() + TimeDelta::hours(1)
}

pub(crate) fn channel_of(method: Method) -> Option<String> {
    let code = match method {
        Method::Qris => "BNC_QRIS",
        Method::Ewallet => "EMONEY_DANA_SNAP",
        Method::VirtualAccount => "VIRTUAL_ACCOUNT_BNI",
        Method::Retail => "ALFAMART",
        Method::PaymentLink => return None,
    };
    Some(code.to_owned())
}

pub(crate) fn new_payment(method: Method) -> NewPayment {
    NewPayment {
        id: PaymentId::from_uuid(Uuid::now_v7()),
        method,
        channel: channel_of(method),
        link_channels: match method {
            Method::PaymentLink => vec!["BNC_QRIS".to_owned()],
            _ => Vec::new(),
        },
        expires_at: in_an_hour(),
    }
}

pub(crate) fn customer() -> Customer {
    Customer {
        name: Some("Budi Santoso".to_owned()),
        email: Some("budi@example.co.id".to_owned()),
        phone: Some("081234567890".to_owned()),
    }
}

pub(crate) fn order(merchant: MerchantId, reference: &str, method: Option<Method>) -> NewOrder {
    NewOrder {
        id: OrderId::from_uuid(Uuid::now_v7()),
        merchant_id: merchant,
        reference: reference.to_owned(),
        amount: rupiah(PRICE),
        expires_at: in_an_hour(),
        description: Some("Kopi susu 3x".to_owned()),
        customer: Some(customer()),
        items: None,
        return_url: Some("https://shop.example.co.id/thanks".to_owned()),
        metadata: Some(r#"{"cart":"c-991"}"#.to_owned()),
        checkout_token: "opens-the-page".to_owned(),
        payment: method.map(new_payment),
    }
}

/// A request without a key, whose body is named by `body`.
pub(crate) fn claim(body: &str) -> Claim {
    let mut fingerprint = [0_u8; 32];
    for (slot, byte) in fingerprint.iter_mut().zip(body.bytes()) {
        *slot = byte;
    }
    Claim {
        endpoint: "POST /v1/orders".to_owned(),
        key: None,
        fingerprint,
        source: Source::Merchant,
    }
}

pub(crate) fn keyed(body: &str, key: &str) -> Claim {
    Claim {
        key: Some(key.to_owned()),
        ..claim(body)
    }
}
