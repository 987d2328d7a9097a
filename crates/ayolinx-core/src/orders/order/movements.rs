//! The bookings that bring each receipt of an order from where it stands to where it belongs.

use super::Posting;
use crate::accounting::allocation::Allocation;
use crate::accounting::funds::OrderFunds;
use crate::accounting::posting::Booking;
use crate::accounting::receipt::{Place, Posted};
use crate::values::money::{Amount, AmountError};

pub(super) fn postings(
    funds: &OrderFunds,
    allocation: &Allocation,
) -> Result<Vec<Posting>, AmountError> {
    let any_booked = allocation
        .payments
        .iter()
        .flat_map(|payment| &payment.receipts)
        .any(|posted| posted.place == Place::Booked);
    let mut all = Vec::new();
    for (payment, allocated) in funds.payments.iter().zip(&allocation.payments) {
        for (receipt, posted) in payment.receipts.iter().zip(&allocated.receipts) {
            // Money that came and went back before it was booked went where it would have stayed.
            let arrives_at = match posted.place {
                Place::Booked => Place::Booked,
                Place::Returned if receipt.counts() && !any_booked => Place::Booked,
                Place::Suspense | Place::Returned | Place::Rejected => Place::Suspense,
            };
            for (booking, amount) in movements(receipt.posted, *posted, arrives_at)? {
                if !amount.is_zero() {
                    all.push(Posting {
                        payment: payment.id,
                        receipt: receipt.id,
                        booking,
                        amount,
                    });
                }
            }
        }
    }
    Ok(all)
}

/// Returns the bookings that bring a receipt from where it stands to where it belongs.
fn movements(
    was: Option<Posted>,
    is: Posted,
    arrives_at: Place,
) -> Result<Vec<(Booking, Amount)>, AmountError> {
    let Some(was) = was.filter(|was| was.place != Place::Rejected) else {
        return Ok(match is.place {
            Place::Rejected => Vec::new(),
            Place::Booked | Place::Suspense | Place::Returned => vec![
                (receive(arrives_at), is.amount),
                (give_back(arrives_at), is.returned),
            ],
        });
    };
    let from = match was.place {
        Place::Booked => Place::Booked,
        Place::Suspense | Place::Rejected => Place::Suspense,
        Place::Returned => arrives_at,
    };
    let rest = was.rest()?;
    if is.place == Place::Rejected {
        return Ok(vec![(give_back(from), rest)]);
    }
    let stays = from == arrives_at && is.amount.minor() >= was.amount.minor();
    if was.amount != is.amount && !stays {
        // The receipt was announced with another sum: that leaves as it came.
        let known = smaller(was.returned, is.returned);
        return Ok(vec![
            (give_back(from), rest),
            (receive(arrives_at), is.amount.checked_sub(known)?),
            (give_back(arrives_at), is.returned.checked_sub(known)?),
        ]);
    }
    let mut moves = vec![(receive(arrives_at), is.amount.checked_sub(was.amount)?)];
    let mut left = rest;
    if is.returned.minor() > was.returned.minor() {
        let part = is.returned.checked_sub(was.returned)?;
        moves.push((give_back(from), part));
        left = Amount::from_minor(
            rest.minor().saturating_sub(part.minor()).max(0),
            rest.currency(),
        )?;
    } else {
        moves.push((receive(arrives_at), was.returned.checked_sub(is.returned)?));
    }
    match (from, is.place) {
        (Place::Booked, Place::Suspense) => moves.push((Booking::MerchantToSuspense, left)),
        (Place::Suspense, Place::Booked) => moves.push((Booking::SuspenseToMerchant, left)),
        _ => {}
    }
    Ok(moves)
}

const fn smaller(left: Amount, right: Amount) -> Amount {
    if left.minor() <= right.minor() {
        left
    } else {
        right
    }
}

const fn receive(place: Place) -> Booking {
    match place {
        Place::Booked => Booking::ReceiveForMerchant,
        Place::Suspense | Place::Returned | Place::Rejected => Booking::ReceiveIntoSuspense,
    }
}

const fn give_back(place: Place) -> Booking {
    match place {
        Place::Booked => Booking::RefundFromMerchant,
        Place::Suspense | Place::Returned | Place::Rejected => Booking::ReleaseSuspense,
    }
}
