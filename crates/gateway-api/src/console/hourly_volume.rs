//! Money by the hour. The bookings of a past hour do not change: they are read once and kept, so
//! that looking at the console costs the same however much was sold.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Timelike, Utc};
use ledger::{ChannelMoney, Ledger, LedgerError, Urgency};

use super::format::jakarta;

const HOUR_SECONDS: i64 = 3_600;
/// Hours on the chart, the current one included.
const HOURS_SHOWN: i64 = 24;
/// The time after which an hour's bookings no longer change: a booking may carry a time a little
/// before its commit.
const SETTLED_AFTER_SECONDS: i64 = 600;

/// The money received in one hour, by channel.
#[derive(Debug, Clone)]
pub(super) struct Hour {
    /// The start of the hour.
    pub(super) from: DateTime<Utc>,
    /// The money received.
    pub(super) money: Arc<Vec<ChannelMoney>>,
}

impl Hour {
    /// Returns the sum of all channels, in rupiah.
    pub(super) fn rupiah(&self) -> i64 {
        self.money.iter().map(|one| one.rupiah).sum()
    }

    /// Returns the number of bookings.
    pub(super) fn payments(&self) -> i64 {
        self.money.iter().map(|one| one.payments).sum()
    }
}

/// Past hours, by their start; never more than are shown.
#[derive(Debug, Default)]
pub(super) struct Hours(Mutex<BTreeMap<i64, Arc<Vec<ChannelMoney>>>>);

impl Hours {
    /// Returns the last 24 hours, oldest first; the last of them still runs.
    pub(super) async fn last_day(
        &self,
        ledger: &Ledger,
        now: DateTime<Utc>,
    ) -> Result<Vec<Hour>, LedgerError> {
        let running = now.timestamp().div_euclid(HOUR_SECONDS);
        let first = running.saturating_sub(HOURS_SHOWN - 1);
        self.kept().retain(|hour, _| *hour >= first);
        let mut hours = Vec::new();
        for hour in first..=running {
            let from = start_of(hour);
            let known = self.kept().get(&hour).cloned();
            let money = match known {
                Some(money) => money,
                None => self.read(ledger, hour, now).await?,
            };
            hours.push(Hour { from, money });
        }
        Ok(hours)
    }

    async fn read(
        &self,
        ledger: &Ledger,
        hour: i64,
        now: DateTime<Utc>,
    ) -> Result<Arc<Vec<ChannelMoney>>, LedgerError> {
        let (from, until) = (start_of(hour), start_of(hour.saturating_add(1)));
        let reading = ledger.at(Urgency::Spare);
        let read = reading.transact(move |tx| tx.booked_between(from, until));
        let money = Arc::new(read.await?);
        if now.signed_duration_since(until).num_seconds() > SETTLED_AFTER_SECONDS {
            self.kept().insert(hour, Arc::clone(&money));
        }
        Ok(money)
    }

    /// Returns the money received since midnight in Jakarta, by channel, largest first.
    pub(super) async fn today(
        &self,
        ledger: &Ledger,
        now: DateTime<Utc>,
    ) -> Result<Vec<ChannelMoney>, LedgerError> {
        Ok(since_midnight(&self.last_day(ledger, now).await?, now))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, BTreeMap<i64, Arc<Vec<ChannelMoney>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn start_of(hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(hour.saturating_mul(HOUR_SECONDS), 0).unwrap_or_default()
}

/// Sums the hours that belong to this day in Jakarta.
pub(super) fn since_midnight(hours: &[Hour], now: DateTime<Utc>) -> Vec<ChannelMoney> {
    let of_today = usize::try_from(jakarta(now).hour()).unwrap_or(0) + 1;
    let mut sums: BTreeMap<&str, ChannelMoney> = BTreeMap::new();
    let all = hours.iter().rev().take(of_today);
    for one in all.flat_map(|hour| hour.money.iter()) {
        match sums.get_mut(one.channel.as_str()) {
            Some(sum) => {
                sum.payments = sum.payments.saturating_add(one.payments);
                sum.rupiah = sum.rupiah.saturating_add(one.rupiah);
            }
            None => {
                sums.insert(&one.channel, one.clone());
            }
        }
    }
    let mut sums: Vec<ChannelMoney> = sums.into_values().collect();
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.rupiah));
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_jakarta() {
        let now = DateTime::parse_from_rfc3339("2026-11-21T18:30:00Z").unwrap();
        let now = now.with_timezone(&Utc);
        let running = now.timestamp() / HOUR_SECONDS;
        let hours: Vec<Hour> = (running - 23..=running)
            .map(|hour| Hour {
                from: start_of(hour),
                money: Arc::new(vec![ChannelMoney {
                    method: "qris".to_owned(),
                    channel: "BNC_QRIS".to_owned(),
                    payments: 1,
                    rupiah: 10,
                }]),
            })
            .collect();
        // 01:30 in Jakarta: two hours of this day have begun.
        let today = since_midnight(&hours, now);
        assert_eq!((today[0].payments, today[0].rupiah), (2, 20));
        assert_eq!((hours[0].rupiah(), hours[0].payments()), (10, 1));
    }
}
