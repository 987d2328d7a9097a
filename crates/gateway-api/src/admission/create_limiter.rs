//! Slots for creates under way in a process, shared by shops and by channels, and whether one was turned away just now
//! because no slot was free: while that is so, reads wait for nothing (promise P11).

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ayolinx_core::ids::MerchantId;
use prometheus::Registry;
use shares::{Limits, Place, Refused, Shares};

use super::share_refusal::{share_of_all, share_of_shop};
use crate::http::error::ApiError;

/// Creates under way at once that a process never exceeds; further ones are shed before anything is written.
const CREATES_MAX: usize = 512;
/// The time for which no read waits after a create was turned away.
const LATELY: Duration = Duration::from_secs(1);
/// Slots guaranteed to a channel. Channels are few: each has more guaranteed than a shop.
const CHANNELS_GUARANTEED: usize = 8;

/// One channel of one shop.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ShopChannel(MerchantId, String);

impl fmt::Display for ShopChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, self.1)
    }
}

/// A fixed number of slots. Each create takes one among those of its shop, of its channel, and of its shop's channel:
/// so no shop takes another's, no channel another's, and no channel of a shop those of its others.
pub struct Creates {
    shops: Shares<MerchantId>,
    channels: Shares<String>,
    shop_channels: Shares<ShopChannel>,
    began: Instant,
    /// Milliseconds from `began` to the last refusal, plus one; 0 when no create was turned away.
    turned_away: AtomicU64,
}

/// The slots of a create, given back when dropped.
#[derive(Debug)]
pub struct CreatePlace {
    _shop: Place<MerchantId>,
    _channel: Option<(Place<ShopChannel>, Place<String>)>,
}

impl Creates {
    /// Makes the slots of a process whose listener takes this many connections, and which makes this many calls of the
    /// provider at once: one shop's creates hold a quarter of the connections at most, and one channel's no more calls
    /// than it may have.
    #[must_use]
    pub fn of(connections: usize, provider_calls: usize) -> Self {
        let places = (connections / 3).min(provider_calls / 2);
        Self::new(places.clamp(1, CREATES_MAX))
    }

    /// Makes this many slots.
    #[must_use]
    pub fn new(places: usize) -> Self {
        // The reserve of channels comes on top: what one shop may hold, on however many channels, leaves other shops
        // the same channels. Half for one channel: its shops have the rest for their other channels.
        let of_channels = Limits {
            places: places.saturating_add(places / 4),
            most_of_one: places.div_ceil(2),
            guaranteed: (places / CHANNELS_GUARANTEED).max(1),
            reserve: places / 4,
        };
        // Less for one channel of one shop: it fills no channel alone.
        let of_shop_channels = Limits {
            most_of_one: (places.saturating_mul(3) / 8).max(1),
            ..Limits::unshared(places)
        };
        Self {
            shops: Shares::new("creates", Limits::quarters(places), Limits::NONE),
            channels: Shares::new("creates_by_channel", of_channels, Limits::NONE),
            shop_channels: Shares::new("creates_by_shop_channel", of_shop_channels, Limits::NONE),
            began: Instant::now(),
            turned_away: AtomicU64::new(0),
        }
    }

    /// Registers the metrics of these slots.
    ///
    /// # Errors
    /// [`prometheus::Error`] when they are registered already.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        self.shops.register(registry)?;
        self.channels.register(registry)?;
        self.shop_channels.register(registry)
    }

    /// Takes a slot for a create of this shop on this channel, where one is known.
    ///
    /// # Errors
    /// 429 when the shop's own share is used up, altogether or on this channel; 503 when other shops left it nothing.
    pub fn enter(
        &self,
        merchant: MerchantId,
        channel: Option<&str>,
    ) -> Result<CreatePlace, ApiError> {
        let shop = (self.shops.try_enter(&merchant)).map_err(|why| self.of_shop(why))?;
        let Some(channel) = channel else {
            return Ok(CreatePlace {
                _shop: shop,
                _channel: None,
            });
        };
        let own = ShopChannel(merchant, channel.to_owned());
        let own = (self.shop_channels.try_enter(&own)).map_err(|why| self.of_shop(why))?;
        let of_all = (self.channels.try_enter(&channel.to_owned())).map_err(|why| {
            // A channel that is slow for all is no reason to hold up reads.
            if why == Refused::All {
                self.turn_away();
            }
            share_of_all(&format!("creates on {channel}"))
        })?;
        Ok(CreatePlace {
            _shop: shop,
            _channel: Some((own, of_all)),
        })
    }

    fn of_shop(&self, why: Refused) -> ApiError {
        if why == Refused::All {
            self.turn_away();
        }
        share_of_shop(why, "creates")
    }

    fn turn_away(&self) {
        let now = self.millis().saturating_add(1);
        self.turned_away.store(now, Ordering::Relaxed);
    }

    /// Returns whether a create was turned away within the last second because all slots were taken. A create that
    /// found its shop's or its channel's share used up does not count: that affects nobody else.
    #[must_use]
    pub fn were_turned_away_lately(&self) -> bool {
        let last = self.turned_away.load(Ordering::Relaxed);
        let lately = u64::try_from(LATELY.as_millis()).unwrap_or(u64::MAX);
        last > 0 && self.millis().saturating_sub(last) < lately
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::ErrorCode;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn shop(number: u128) -> MerchantId {
        MerchantId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn whatever_the_process_may_open_one_shops_creates_leave_connections_and_calls_to_others() {
        for (connections, calls) in [(1, 1), (100, 256), (99, 2_048), (341, 256), (8_192, 2_048)] {
            let creates = Creates::of(connections, calls);
            let held = |shop, channel| {
                let enter = || creates.enter(shop, Some(channel)).ok();
                std::iter::from_fn(enter).collect::<Vec<_>>()
            };
            let mut all = held(shop(1), "SLOW");
            assert!(!all.is_empty() && all.len() <= (calls / 2).max(1));
            all.extend(held(shop(1), "OTHER"));
            assert!(
                all.len() <= (connections / 4 + 1).min(CREATES_MAX),
                "{}",
                all.len()
            );
            if connections >= 99 {
                assert!(
                    creates.enter(shop(2), Some("SLOW")).is_ok(),
                    "{connections} {calls}"
                );
            }
        }
    }

    #[test]
    fn a_create_that_finds_no_place_of_all_is_remembered() {
        let creates = Creates::new(1);
        let place = creates.enter(shop(1), Some("QRIS")).unwrap();
        assert!(!creates.were_turned_away_lately());
        let refused = creates.enter(shop(2), Some("QRIS")).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Overloaded);
        assert!(creates.were_turned_away_lately());
        drop(place);
        assert!(creates.enter(shop(2), Some("QRIS")).is_ok());
    }

    #[test]
    fn a_shop_at_its_share_is_told_so_and_slows_no_read() {
        let creates = Creates::new(64);
        let mut held = Vec::new();
        let refused = loop {
            match creates.enter(shop(1), Some("SLOW")) {
                Ok(place) => held.push(place),
                Err(refused) => break refused,
            }
        };
        assert_eq!(refused.code(), ErrorCode::RateLimited);
        assert_eq!(held.len(), 24);
        assert!(!creates.were_turned_away_lately());
        assert!(creates.enter(shop(1), Some("QRIS")).is_ok());
        drop(held);
        assert!(creates.enter(shop(1), Some("SLOW")).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        /// Lets generated greedy shops and channels hold all they get; a shop and a channel of their own still get in.
        #[test]
        fn neither_greedy_shops_nor_hanging_channels_take_the_places_of_others(
            greedy in proptest::collection::vec((0..2_u128, 0..2_u8), 1..2000),
        ) {
            let creates = Creates::new(512);
            let mut held = Vec::new();
            for (number, channel) in greedy {
                let channel = format!("SLOW_{channel}");
                held.extend(creates.enter(shop(number), Some(&channel)).ok());
            }
            for _ in 0..32 {
                let entered = creates.enter(shop(9), Some("QRIS"));
                prop_assert!(entered.is_ok(), "beside {} held", held.len());
                held.extend(entered.ok());
            }
        }

        /// One shop holds what it gets on drawn channels; another one gets in on each of these.
        #[test]
        fn a_greedy_shop_takes_no_channel_from_others(
            greedy in proptest::collection::vec(0..5_u8, 1..2000),
        ) {
            let creates = Creates::new(512);
            let on = |shop, channel: u8| creates.enter(shop, Some(&format!("CHANNEL_{channel}")));
            let mut held: Vec<_> = greedy.iter().filter_map(|channel| on(shop(1), *channel).ok()).collect();
            for number in 0..32 {
                let entered = on(shop(2), greedy[number % greedy.len()]);
                prop_assert!(entered.is_ok(), "beside {} held", held.len());
                held.extend(entered.ok());
            }
        }

        /// A channel hangs for drawn shops; each of them gets in on another channel.
        #[test]
        fn a_hanging_channel_takes_no_place_of_the_same_shops_on_others(
            shops in proptest::collection::vec(0..12_u128, 1..2000),
        ) {
            let creates = Creates::new(512);
            let on = |number, channel| creates.enter(shop(number), Some(channel)).ok();
            let mut held: Vec<_> = shops.iter().filter_map(|number| on(*number, "SLOW")).collect();
            for number in 0..12 {
                let entered = on(number, "QRIS");
                prop_assert!(entered.is_some(), "{number} beside {} held", held.len());
                held.extend(entered);
            }
        }
    }
}
