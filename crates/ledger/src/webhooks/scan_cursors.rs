//! The fronts: a deliverer's knowledge of the endpoints that something waits for, from one look to the next. So a
//! look asks the database about these, about what is new, and now and then about everything: what it
//! costs does not depend on how many endpoints or months there are.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use ayolinx_core::ids::EndpointId;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::tx::shifted;

/// The time before the newest claimed delivery within which others that became due are still looked for:
/// transactions that make something due end later than they begin.
pub(crate) const LOOK_BACK: TimeDelta = TimeDelta::seconds(2);
/// The reciprocal of the share of time that looks at everything take, as long as the interval that follows from it
/// is not beyond the longest. They find leases that ran out, what was made due again, and what took longer still.
pub(crate) const WHOLE_LOOK_SHARE: u32 = 100;
/// The least and the longest interval of looks at everything.
const WHOLE_LOOK_EVERY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// The reciprocal of the share of time that looks for new deliveries take, as long as the interval that follows from
/// it is not beyond the longest. They read those of the last seconds again.
const NEW_LOOK_SHARE: u32 = 5;
/// The longest interval of looks for new deliveries, as long as somebody looks.
const NEW_LOOK_EVERY: Duration = Duration::from_millis(100);

/// The place at each endpoint where a look for due deliveries begins, and the endpoints it asks about.
#[derive(Debug, Clone, Default)]
pub struct Fronts {
    /// Times near the newest that was claimed. What was settled since stays in the index, dead, as long as
    /// anybody's transaction is older than that; a look that began at the oldest would go through all of it each
    /// time.
    since: HashMap<Uuid, DateTime<Utc>>,
    /// Endpoints that something waits for, each with the time when it is to be asked about.
    known: HashMap<Uuid, Instant>,
    whole_look_at: Option<Instant>,
    new_look_at: Option<Instant>,
}

/// The standing of an endpoint that was asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stand {
    pub(crate) endpoint: Uuid,
    /// The merchant that the endpoint belongs to.
    pub(crate) merchant: Uuid,
    /// Due time of the first of its deliveries that nobody has claimed.
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// Number of deliveries that are claimed.
    pub(crate) under_way: i64,
    /// The database's time.
    pub(crate) now: DateTime<Utc>,
}

impl Fronts {
    /// Returns whether a look could find nothing, unless something is new: no known endpoint is due to be asked
    /// about, and no look at everything either.
    #[must_use]
    pub fn know_of_nothing_due(&self) -> bool {
        let now = Instant::now();
        self.whole_look_at.is_some_and(|at| at > now) && self.known.values().all(|at| *at > now)
    }

    /// Returns the fronts for the look after one that fails: a look at everything that does not end is not begun
    /// again at once, and what is known stays known.
    #[must_use]
    pub fn after_failure(&self) -> Self {
        Self {
            whole_look_at: Instant::now().checked_add(WHOLE_LOOK_EVERY.1),
            ..self.clone()
        }
    }

    /// Returns whether the next look is one at everything; then it begins at the front of each endpoint.
    pub(crate) fn begin_whole_look(&mut self) -> bool {
        let is_whole = self.whole_look_at.is_none_or(|at| at <= Instant::now());
        if is_whole {
            self.since.clear();
            self.whole_look_at = None;
        }
        is_whole
    }

    /// Notes a look at everything, the time it took and the endpoints it found.
    pub(crate) fn looked_whole(&mut self, took: Duration, found: impl Iterator<Item = Uuid>) {
        let now = Instant::now();
        self.known = found.map(|endpoint| (endpoint, now)).collect();
        let (least, most) = WHOLE_LOOK_EVERY;
        let wait = took.saturating_mul(WHOLE_LOOK_SHARE).clamp(least, most);
        self.whole_look_at = now.checked_add(wait);
    }

    /// Returns whether it is time to look for what is new.
    pub(crate) fn wants_new(&self) -> bool {
        self.new_look_at.is_none_or(|at| at <= Instant::now())
    }

    /// Notes a look for what is new and the time it took.
    pub(crate) fn looked_for_new(&mut self, took: Duration) {
        let wait = took.saturating_mul(NEW_LOOK_SHARE).min(NEW_LOOK_EVERY);
        self.new_look_at = Instant::now().checked_add(wait);
    }

    /// Returns the known endpoints that are due to be asked about.
    pub(crate) fn to_ask(&self) -> Vec<Uuid> {
        let now = Instant::now();
        let due = self.known.iter().filter(|(_, at)| **at <= now);
        due.map(|(endpoint, _)| *endpoint).collect()
    }

    /// Notes the standing of these endpoints after they were asked about. Those that are not among them any more
    /// are in the other lane, disabled or deleted.
    pub(crate) fn note_stands(&mut self, asked: &[Uuid], stands: &[Stand]) {
        for endpoint in asked {
            self.known.remove(endpoint);
        }
        for stand in stands {
            let wait = stand.due_at.map(|due_at| {
                let wait = due_at.signed_duration_since(stand.now);
                wait.to_std().unwrap_or_default()
            });
            // A try that is under way may end in another one, at a time that is not known yet.
            let wait = wait.or((stand.under_way > 0).then_some(Duration::ZERO));
            let ask_at = wait.and_then(|wait| Instant::now().checked_add(wait));
            if let Some(ask_at) = ask_at {
                self.known.insert(stand.endpoint, ask_at);
            }
        }
    }

    /// Notes a claim of a delivery of this endpoint that was due then.
    pub(crate) fn note_claimed(&mut self, endpoint: Uuid, due_at: DateTime<Utc>) {
        let since = shifted(due_at, -LOOK_BACK);
        let known = self.since.entry(endpoint).or_insert(since);
        *known = since.max(*known);
    }

    /// Notes that claimed deliveries of this endpoint were put back: they are due as before, and looked for from
    /// the front again.
    pub fn note_put_back(&mut self, endpoint: EndpointId) {
        self.since.remove(&endpoint.as_uuid());
        self.known.insert(endpoint.as_uuid(), Instant::now());
    }

    /// Returns the places where looks begin, as statements read them: for each endpoint its time.
    pub(crate) fn since(&self) -> String {
        as_json(&self.since)
    }
}

/// Returns for each endpoint its time, as statements read it.
pub(crate) fn as_json(since: &HashMap<Uuid, DateTime<Utc>>) -> String {
    let since = since.iter();
    let since: serde_json::Map<_, _> = since
        .map(|(id, since)| (id.to_string(), since.to_rfc3339().into()))
        .collect();
    serde_json::Value::Object(since).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stand(endpoint: Uuid, due_in: Option<i64>, under_way: i64) -> Stand {
        let now = Utc::now();
        Stand {
            endpoint,
            merchant: Uuid::nil(),
            due_at: due_in.map(|seconds| shifted(now, TimeDelta::seconds(seconds))),
            under_way,
            now,
        }
    }

    #[test]
    fn an_endpoint_is_asked_about_again_when_something_is_due_there_or_under_way() {
        let mut fronts = Fronts::default();
        let [due, later, busy, idle, gone] = std::array::from_fn(|_| Uuid::now_v7());
        let all = [due, later, busy, idle, gone];
        assert!(fronts.begin_whole_look());
        fronts.looked_whole(Duration::ZERO, all.into_iter());
        assert!(!fronts.know_of_nothing_due());
        let stands = [
            stand(due, Some(-1), 3),
            stand(later, Some(3600), 0),
            stand(busy, None, 1),
            stand(idle, None, 0),
        ];
        fronts.note_stands(&all, &stands);
        let mut asked = fronts.to_ask();
        asked.sort();
        assert_eq!(asked, [due, busy]);
        assert!(fronts.known.contains_key(&later) && fronts.known.len() == 3);
        fronts.note_stands(&[due, busy], &[stand(busy, None, 0)]);
        assert!(fronts.to_ask().is_empty() && fronts.know_of_nothing_due());
    }

    #[test]
    fn a_whole_look_that_fails_is_not_begun_again_at_once_and_forgets_nothing() {
        let mut fronts = Fronts::default();
        let endpoint = Uuid::now_v7();
        fronts.looked_whole(Duration::ZERO, std::iter::once(endpoint));
        fronts.whole_look_at = Some(Instant::now());
        let mut after = fronts.after_failure();
        assert!(fronts.begin_whole_look() && !after.begin_whole_look());
        assert_eq!(after.to_ask(), [endpoint]);
    }
}
