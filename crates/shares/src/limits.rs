//! The arithmetic of shares: it decides who may take a place of a pool.

/// The reason why a key gets no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refused {
    /// The key holds all that one key may hold: the cause is its own.
    #[error("its own share is used up")]
    OwnShare,
    /// The key holds less than one key may hold, but others left it no place.
    #[error("all places are taken")]
    All,
}

impl Refused {
    /// Every reason.
    pub const ALL: [Self; 2] = [Self::OwnShare, Self::All];

    /// Returns the spelling in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OwnShare => "own_share",
            Self::All => "all",
        }
    }
}

/// The places of a pool and the rule by which keys may take them.
///
/// The places that keys hold beyond `guaranteed` each never exceed `places - reserve`. So with at most `reserve / guaranteed`
/// keys in the pool no key that holds less than `guaranteed` is ever refused, however greedy the others are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Number of all places.
    pub places: usize,
    /// Most places that one key may hold.
    pub most_of_one: usize,
    /// Number of places below which a key may also take from the reserve.
    pub guaranteed: usize,
    /// Number of places that only such keys may take.
    pub reserve: usize,
}

impl Limits {
    /// No place at all: the limits of a queue in which nobody may wait.
    pub const NONE: Self = Self {
        places: 0,
        most_of_one: 0,
        guaranteed: 0,
        reserve: 0,
    };

    /// Creates limits of this many places of which one key may take all: nothing is shared.
    #[must_use]
    pub const fn unshared(places: usize) -> Self {
        Self {
            places,
            most_of_one: places,
            guaranteed: 0,
            reserve: 0,
        }
    }

    /// Creates limits of three quarters of the places for one key, one quarter as the reserve, and so much of the
    /// reserve guaranteed to each key that four newcomers have theirs at once. Fewer than four places have no
    /// reserve.
    #[must_use]
    pub const fn quarters(places: usize) -> Self {
        let quarter = places / 4;
        Self {
            places,
            most_of_one: places.saturating_sub(quarter),
            guaranteed: quarter.div_ceil(4),
            reserve: quarter,
        }
    }

    /// Decides whether a key that holds `own` of the `all` places taken so far may take one more.
    ///
    /// # Errors
    /// The share that is used up, where it may not.
    pub const fn admit(&self, all: usize, own: usize) -> Result<(), Refused> {
        if own >= self.most_of_one {
            return Err(Refused::OwnShare);
        }
        let free = self.places.saturating_sub(all);
        let kept = if own < self.guaranteed {
            0
        } else {
            self.reserve
        };
        if free > kept {
            Ok(())
        } else {
            Err(Refused::All)
        }
    }

    /// Returns the number of places that a key could take now, one after the other, which holds `own` of the `all`
    /// taken.
    #[must_use]
    pub fn room(&self, all: usize, own: usize) -> usize {
        let free = self.places.saturating_sub(all);
        let own_left = self.most_of_one.saturating_sub(own);
        let guaranteed_left = self.guaranteed.saturating_sub(own);
        let unreserved = free.saturating_sub(self.reserve);
        own_left.min(free).min(unreserved.max(guaranteed_left))
    }
}
