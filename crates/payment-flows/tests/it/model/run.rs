//! One run: two replicas, one order, a sequence of steps, and the rules after each of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use chrono::{TimeDelta, Utc};
use ledger::{AUDIT_CHECKS, Claim, Ledger, NewOrder, NewPayment, Source, Urgency};
use uuid::Uuid;

use super::books::{Books, Snapshot};
use super::operations::{Hands, Told};
use super::provider::{Mood, PRICE};
use super::replica::Replica;
use super::rules::Rules;
use super::steps::{How, Step};
use super::world::{At, Lease, Release, World};

pub(crate) struct Run<'a> {
    pub(crate) runtime: &'a tokio::runtime::Runtime,
    pub(crate) world: Arc<World>,
    pub(crate) books: &'a mut Books,
    pub(crate) replicas: [Replica; 2],
    pub(crate) rules: Rules,
    pub(crate) order: OrderId,
    auditor: Ledger,
    merchant: MerchantId,
    new: NewOrder,
    requests: BTreeMap<u64, String>,
    operations: u64,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        runtime: &'a tokio::runtime::Runtime,
        world: Arc<World>,
        books: &'a mut Books,
        replicas: [Replica; 2],
        auditor: Ledger,
    ) -> Self {
        let merchant = MerchantId::from_uuid(Uuid::now_v7());
        let new = order(merchant);
        world.renew();
        let run = Self {
            runtime,
            world,
            books,
            replicas,
            rules: Rules::default(),
            order: new.id,
            auditor,
            merchant,
            new,
            requests: BTreeMap::new(),
            operations: 0,
        };
        let added = run
            .auditor
            .at(Urgency::Write)
            .transact(move |tx| tx.add_merchant(merchant, "Warung Budi"));
        runtime.block_on(added).unwrap();
        run
    }

    pub(crate) fn take(&mut self, step: &Step) {
        match step {
            Step::Create(at) => {
                let (new, claim) = (self.new.clone(), claim("POST /v1/orders", None));
                self.start(*at, "create", |hands| hands.create(new, claim));
            }
            Step::PayAnotherWay(at, method, key) => self.pay_another_way(*at, *method, *key),
            Step::Cancel(at) => self.start(*at, "cancel", Hands::cancel),
            Step::Ask(at, payment) => {
                if let Some((id, _)) = self.payment(*payment) {
                    self.start(*at, "ask", |hands| hands.ask(id));
                }
            }
            Step::Patience(at, payment) => {
                if let Some((id, Some(token))) = self.payment(*payment) {
                    self.start(*at, "patience", |hands| hands.patience(id, token));
                }
            }
            Step::Work(at, kind) => {
                let kind = *kind;
                self.start(*at, "work", |hands| hands.work(kind));
            }
            Step::Tidy(at) => self.start(*at, "tidy", Hands::tidy),
            Step::Release(gate, how) => self.release(*gate, *how),
            Step::Befalls(deal, truth) => {
                self.world.lock().provider.befalls(*deal, *truth);
            }
            Step::Deliver {
                replica,
                letter,
                stale,
            } => self.deliver(*replica, *letter, *stale),
            Step::Crash { replica, arrives } => self.crash(*replica, *arrives),
            Step::Commit(at, after, fault) => self.world.arm(*at, *after, *fault),
            Step::Wait(seconds) => self.wait(*seconds),
        }
    }

    /// The n-th payment, and the token of its call.
    fn payment(&self, at: usize) -> Option<(PaymentId, Option<Uuid>)> {
        let payments = &self.rules.before.as_ref()?.payments;
        let payment = payments.get(at % payments.len().max(1))?;
        let token = payment
            .call_token
            .as_ref()
            .map(|token| token.parse().unwrap());
        Some((payment.id.parse().unwrap(), token))
    }

    fn pay_another_way(&mut self, at: usize, method: Method, key: Option<u8>) {
        let key = key.map(|key| format!("{}-{key}", self.order));
        let claim = Claim {
            // Another body under a key is another request.
            fingerprint: [if method == Method::Qris { 1 } else { 2 }; 32],
            ..claim("POST payments", key.clone())
        };
        let new = payment(method);
        let request = key.unwrap_or_default();
        self.start(at, &request, |hands| hands.pay_another_way(new, claim));
    }

    pub(crate) fn deliver(&mut self, at: usize, letter: usize, stale: bool) {
        let letters = self.world.lock().provider.letters.clone();
        let number = letter % letters.len().max(1);
        if let Some(letter) = letters.into_iter().nth(number) {
            self.start(at, "letter", |hands| hands.receive(number, letter, stale));
            self.rules.delivers(number);
        }
    }

    pub(crate) fn wait(&mut self, seconds: i64) {
        self.world.lock().provider.clock += seconds;
        self.books.wait(self.order.as_uuid(), seconds);
        // What is compared with later has moved, too.
        self.look(None);
    }

    /// A replica begins something and moves until it waits or ends.
    pub(crate) fn start<F, Fut>(&mut self, at: usize, request: &str, work: F)
    where
        F: FnOnce(Hands) -> Fut,
        Fut: Future<Output = Told> + 'static,
    {
        self.free_writer(at);
        let replica = &self.replicas[at];
        let hands = Hands {
            world: Arc::clone(&self.world),
            replica: at,
            ledger: replica.ledger.clone(),
            flows: std::rc::Rc::clone(&replica.flows),
            merchant: self.merchant,
            order: self.order,
        };
        self.operations += 1;
        self.requests.insert(self.operations, request.to_owned());
        let before = self.world.moves();
        replica.spawn(&self.world, work(hands));
        self.runtime.block_on(replica.drive(&self.world, before));
        self.look(None);
    }

    /// The n-th waiting operation goes on; whoever waits with the writer of its replica goes first.
    pub(crate) fn release(&mut self, gate: usize, how: How) {
        let gate = {
            let inner = self.world.lock();
            let gate = gate % inner.gates.len().max(1);
            let replica = inner.gates.get(gate).map(|gate| gate.replica);
            drop(inner);
            replica
                .and_then(|replica| self.world.held_writer(replica))
                .unwrap_or(gate)
        };
        self.release_gate(gate, how);
    }

    /// What begins now may share a commit: it would wait behind the one that is held.
    fn free_writer(&mut self, at: usize) {
        while let Some(gate) = self.world.held_writer(at) {
            self.release_gate(gate, How::Straight);
        }
    }

    fn release_gate(&mut self, gate: usize, how: How) {
        let (at, lease, release) = {
            let mut inner = self.world.lock();
            let inner = &mut *inner;
            let at = gate % inner.gates.len().max(1);
            let Some(gate) = inner.gates.get_mut(at) else {
                return;
            };
            let lease = inner.leases.get(&gate.operation).cloned();
            let release = match (&gate.at, how) {
                (At::Pause, _) => Release::Answer(0, String::new()),
                (At::Commit(_), How::ReplyLost | How::NeverArrives) => Release::Cut,
                (At::Commit(_), _) => Release::Answer(0, String::new()),
                (At::Provider(_), How::NeverArrives) if gate.answer.is_none() => Release::Cut,
                (At::Provider(question), _) => {
                    let mood = match how {
                        How::Refused => Mood::Refusing,
                        How::Throttled => Mood::Throttling,
                        _ => Mood::Kind,
                    };
                    let provider = &mut inner.provider;
                    let answer =
                        (gate.answer.take()).unwrap_or_else(|| provider.handle(question, mood));
                    if how == How::EffectOnly {
                        gate.answer = Some(answer);
                        return;
                    }
                    match how {
                        How::ReplyLost => Release::Cut,
                        _ => Release::Answer(answer.0, answer.1),
                    }
                }
            };
            (at, lease, release)
        };
        if matches!(release, Release::Cut) {
            self.rules.count("a line was cut");
        }
        let before = self.world.moves();
        let replica = self.world.release(at, release);
        let replica = &self.replicas[replica];
        self.runtime.block_on(replica.drive(&self.world, before));
        self.look(lease.as_ref());
    }

    fn crash(&mut self, at: usize, arrives: bool) {
        let mut inner = self.world.lock();
        let gates = std::mem::take(&mut inner.gates);
        let (dead, alive): (Vec<_>, Vec<_>) =
            gates.into_iter().partition(|gate| gate.replica == at);
        inner.gates = alive;
        for gate in &dead {
            inner.leases.remove(&gate.operation);
            if let (At::Provider(question), true, None) = (&gate.at, arrives, &gate.answer) {
                inner.provider.handle(question, Mood::Kind);
            }
        }
        drop(inner);
        let _context = self.runtime.enter();
        if !dead.is_empty() {
            self.rules.count("a process died in the middle");
        }
        drop(dead);
        self.replicas[at].restart();
        self.look(None);
    }

    /// Reads the books and holds them to the rules.
    fn look(&mut self, lease: Option<&Lease>) {
        let now = self
            .books
            .snapshot(self.order.as_uuid(), self.rules.since());
        let told = std::mem::take(&mut self.world.lock().told);
        for (operation, told) in told {
            let request = self.requests.remove(&operation).unwrap_or_default();
            let mut inner = self.world.lock();
            self.rules.hears(&request, told, &now, &mut inner.provider);
        }
        if let Some(lease) = lease {
            self.rules.late_holder(lease, &now);
        }
        let changed = !now.lines.is_empty();
        self.rules.check(now, &self.world.lock().provider);
        if changed {
            self.audit();
        }
    }

    /// The operator's proof finds nothing.
    fn audit(&self) {
        let findings = self.auditor.at(Urgency::Write).transact(|tx| {
            let mut all = Vec::new();
            for check in AUDIT_CHECKS {
                for finding in tx.audit(check)? {
                    all.push(format!("{}: {}", check.rule, finding.finding));
                }
            }
            Ok(all)
        });
        let findings = self.runtime.block_on(findings).unwrap();
        assert_eq!(findings, Vec::<String>::new());
    }

    pub(crate) fn now(&self) -> &Snapshot {
        self.rules.before.as_ref().unwrap()
    }
}

fn claim(endpoint: &str, key: Option<String>) -> Claim {
    Claim {
        endpoint: endpoint.to_owned(),
        key,
        fingerprint: [7; 32],
        source: Source::Merchant,
    }
}

fn payment(method: Method) -> NewPayment {
    let channel = match method {
        Method::Ewallet => "EMONEY_DANA_SNAP",
        _ => "BNC_QRIS",
    };
    NewPayment {
        id: PaymentId::from_uuid(Uuid::now_v7()),
        method,
        channel: Some(channel.to_owned()),
        link_channels: Vec::new(),
        expires_at: Utc::now() + TimeDelta::hours(1),
    }
}

fn order(merchant: MerchantId) -> NewOrder {
    let id = OrderId::from_uuid(Uuid::now_v7());
    NewOrder {
        id,
        merchant_id: merchant,
        reference: id.to_string(),
        amount: Amount::rupiah(PRICE).unwrap(),
        expires_at: Utc::now() + TimeDelta::hours(1),
        description: None,
        customer: None,
        items: None,
        return_url: Some("https://shop.example.co.id/thanks".to_owned()),
        metadata: None,
        checkout_token: "opens-the-page".to_owned(),
        payment: Some(payment(Method::Qris)),
    }
}
