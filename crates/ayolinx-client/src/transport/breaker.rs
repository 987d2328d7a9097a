//! Circuit breakers, shared by all threads of a process: one for each channel and kind of call, and one for the reach
//! of the provider. Five failures in a row within ten seconds open one for five seconds; then a few calls probe. Only
//! a refused connection, a name without an address or a failed handshake concerns all calls; time-outs, resets and
//! HTTP 5xx concern the channel and kind of call that met them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::Registry;
use shares::{Limits, Place, Shares};
use tokio::time::Instant;

use crate::outcome::NotSentReason;
use crate::telemetry::call_name::Exchange;

mod circuit;
mod states;

use circuit::Circuit;
use states::BreakerStates;

/// Time for which an open breaker refuses calls, and so does a probe that is late.
pub(crate) const OPEN_FOR: Duration = Duration::from_secs(5);
/// Time after which a probe without an answer has failed for the breaker; its exchange goes on.
const PROBE_DEADLINE: Duration = Duration::from_secs(3);
/// Most probes of one channel and kind of call that may be under way and younger than that.
const PROBES_MAX: usize = 3;
/// Most pairs of channel and kind of call that are distinguished. Channels are a table of an operator's, so there are
/// fewer.
const LINES_MAX: usize = 1024;
/// The gauge's name for the breaker of every channel and call.
const ANY: Exchange<'static> = Exchange {
    call: "any",
    channel: "any",
};

/// Most exchanges under way at once in one process that has descriptors enough.
const CALLS_MAX: usize = 2_048;

/// Returns the limits of exchanges under way at once; a share for each channel, so that those that hang leave sockets
/// and descriptors to the others.
const fn places(calls: usize) -> Limits {
    Limits {
        places: calls,
        most_of_one: calls / 2,
        guaranteed: calls / 128,
        reserve: calls / 4,
    }
}

/// The breakers of one provider account, and the places of its exchanges. Clones are the same ones.
#[derive(Debug, Clone)]
pub struct Breaker {
    circuits: Arc<Mutex<Circuits>>,
    places: Shares<String>,
}

/// A kind of call of one channel.
type LineName = (&'static str, String);

#[derive(Debug, Default)]
struct Circuits {
    /// The state of the way to the provider, whatever the channel and call.
    reach: Circuit,
    lines: HashMap<LineName, Line>,
    probes_begun: u64,
}

#[derive(Debug, Default)]
struct Line {
    circuit: Circuit,
    probes: Vec<Probe>,
}

#[derive(Debug)]
struct Probe {
    number: u64,
    began: Instant,
}

/// The permit to try once. Dropped without a verdict it changes nothing, but frees a probe's slot.
#[derive(Debug)]
pub(crate) struct Admission {
    breaker: Breaker,
    line: LineName,
    began: Instant,
    probe: Option<u64>,
    place: Option<Place<String>>,
}

/// The report of an exchange about the way to the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The provider answered.
    Answered,
    /// The provider was silent, hung up or erred, which says nothing of other channels and calls.
    Failed,
    /// The provider could not be reached: refused, no name, no TLS.
    Unreachable,
}

impl Default for Breaker {
    /// Creates breakers that are closed.
    fn default() -> Self {
        Self::with_calls(CALLS_MAX)
    }
}

impl Breaker {
    /// Creates breakers that are closed, and leave this many exchanges under way at once.
    #[must_use]
    pub fn with_calls(calls: usize) -> Self {
        let limits = places(calls.clamp(2, CALLS_MAX));
        Self {
            circuits: Arc::default(),
            places: Shares::new("provider_calls", limits, Limits::NONE),
        }
    }

    /// Publishes in `registry` how full the places of exchanges are, and which breakers are open.
    ///
    /// # Errors
    /// Fails when they are registered there already.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(BreakerStates::new(self.clone())?))?;
        self.places.register(registry)
    }

    /// Returns whether calls of this kind and channel are refused, or a few are tried for all just now.
    pub(crate) fn is_open_for(&self, what: Exchange<'_>) -> bool {
        let now = Instant::now();
        let mut circuits = self.lock();
        circuits.is_out_of_reach(now)
            || circuits
                .lines
                .get_mut(&(what.call, what.channel.to_owned()))
                .is_some_and(|line| line.is_open(now))
    }

    /// Returns the time for which these calls are refused yet; `None` where one would be tried.
    pub(crate) fn refuses_for(&self, what: Exchange<'_>) -> Option<Duration> {
        let now = Instant::now();
        let mut circuits = self.lock();
        let probes = match circuits.shut(what, now) {
            Err(wait) => return Some(wait),
            Ok(probes) => probes,
        };
        let (name, line) = circuits.line(what);
        match line.room_for_probe(now) {
            Err(wait) if probes => return Some(wait),
            Ok(()) | Err(_) => {}
        }
        let is_full = self.places.room(&name.1) == 0;
        is_full.then(|| NotSentReason::Crowded.retry_in())
    }

    /// Admits a call.
    ///
    /// # Errors
    /// The reason of a refusal, and the time to wait before asking again.
    pub(crate) fn admit(&self, what: Exchange<'_>) -> Result<Admission, NotSentReason> {
        let open = |retry_in| NotSentReason::BreakerOpen { retry_in };
        let (line, began, probe) = self.pass(what).map_err(open)?;
        let place = self.places.try_enter(&line.1);
        let mut admission = Admission {
            breaker: self.clone(),
            line,
            began,
            probe,
            place: None,
        };
        admission.place = Some(place.map_err(|_refused| NotSentReason::Crowded)?);
        Ok(admission)
    }

    fn pass(&self, what: Exchange<'_>) -> Result<(LineName, Instant, Option<u64>), Duration> {
        let now = Instant::now();
        let mut circuits = self.lock();
        let probes = circuits.shut(what, now)?;
        let number = circuits.probes_begun;
        let (name, line) = circuits.line(what);
        let mut probe = None;
        if probes {
            line.room_for_probe(now)?;
            line.probes.push(Probe { number, began: now });
            probe = Some(number);
            circuits.probes_begun = number.wrapping_add(1);
        }
        Ok((name, now, probe))
    }

    fn end(&self, admission: &Admission, verdict: Option<Verdict>) {
        let now = Instant::now();
        let mut circuits = self.lock();
        let circuits = &mut *circuits;
        let Some(line) = circuits.lines.get_mut(&admission.line) else {
            return;
        };
        let under_way = line.probes.len();
        line.probes
            .retain(|probe| Some(probe.number) != admission.probe);
        // A late probe is judged already.
        let is_probe = line.probes.len() < under_way;
        match verdict {
            Some(Verdict::Answered) => {
                line.circuit.answered(admission.began, now);
                circuits.reach.answered(admission.began, now);
            }
            Some(Verdict::Failed) => line.circuit.failed(admission.began, now, is_probe),
            Some(Verdict::Unreachable) => circuits.reach.failed(admission.began, now, is_probe),
            None => {}
        }
    }

    /// Returns each breaker, and whether it is open; the one of the way to the provider is named like [`ANY`].
    fn states(&self) -> Vec<(LineName, bool)> {
        let now = Instant::now();
        let mut circuits = self.lock();
        let reach = circuits.is_out_of_reach(now);
        let lines = circuits.lines.iter_mut();
        let lines = lines.map(|(name, line)| (name.clone(), line.is_open(now)));
        let any = (ANY.call, ANY.channel.to_owned());
        lines.chain([(any, reach)]).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Circuits> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Circuits {
    /// Returns whether the provider is held to be out of reach.
    fn is_out_of_reach(&self, now: Instant) -> bool {
        let is_tried = || self.lines.values().any(|line| !line.probes.is_empty());
        self.reach.refuses(now) || (self.reach.is_half_open() && is_tried())
    }

    /// Returns whether a call would be a probe.
    ///
    /// # Errors
    /// The time for which calls of this kind and channel are refused yet.
    fn shut(&mut self, what: Exchange<'_>, now: Instant) -> Result<bool, Duration> {
        if let Some(wait) = self.reach.shut_for(now) {
            return Err(wait);
        }
        let everybody_probes = self.reach.is_half_open();
        let (_, line) = self.line(what);
        line.judge_late_probes(now);
        match line.circuit.shut_for(now) {
            Some(wait) => Err(wait),
            None => Ok(everybody_probes || line.circuit.is_half_open()),
        }
    }

    fn line(&mut self, what: Exchange<'_>) -> (LineName, &mut Line) {
        let mut name = (what.call, what.channel.to_owned());
        if self.lines.len() >= LINES_MAX && !self.lines.contains_key(&name) {
            name = (ANY.call, ANY.channel.to_owned());
        }
        let line = self.lines.entry(name.clone()).or_default();
        (name, line)
    }
}

impl Line {
    /// Judges late probes: a probe that hangs has failed when its deadline passed, whenever somebody looks.
    fn judge_late_probes(&mut self, now: Instant) {
        let is_late = |probe: &Probe| now.duration_since(probe.began) >= PROBE_DEADLINE;
        let first = self.probes.iter().find(|probe| is_late(probe));
        let Some(began) = first.map(|probe| probe.began) else {
            return;
        };
        if self.circuit.is_half_open() {
            self.circuit.failed(began, began + PROBE_DEADLINE, true);
        }
        self.probes.retain(|probe| !is_late(probe));
    }

    fn room_for_probe(&self, now: Instant) -> Result<(), Duration> {
        match self.probes.first() {
            Some(oldest) if self.probes.len() >= PROBES_MAX => {
                Err((oldest.began + PROBE_DEADLINE).saturating_duration_since(now))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether its calls are refused, or a few are tried for all just now.
    fn is_open(&mut self, now: Instant) -> bool {
        self.judge_late_probes(now);
        let is_tried = self.circuit.is_half_open() && !self.probes.is_empty();
        self.circuit.refuses(now) || is_tried
    }
}

impl Admission {
    /// Reports the exchange's verdict.
    pub(crate) fn judged(mut self, verdict: Verdict) {
        self.breaker.end(&self, Some(verdict));
        self.probe = None;
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.probe.is_some() {
            self.breaker.end(self, None);
        }
    }
}

#[cfg(test)]
mod tests;
