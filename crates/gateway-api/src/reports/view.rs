//! The daily report as shops see it.

use ayolinx_core::money::{Amount, AmountError, Currency, Money};
use chrono::NaiveDate;
use ledger::{PeriodReport, Sum, Way, WayFigures};
use serde::Serialize;
use utoipa::ToSchema;

/// The orders and money of one day in Jakarta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DailyReport {
    /// The date of the day.
    #[schema(format = Date, example = "2026-11-20")]
    pub date: String,
    /// The report of each way to pay that has any figures. Orders without a payment come first, with
    /// neither method nor channel.
    pub channels: Vec<ChannelReport>,
}

/// The orders and money of one way to pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChannelReport {
    /// The method; `null` for orders without a payment.
    #[schema(required, value_type = Option<crate::description::schemas::MethodName>)]
    pub method: Option<String>,
    /// The channel; `null` for payment links, and for orders without a payment.
    #[schema(required, example = "BNC_QRIS")]
    pub channel: Option<String>,
    /// The number of orders made that day whose first payment was by this channel.
    #[schema(minimum = 0)]
    pub orders: i64,
    /// The money booked to the merchant that day, from suspense too.
    pub paid: Counted,
    /// The number of orders that expired that day, by their newest payment; `null` when the events
    /// of that day are no longer kept.
    #[schema(required, minimum = 0)]
    pub expired: Option<i64>,
    /// The number of orders that failed that day, by their newest payment; `null` when the events of
    /// that day are no longer kept.
    #[schema(required, minimum = 0)]
    pub failed: Option<i64>,
    /// The merchant's money that was returned that day.
    pub refunds: Counted,
    /// The money in suspense, which waits for a review.
    pub suspense: SuspenseReport,
}

/// The movements through suspense on that day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SuspenseReport {
    /// The money that came into suspense.
    pub received: Counted,
    /// The money that became the merchant's; it is included in `paid`.
    pub accepted: Counted,
    /// The money that was booked to the merchant until an earlier payment of the same order took its
    /// place.
    pub displaced: Counted,
    /// The money that left suspense again: returned, or never as announced.
    pub released: Counted,
}

/// Bookings and their sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counted {
    /// The number of bookings.
    #[schema(minimum = 0)]
    pub count: i64,
    /// The sum of the bookings.
    #[schema(value_type = crate::description::schemas::Money)]
    pub amount: Money,
}

impl DailyReport {
    /// Returns the view of a day's figures.
    ///
    /// # Errors
    /// [`AmountError`] when a sum is more than an amount can be.
    pub fn new(date: NaiveDate, report: PeriodReport) -> Result<Self, AmountError> {
        let known = !report.events_are_gone;
        let channels = report.ways.into_iter();
        Ok(Self {
            date: date.format("%Y-%m-%d").to_string(),
            channels: channels
                .map(|(way, figures)| ChannelReport::new(way, figures, known))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl ChannelReport {
    fn new(way: Way, figures: WayFigures, events_are_known: bool) -> Result<Self, AmountError> {
        Ok(Self {
            method: way.method,
            channel: way.channel,
            orders: figures.orders,
            paid: counted(&[figures.received, figures.accepted])?,
            expired: events_are_known.then_some(figures.expired),
            failed: events_are_known.then_some(figures.failed),
            refunds: counted(&[figures.refunded])?,
            suspense: SuspenseReport {
                received: counted(&[figures.held])?,
                accepted: counted(&[figures.accepted])?,
                displaced: counted(&[figures.displaced])?,
                released: counted(&[figures.released])?,
            },
        })
    }
}

fn counted(sums: &[Sum]) -> Result<Counted, AmountError> {
    let (mut count, mut amount) = (0_i64, Amount::ZERO);
    for sum in sums {
        count = count.saturating_add(sum.count);
        amount = amount.checked_add(Amount::from_minor(sum.minor, Currency::Idr)?)?;
    }
    Ok(Counted {
        count,
        amount: amount.into(),
    })
}
