//! What a replica can be asked to do, as its services do it: the same calls of ledger and flows in
//! the same order, with a pause where the services themselves hold nothing in their hands.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ayolinx_core::ids::{MerchantId, OrderId, PaymentId};
use ayolinx_core::reading::Channelled;
use ayolinx_core::states::PaymentState;
use ledger::{
    Begun, CallOutcome, Claim, InboundNotification, Ledger, LedgerError, NewOrder, NewPayment,
    Received, Source, StoredReply, Urgency, WorkKind,
};
use payment_flows::{CancelOutcome, Flows, Opened};
use uuid::Uuid;

use super::provider::Letter;
use super::world::World;

const CONFLICTS_MAX: usize = 5;

/// What the asker heard.
#[derive(Debug)]
pub(crate) enum Told {
    /// The final reply to a create: status and bytes.
    Final(u16, Vec<u8>),
    /// The end of a cancel.
    Cancel(CancelOutcome),
    /// What became of a letter.
    Letter(Delivery),
    /// Anything that promises nothing.
    Nothing,
}

/// An acknowledged letter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery {
    pub(crate) letter: usize,
    /// Its timestamp was out of the window.
    pub(crate) stale: bool,
    /// It was settled already when this delivery began.
    pub(crate) repeated: bool,
    pub(crate) received: Received,
}

/// A replica in the hands of one operation.
#[derive(Clone)]
pub(crate) struct Hands {
    pub(crate) world: Arc<World>,
    pub(crate) replica: usize,
    pub(crate) ledger: Ledger,
    pub(crate) flows: Rc<Flows>,
    pub(crate) merchant: MerchantId,
    pub(crate) order: OrderId,
}

/// An operation that the database failed promises nothing.
fn heard(told: Result<Told, LedgerError>) -> Told {
    match told {
        Ok(told) => told,
        Err(
            LedgerError::Unavailable(_)
            | LedgerError::Overloaded
            | LedgerError::NotFound
            | LedgerError::Conflict(_),
        ) => Told::Nothing,
        Err(LedgerError::Corrupt(why)) => panic!("the books are corrupt: {why}"),
    }
}

impl Hands {
    pub(crate) async fn create(self, order: NewOrder, claim: Claim) -> Told {
        for _ in 0..CONFLICTS_MAX {
            let (new, claim) = (order.clone(), claim.clone());
            // What nobody takes is found when its lease ends.
            let untaken = Arc::new(|_| {});
            match self.ledger.begin_order(new, claim, untaken).await {
                Ok(begun) => return heard(self.settle(begun).await),
                Err(LedgerError::Conflict(_)) => {}
                Err(error) => return heard(Err(error)),
            }
        }
        Told::Nothing
    }

    pub(crate) async fn pay_another_way(self, new: NewPayment, claim: Claim) -> Told {
        let (merchant, order) = (self.merchant, self.order);
        let begun = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.begin_payment(merchant, order, &new, &claim))
            .await;
        match begun {
            Ok(begun) => heard(self.settle(begun).await),
            Err(error) => heard(Err(error)),
        }
    }

    async fn settle(&self, begun: Begun) -> Result<Told, LedgerError> {
        match begun {
            Begun::Send { mut call, creation } => {
                let before = self.world.lock().provider.clock;
                self.world.pause(self.replica).await;
                let paused = self.world.lock().provider.clock - before;
                call.lease_ends = earlier(call.lease_ends, paused);
                let opened = self.flows.open(*call, None).await?;
                let Opened::Settled {
                    applied, outcome, ..
                } = opened
                else {
                    return Ok(Told::Nothing);
                };
                match (applied.payment, outcome) {
                    (PaymentState::Creating | PaymentState::Unknown, _) => Ok(Told::Nothing),
                    (PaymentState::Failed, CallOutcome::Refused(_)) => {
                        self.keep(creation, 424).await
                    }
                    _ => self.keep(creation, 201).await,
                }
            }
            Begun::Created { creation, .. } => self.keep(Some(creation), 201).await,
            Begun::Replay(reply) => Ok(Told::Final(reply.status, reply.body)),
            Begun::Settled {
                creation, refused, ..
            } => self.keep(creation, if refused { 424 } else { 201 }).await,
            Begun::New
            | Begun::Resolving(_)
            | Begun::Erased(_)
            | Begun::Open(_)
            | Begun::InFlight
            | Begun::KeyReused
            | Begun::ReferenceExists(_)
            | Begun::Refused(_)
            | Begun::TooManyPayments => Ok(Told::Nothing),
        }
    }

    /// The reply is made of the order as it is, and kept if it is the first.
    async fn keep(&self, creation: Option<Uuid>, status: u16) -> Result<Told, LedgerError> {
        let Some(creation) = creation else {
            return Ok(Told::Nothing);
        };
        let order = self.order;
        let kept = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| {
                let body = serde_json::to_vec(&tx.any_order_view(order)?).unwrap();
                tx.keep_first_reply(creation, StoredReply { status, body })
            })
            .await?;
        Ok(Told::Final(kept.status, kept.body))
    }

    pub(crate) async fn work(self, kind: WorkKind) -> Told {
        let leased = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.lease_work(kind, 1))
            .await;
        let Ok(Some(work)) = leased.map(|mut leased| leased.pop()) else {
            return Told::Nothing;
        };
        self.world.leased(&work);
        self.world.pause(self.replica).await;
        heard(self.flows.do_work(&work).await.map(|_worked| Told::Nothing))
    }

    pub(crate) async fn cancel(self) -> Told {
        let cancelled = self
            .flows
            .cancel(self.merchant, self.order, Source::Merchant)
            .await;
        heard(cancelled.map(Told::Cancel))
    }

    /// The merchant's sync, of one payment.
    pub(crate) async fn ask(self, payment: PaymentId) -> Told {
        let facts = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.payment_facts(payment))
            .await;
        match facts {
            Ok(facts) => heard(self.flows.ask(&facts).await.map(|_asked| Told::Nothing)),
            Err(error) => heard(Err(error)),
        }
    }

    /// The shop's patience with a create is over before the exchange is.
    pub(crate) async fn patience(self, payment: PaymentId, token: Uuid) -> Told {
        let settled = self
            .ledger
            .at(Urgency::Write)
            .transact(move |tx| tx.settle_call(payment, token, &CallOutcome::StillRunning))
            .await;
        heard(settled.map(|_applied| Told::Nothing))
    }

    pub(crate) async fn receive(self, number: usize, letter: Letter, stale: bool) -> Told {
        let body = letter.body().into_bytes();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
        let inbound = InboundNotification {
            path: "/v1.0/qr/qr-mpm-notify",
            matched_route: "/v1.0/qr/qr-mpm-notify",
            body_digest: digest.as_ref().try_into().unwrap(),
            body,
            headers: "{}".to_owned(),
            channelled: if stale {
                Channelled::StaleCallback
            } else {
                Channelled::Callback
            },
        };
        let received = self.ledger.receive(inbound).await;
        heard(received.map(|received| {
            Told::Letter(Delivery {
                letter: number,
                stale,
                repeated: letter.settled,
                received,
            })
        }))
    }

    /// The loops that need no provider.
    pub(crate) async fn tidy(self) -> Told {
        let ended = self
            .ledger
            .at(Urgency::Write)
            .transact(|tx| tx.expire_orders(10))
            .await;
        if ended.is_ok() {
            self.ledger
                .at(Urgency::Write)
                .transact(|tx| tx.rematch(10))
                .await
                .ok();
        }
        heard(ended.map(|_count| Told::Nothing))
    }
}

/// What is in hand when the run's clock is set on does not know of it.
fn earlier(at: Instant, seconds: i64) -> Instant {
    let by = Duration::from_secs(seconds.try_into().unwrap());
    at.checked_sub(by).unwrap_or_else(Instant::now)
}
