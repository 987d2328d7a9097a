//! Changes that a transaction makes to payments and money, to be counted once it is committed.

use ayolinx_core::channels::PAYMENT_LINK_CHANNEL;
use ayolinx_core::posting::Booking;
use ayolinx_core::states::PaymentState;

use crate::rows::payments::PaymentRow;

/// The changes of a transaction, to be counted once it is committed.
#[derive(Default)]
pub(crate) struct Tally(pub(crate) Vec<(Labels, What)>);

impl Tally {
    pub(crate) fn came(&mut self, payment: &PaymentRow, state: PaymentState) {
        self.0.push((labels(payment), What::Came(state)));
    }

    /// Adds a booking in whole rupiah, as orders have.
    pub(crate) fn booked(&mut self, payment: &PaymentRow, booking: Booking, minor: i64) {
        let rupiah = u64::try_from(minor).unwrap_or(0) / 100;
        self.0
            .push((labels(payment), What::Booked(booking, rupiah)));
    }

    pub(crate) fn and(&mut self, more: Self) {
        self.0.extend(more.0);
    }
}

pub(crate) struct Labels {
    pub(crate) method: String,
    pub(crate) channel: String,
}

pub(crate) enum What {
    Came(PaymentState),
    Booked(Booking, u64),
}

fn labels(payment: &PaymentRow) -> Labels {
    let channel = payment.channel.as_deref().unwrap_or(PAYMENT_LINK_CHANNEL);
    Labels {
        method: payment.method.clone(),
        channel: channel.to_owned(),
    }
}
