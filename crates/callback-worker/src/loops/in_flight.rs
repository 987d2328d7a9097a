//! Deliveries under way: a place for each among those of its endpoint and of its shop, endpoints that fail
//! apart from those that answer. A place is given back when it is dropped, so that an attempt that panics keeps none.

use std::rc::Rc;

use ayolinx_core::ids::{EndpointId, MerchantId};
use ledger::{DeliveryRoom, LeasedDelivery};
use prometheus::Registry;
use service_shell::pace::Pace;
use shares::{Limits, Place as Share, Refused, Shares};

use super::delivery_metrics::EndpointState;

/// Maximum number of deliveries under way at once in one process, to endpoints that answer …
const AT_ONCE_MAX: usize = 256;
/// … and to those whose last attempts all failed, of which each has one under way.
const TROUBLED_AT_ONCE_MAX: usize = 64;
/// Maximum number of them to one endpoint, over all replicas …
const PER_ENDPOINT_MAX: usize = 16;
/// … and the number guaranteed to each endpoint, however many others are slow.
const PER_ENDPOINT_GUARANTEED: usize = 2;

/// The places of endpoints in one state.
#[derive(Debug)]
struct Lane {
    endpoints: Shares<EndpointId>,
    shops: Shares<MerchantId>,
}

impl Lane {
    fn healthy() -> Self {
        let of_shops = Limits::quarters(AT_ONCE_MAX);
        let of_endpoints = Limits {
            most_of_one: PER_ENDPOINT_MAX,
            guaranteed: PER_ENDPOINT_GUARANTEED,
            ..of_shops
        };
        Self {
            endpoints: Shares::new("webhooks", of_endpoints, Limits::NONE),
            shops: Shares::new("webhooks_by_shop", of_shops, Limits::NONE),
        }
    }

    fn troubled() -> Self {
        let of_endpoints = Limits {
            most_of_one: 1,
            ..Limits::unshared(TROUBLED_AT_ONCE_MAX)
        };
        let of_shops = Limits::quarters(TROUBLED_AT_ONCE_MAX);
        Self {
            endpoints: Shares::new("troubled_webhooks", of_endpoints, Limits::NONE),
            shops: Shares::new("troubled_webhooks_by_shop", of_shops, Limits::NONE),
        }
    }

    /// Returns the deliveries that may be claimed now. While there are places beside the reserves, an endpoint may have
    /// them up to its maximum; otherwise each may have what is guaranteed to it.
    fn room(&self) -> Option<DeliveryRoom> {
        let standings = [
            (self.endpoints.limits(), self.endpoints.held()),
            (self.shops.limits(), self.shops.held()),
        ];
        let free = standings.map(|(limits, held)| limits.places.saturating_sub(held));
        let unreserved = standings.map(|(limits, held)| {
            let for_all = limits.places.saturating_sub(limits.reserve);
            for_all.saturating_sub(held)
        });
        let least = |counts: [usize; 2]| counts.into_iter().min().unwrap_or_default();
        let limits = self.endpoints.limits();
        let (at_once, per_endpoint) = match least(unreserved) {
            0 => (least(free), limits.guaranteed),
            unreserved => (unreserved, limits.most_of_one),
        };
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        (at_once > 0).then(|| DeliveryRoom {
            at_once: count(at_once),
            per_endpoint: count(per_endpoint.max(1)),
            full_endpoints: self.endpoints.refused().into_iter().collect(),
            full_shops: self.shops.refused().into_iter().collect(),
        })
    }

    fn is_full_for(&self, endpoint: EndpointId, shop: MerchantId) -> bool {
        self.endpoints.room(&endpoint) == 0 || self.shops.room(&shop) == 0
    }
}

/// The places of one process.
#[derive(Debug)]
pub(super) struct UnderWay {
    healthy: Lane,
    troubled: Lane,
    pace: Pace,
}

impl UnderWay {
    /// Creates it with no place taken; `pace` is nudged when more may wait than could be taken up.
    pub(super) fn new(pace: Pace) -> Rc<Self> {
        Rc::new(Self {
            healthy: Lane::healthy(),
            troubled: Lane::troubled(),
            pace,
        })
    }

    /// Registers the metrics of the places.
    pub(super) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        for lane in [&self.healthy, &self.troubled] {
            lane.endpoints.register(registry)?;
            lane.shops.register(registry)?;
        }
        Ok(())
    }

    pub(super) const fn pace(&self) -> &Pace {
        &self.pace
    }

    pub(super) fn all(&self) -> usize {
        let lanes = [&self.healthy, &self.troubled];
        lanes.iter().map(|lane| lane.shops.held()).sum()
    }

    const fn lane(&self, state: EndpointState) -> &Lane {
        match state {
            EndpointState::Healthy => &self.healthy,
            EndpointState::Troubled => &self.troubled,
        }
    }

    /// Returns the room for claims; `None` when every place is taken.
    pub(super) fn room(&self, state: EndpointState) -> Option<DeliveryRoom> {
        self.lane(state).room()
    }

    /// Takes a delivery's place until it is dropped.
    pub(super) fn place(
        self: &Rc<Self>,
        state: EndpointState,
        delivery: &LeasedDelivery,
    ) -> Result<Place, Refused> {
        self.enter(state, delivery.endpoint_id, delivery.merchant_id)
    }

    fn enter(
        self: &Rc<Self>,
        state: EndpointState,
        endpoint: EndpointId,
        shop: MerchantId,
    ) -> Result<Place, Refused> {
        let lane = self.lane(state);
        let shares = (
            lane.endpoints.try_enter(&endpoint)?,
            lane.shops.try_enter(&shop)?,
        );
        Ok(Place {
            under_way: Rc::clone(self),
            state,
            endpoint,
            shop,
            shares: Some(shares),
        })
    }
}

/// A delivery's place among those under way.
#[derive(Debug)]
pub(super) struct Place {
    under_way: Rc<UnderWay>,
    state: EndpointState,
    endpoint: EndpointId,
    shop: MerchantId,
    shares: Option<(Share<EndpointId>, Share<MerchantId>)>,
}

impl Drop for Place {
    /// Nudges the pace for a healthy endpoint or shop that was full: more may wait for it.
    fn drop(&mut self) {
        let lane = self.under_way.lane(self.state);
        let was_full = lane.is_full_for(self.endpoint, self.shop) || lane.room().is_none();
        self.shares = None;
        // The pace is the healthy ones'. A troubled endpoint has one place, and is always full at its end.
        if was_full && self.state == EndpointState::Healthy {
            self.under_way.pace.nudge();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn under_way() -> Rc<UnderWay> {
        UnderWay::new(Pace::new("webhooks", Duration::from_secs(1)))
    }

    fn endpoint(number: u128) -> EndpointId {
        EndpointId::from_uuid(Uuid::from_u128(number))
    }

    fn shop(number: u128) -> MerchantId {
        MerchantId::from_uuid(Uuid::from_u128(number))
    }

    #[actix_web::test]
    async fn a_try_that_panics_gives_its_place_back() {
        let under_way = under_way();
        let other = under_way.enter(EndpointState::Troubled, endpoint(1), shop(1));
        let place = under_way.enter(EndpointState::Healthy, endpoint(1), shop(1));
        assert_eq!((under_way.all(), under_way.healthy.shops.held()), (2, 1));
        let tried = actix_web::rt::spawn(async move {
            let _place = place;
            panic!("on purpose");
        });
        assert!(tried.await.unwrap_err().is_panic());
        assert_eq!((under_way.all(), under_way.healthy.shops.held()), (1, 0));
        drop(other);
        assert_eq!(under_way.all(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
        /// Drawn slow endpoints of drawn shops take what they get, also beyond what a look may claim.
        #[test]
        fn slow_endpoints_leave_a_look_for_another_and_its_places(
            slow in proptest::collection::vec((0..40_u128, 0..3_u128), 1..1500),
        ) {
            let under_way = under_way();
            let state = EndpointState::Healthy;
            let mut held = Vec::new();
            for (number, of) in slow {
                // An endpoint has one shop.
                let (endpoint, shop) = (endpoint(number * 3 + of), shop(of));
                held.extend(under_way.enter(state, endpoint, shop).ok());
            }
            let (other, its_shop) = (endpoint(999), shop(9));
            for _ in 0..PER_ENDPOINT_GUARANTEED {
                let room = under_way.room(state).unwrap();
                prop_assert!(room.at_once > 0 && room.per_endpoint > 0);
                prop_assert!(!room.full_endpoints.contains(&other));
                prop_assert!(!room.full_shops.contains(&its_shop));
                let entered = under_way.enter(state, other, its_shop);
                prop_assert!(entered.is_ok(), "beside {}", held.len());
                held.extend(entered.ok());
            }
            // A look claims nothing for whom there is no place.
            let room = under_way.room(state).unwrap();
            for number in 0..120 {
                let (endpoint, shop) = (endpoint(number), shop(number % 3));
                let is_passed_over = room.full_endpoints.contains(&endpoint) || room.full_shops.contains(&shop);
                let entered = under_way.enter(state, endpoint, shop);
                let has_none = under_way.healthy.endpoints.held_by(&endpoint) == 0;
                prop_assert!(entered.is_ok() || is_passed_over || has_none);
            }
        }
    }
}
