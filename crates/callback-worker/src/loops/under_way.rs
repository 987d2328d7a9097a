//! Which deliveries are under way: how many of each kind of endpoint, and of each endpoint. A place
//! is given back when it is dropped, so that a try that panics keeps none.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use ayolinx_core::ids::EndpointId;
use service_shell::pace::Pace;

use super::deliver::PER_ENDPOINT_MAX;
use super::delivery_metrics::EndpointState;

/// The counts of one process.
#[derive(Debug)]
pub(super) struct UnderWay {
    healthy: Cell<i64>,
    troubled: Cell<i64>,
    of_endpoint: RefCell<HashMap<EndpointId, i64>>,
    pace: Pace,
}

impl UnderWay {
    /// None; `pace` is nudged where more may wait than could be taken up.
    pub(super) fn new(pace: Pace) -> Rc<Self> {
        Rc::new(Self {
            healthy: Cell::default(),
            troubled: Cell::default(),
            of_endpoint: RefCell::default(),
            pace,
        })
    }

    pub(super) const fn pace(&self) -> &Pace {
        &self.pace
    }

    pub(super) fn all(&self) -> i64 {
        self.healthy.get().saturating_add(self.troubled.get())
    }

    pub(super) fn of(&self, state: EndpointState) -> i64 {
        self.lane(state).get()
    }

    fn lane(&self, state: EndpointState) -> &Cell<i64> {
        match state {
            EndpointState::Healthy => &self.healthy,
            EndpointState::Troubled => &self.troubled,
        }
    }

    /// Takes a place until it is dropped.
    pub(super) fn place(self: &Rc<Self>, state: EndpointState, endpoint: EndpointId) -> Place {
        let lane = self.lane(state);
        lane.set(lane.get().saturating_add(1));
        let mut of_endpoint = self.of_endpoint.borrow_mut();
        let count = of_endpoint.entry(endpoint).or_default();
        *count = count.saturating_add(1);
        Place {
            under_way: Rc::clone(self),
            state,
            endpoint,
        }
    }

    /// An endpoint that had as many under way as it may is looked at again: more may wait for it.
    fn give_back(&self, state: EndpointState, endpoint: EndpointId) {
        let lane = self.lane(state);
        lane.set(lane.get().saturating_sub(1));
        let mut of_endpoint = self.of_endpoint.borrow_mut();
        let count = of_endpoint.entry(endpoint).or_default();
        if *count >= PER_ENDPOINT_MAX {
            self.pace.nudge();
        }
        *count = count.saturating_sub(1);
        if *count <= 0 {
            of_endpoint.remove(&endpoint);
        }
    }
}

/// A delivery's place among those under way.
#[derive(Debug)]
pub(super) struct Place {
    under_way: Rc<UnderWay>,
    state: EndpointState,
    endpoint: EndpointId,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.under_way.give_back(self.state, self.endpoint);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    #[actix_web::test]
    async fn a_try_that_panics_gives_its_place_back() {
        let under_way = UnderWay::new(Pace::new("webhooks", Duration::from_secs(1)));
        let endpoint = EndpointId::from_uuid(Uuid::now_v7());
        let other = under_way.place(EndpointState::Troubled, endpoint);
        let place = under_way.place(EndpointState::Healthy, endpoint);
        assert_eq!(
            (under_way.all(), under_way.of(EndpointState::Healthy)),
            (2, 1)
        );
        let tried = actix_web::rt::spawn(async move {
            let _place = place;
            panic!("on purpose");
        });
        assert!(tried.await.unwrap_err().is_panic());
        assert_eq!(
            (under_way.all(), under_way.of(EndpointState::Healthy)),
            (1, 0)
        );
        assert_eq!(under_way.of_endpoint.borrow().get(&endpoint), Some(&1));
        drop(other);
        assert_eq!(under_way.all(), 0);
        assert!(under_way.of_endpoint.borrow().is_empty());
    }
}
