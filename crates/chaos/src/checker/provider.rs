//! The provider's money by its own journal: the sums that came for each payment, and how much of
//! each has gone back. A payment has one, or one for each transfer with a number of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::Evidence;

/// A sum at the provider.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum<'e> {
    /// Its own number, where it has one.
    pub(super) name: Option<&'e str>,
    pub(super) paid: i64,
    /// Running total of what has gone back; never more than was paid.
    pub(super) returned: i64,
}

impl Evidence {
    /// Returns the sums of each payment that has any, in the order in which they came.
    pub(super) fn money(&self) -> BTreeMap<&str, Vec<Sum<'_>>> {
        let mut all: BTreeMap<&str, Vec<Sum<'_>>> = BTreeMap::new();
        for settled in &self.settled {
            let name = settled.transfer.as_deref();
            let is_success = settled.status == "00";
            if !is_success && settled.status != "04" {
                continue;
            }
            let Some(sums) = sums_of(&mut all, &settled.reference, is_success) else {
                continue;
            };
            let known = sums.iter_mut().find(|sum| sum.name == name);
            match known {
                Some(sum) if is_success => sum.paid = settled.minor,
                Some(sum) => sum.returned = sum.returned.max(settled.minor).min(sum.paid),
                None if is_success => sums.push(Sum {
                    name,
                    paid: settled.minor,
                    returned: 0,
                }),
                None => {}
            }
        }
        all
    }

    /// Returns the payments and names of the sums for which a callback with this status was
    /// acknowledged. The name is the transfer's own where it has one.
    pub(super) fn told(&self, status: &str) -> BTreeSet<(&str, Option<&str>)> {
        let told = self.callbacks.iter();
        told.filter(|callback| {
            callback.is_accepted && callback.said.status.as_deref() == Some(status)
        })
        .filter_map(|callback| {
            let reference = callback.reference.as_deref()?;
            Some((reference, callback.said.name.as_deref()))
        })
        .collect()
    }
}

fn sums_of<'m, 'e>(
    all: &'m mut BTreeMap<&'e str, Vec<Sum<'e>>>,
    reference: &'e str,
    is_success: bool,
) -> Option<&'m mut Vec<Sum<'e>>> {
    if is_success {
        return Some(all.entry(reference).or_default());
    }
    all.get_mut(reference)
}

/// Returns whether a callback reported this sum; a sum without a number of its own counts as
/// reported by any callback of its payment.
pub(super) fn is_told(
    told: &BTreeSet<(&str, Option<&str>)>,
    payment: &str,
    name: Option<&str>,
) -> bool {
    match name {
        Some(_) => told.contains(&(payment, name)),
        None => told.iter().any(|(known, _)| *known == payment),
    }
}
