//! Slots of payers' pages in a process: few of the database's connections, and of one link fewer, so that
//! neither strangers nor one payer keep shops, or other payers, from theirs.

use std::time::Duration;

use ayolinx_core::ids::OrderId;
use prometheus::Registry;
use shares::{Limits, Place, Shares};

/// Pages read at once. The ledger has 16 connections, and shops have the others whatever payers do.
const READS: Limits = Limits {
    places: 6,
    most_of_one: 2,
    guaranteed: 1,
    reserve: 3,
};
/// Pages that wait for their turn. The links take turns, however much each of them asks for.
const READS_WAITING: Limits = Limits {
    places: 256,
    most_of_one: 8,
    guaranteed: 1,
    reserve: 64,
};
/// The longest wait of a page.
const READ_WAIT: Duration = Duration::from_secs(1);
/// Choices of a way to pay under way at once. A choice holds its slot as long as the provider takes, so
/// the bound on all is wide; that on one link is not.
const CHOICES: Limits = Limits {
    places: 256,
    most_of_one: 2,
    guaranteed: 1,
    reserve: 64,
};

/// A visitor's slot, given back when dropped.
pub type VisitPlace = Place<OrderId>;

/// The slots of payers.
#[derive(Debug)]
pub struct Visits {
    reads: Shares<OrderId>,
    choices: Shares<OrderId>,
}

impl Visits {
    /// Makes the slots and registers their metrics, as the pools `checkout_reads` and `checkout_choices`.
    ///
    /// # Errors
    /// [`prometheus::Error`] when they are registered already.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let visits = Self {
            reads: Shares::new("checkout_reads", READS, READS_WAITING),
            choices: Shares::new("checkout_choices", CHOICES, Limits::NONE),
        };
        visits.reads.register(registry)?;
        visits.choices.register(registry)?;
        Ok(visits)
    }

    /// Takes a slot to read an order for its page, after a wait of a second at most.
    pub async fn read(&self, order: OrderId) -> Option<VisitPlace> {
        self.reads.enter(&order, READ_WAIT).await.ok()
    }

    /// Takes a slot to open a payment that the payer chose.
    pub fn choose(&self, order: OrderId) -> Option<VisitPlace> {
        self.choices.try_enter(&order).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn one_link_leaves_places_to_others_and_a_crowd_of_links_takes_turns() {
        let visits = Visits::register(&Registry::new()).unwrap();
        let order = |number| OrderId::from_uuid(Uuid::from_u128(number));
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().build().unwrap();
        runtime.block_on(async {
            let greedy = (0..600).map(|_| visits.read(order(1)));
            let greedy = futures_util::future::join_all(greedy);
            // While hundreds hang on one link, every other one is served.
            let others = async {
                for other in 2..40 {
                    let place = visits.read(order(other)).await;
                    assert!(place.is_some(), "{other}");
                }
            };
            let (greedy, ()) = tokio::join!(greedy, others);
            let served = greedy.into_iter().flatten().count();
            assert_eq!(served, READS.most_of_one, "nobody gave its place back");
        });
        let first = visits.choose(order(1));
        let second = visits.choose(order(1));
        assert!(first.is_some() && second.is_some());
        assert!(visits.choose(order(1)).is_none());
        assert!(visits.choose(order(2)).is_some());
        drop(first);
        assert!(visits.choose(order(1)).is_some());
    }
}
