//! A recovery loop: claims due work of one kind, as much as there are free places, and does it concurrently.
//! A place is filled again as soon as its piece ends, and each channel has a share of them, so that one whose
//! pieces hang delays no other. A channel for which nothing can be sent is left alone, and then tried with a few.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::time::{Duration, Instant};

use ledger::{LeasedWork, LedgerError, Urgency, WorkKind, WorkNext, WorkRoom};
use payment_flows::{Flows, Worked};
use service_shell::pace::{Did, Pace};
use service_shell::telemetry;
use shares::{Limits, Place, Shares};
use tracing::{Instrument, Span};

/// Limits on the pieces of one kind in hand at once.
const PLACES: Limits = Limits {
    places: 256,
    most_of_one: 32,
    guaranteed: 4,
    reserve: 128,
};
/// Number of pieces with which the loop tries whether a channel can be sent to again.
const TRIED_WITH: usize = 3;
/// Maximum number of channels remembered: there are as many as an operator's table and its past have.
const CHANNELS_MAX: usize = 1024;

/// The work of one kind, done from one thread.
pub(crate) struct ProviderWork {
    flows: Rc<Flows>,
    kind: WorkKind,
    places: Shares<String>,
    channels: RefCell<Channels>,
    pace: Pace,
}

/// The channels that were met, and those for which nothing can be sent.
#[derive(Debug, Default)]
struct Channels {
    met: BTreeSet<String>,
    /// The channels for which nothing could be sent, with the time before which none is tried.
    unsent: HashMap<String, Instant>,
}

impl ProviderWork {
    /// Creates the loop: it looks for work every `beat`, and sooner when a full channel has a free place again.
    pub(crate) fn new(flows: &Rc<Flows>, kind: WorkKind, beat: Duration) -> Rc<Self> {
        Rc::new(Self {
            flows: Rc::clone(flows),
            kind,
            places: Shares::new(pool_of(kind), PLACES, Limits::NONE),
            channels: RefCell::default(),
            pace: Pace::new(kind.as_str(), beat),
        })
    }

    pub(crate) const fn pace(&self) -> &Pace {
        &self.pace
    }

    pub(crate) const fn places(&self) -> &Shares<String> {
        &self.places
    }

    /// Claims as much as there are places for and begins it; does not wait for its end.
    ///
    /// # Errors
    /// Returns an error when nothing can be claimed. A piece that fails is logged; its lease runs out and it is
    /// done again.
    pub(crate) async fn run_once(self: &Rc<Self>) -> Result<Did, LedgerError> {
        let room = self.room();
        if room.all <= 0 {
            return Ok(Did::Nothing);
        }
        let kind = self.kind;
        let leased = self
            .flows
            .ledger()
            .at(Urgency::Write)
            .transact(move |tx| tx.lease_work(kind, room))
            .await?;
        if leased.is_empty() {
            return Ok(Did::Nothing);
        }
        let mut refused = Vec::new();
        for work in leased {
            match self.places.try_enter(&work.channel) {
                Ok(place) => self.begin(work, place),
                Err(_refused) => refused.push(work),
            }
        }
        if !refused.is_empty() {
            self.give_back(refused).await?;
        }
        Ok(Did::Something)
    }

    fn room(&self) -> WorkRoom {
        let channels = self.channels.borrow();
        let of = channels.met.iter().map(|channel| {
            let room = self.places.room(channel);
            let room = match channels.unsent.get(channel) {
                None => room,
                Some(until) if *until > Instant::now() => 0,
                Some(_over) => room.min(TRIED_WITH.saturating_sub(self.places.held_by(channel))),
            };
            (channel.clone(), count(room))
        });
        WorkRoom {
            all: count(PLACES.places.saturating_sub(self.places.held())),
            each: count(PLACES.most_of_one),
            of: of.collect(),
        }
    }

    /// Returns work that was claimed beyond what the shares allow; it is due as it was.
    async fn give_back(&self, refused: Vec<LeasedWork>) -> Result<(), LedgerError> {
        let put_back = move |work: &LeasedWork| (work.clone(), WorkNext::Untried(work.due_at));
        let refused: Vec<_> = refused.iter().map(put_back).collect();
        self.flows
            .ledger()
            .at(Urgency::Write)
            .transact(move |tx| {
                for (work, due) in &refused {
                    tx.settle_work(work, *due)?;
                }
                Ok(())
            })
            .await
    }

    fn begin(self: &Rc<Self>, work: LeasedWork, place: Place<String>) {
        {
            let mut channels = self.channels.borrow_mut();
            if channels.met.len() >= CHANNELS_MAX {
                *channels = Channels::default();
            }
            channels.met.insert(work.channel.clone());
        }
        let this = Rc::clone(self);
        let span = span_of(&work, self.kind);
        let piece = async move {
            match this.flows.do_work(&work).await {
                Ok(worked) => this.learn(&work.channel, worked),
                Err(error) => tracing::warn!(
                    payment.id = %work.payment_id,
                    kind = this.kind.as_str(),
                    error = %error,
                    "provider work put off"
                ),
            }
            let was_full = this.places.room(&work.channel) == 0;
            drop(place);
            // More of it may wait, which was not claimed.
            if was_full {
                this.pace.nudge();
            }
        };
        actix_web::rt::spawn(piece.instrument(span));
    }

    fn learn(&self, channel: &str, worked: Worked) {
        // Pieces whose channel is not known share a place and no trouble.
        if channel.is_empty() {
            return;
        }
        let now = Instant::now();
        let unsent = &mut self.channels.borrow_mut().unsent;
        match worked {
            Worked::Unsent(retry_in) => {
                let until = now.checked_add(retry_in).unwrap_or(now);
                unsent.insert(channel.to_owned(), until);
            }
            // Work sent before that time says nothing about the time after it.
            Worked::Done => {
                if unsent.get(channel).is_some_and(|until| *until <= now) {
                    unsent.remove(channel);
                }
            }
        }
    }
}

const fn pool_of(kind: WorkKind) -> &'static str {
    match kind {
        WorkKind::Resolve => "work_resolve",
        WorkKind::Inquire => "work_inquire",
        WorkKind::Close => "work_close",
        WorkKind::Expire => "work_expire",
    }
}

fn count(places: usize) -> i64 {
    i64::try_from(places).unwrap_or(i64::MAX)
}

/// Creates the span of a piece of work, which begins a trace: what it finds is caused by it, not by others.
fn span_of(work: &LeasedWork, kind: WorkKind) -> Span {
    let span = tracing::info_span!(
        target: "trace_begins",
        parent: None,
        "work",
        otel.name = format!("work {}", kind.as_str()),
        work.kind = kind.as_str(),
        payment.id = %work.payment_id,
    );
    telemetry::continues(&span, None);
    span
}
