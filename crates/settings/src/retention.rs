//! Retention: the times for which history, inbox, outbox, payers and creations are kept.

use service_shell::env::Reader;

const MONTHS_MAX: u32 = 1200;
const DAYS_MAX: u32 = 36_500;
/// The least number of days for which a repeated create is recognized (contract 4.1).
const CREATION_DAYS_MIN: u32 = 30;

/// Whole months that are kept before the running one, and days of creations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// `HISTORY_RETENTION_MONTHS`: the history of orders; default 120, at least 12. Indonesian law
    /// requires documents that support the books to be kept for ten years.
    pub history_months: u32,
    /// `INBOX_RETENTION_MONTHS`: the provider's callbacks; default 13, at least 2.
    pub inbox_months: u32,
    /// `OUTBOX_RETENTION_MONTHS`: events and their deliveries; default 3, at least 2.
    pub outbox_months: u32,
    /// `PAYER_RETENTION_MONTHS`: the payers of orders that have ended; default 13, at least 2.
    pub payer_months: u32,
    /// `CREATION_RETENTION_DAYS`: keys and first replies, by which a repeated create gets the same answer;
    /// default 30, at least 30. Afterwards the reference is still taken.
    pub creation_days: u32,
}

impl Retention {
    pub(crate) fn read(reader: &Reader<'_>) -> Self {
        let whole = |name: &str, unit: &str, default: u32, (least, most): (u32, u32)| {
            let expected = format!("whole {unit} from {least} to {most}");
            let read = |text: &str| {
                let number: Option<u32> = text.parse().ok();
                number.filter(|number| (least..=most).contains(number))
            };
            reader.parsed_with(name, &expected, read).unwrap_or(default)
        };
        let months = |name: &str, default: u32, least: u32| {
            whole(name, "months", default, (least, MONTHS_MAX))
        };
        let days = (CREATION_DAYS_MIN, DAYS_MAX);
        Self {
            history_months: months("HISTORY_RETENTION_MONTHS", 120, 12),
            inbox_months: months("INBOX_RETENTION_MONTHS", 13, 2),
            outbox_months: months("OUTBOX_RETENTION_MONTHS", 3, 2),
            payer_months: months("PAYER_RETENTION_MONTHS", 13, 2),
            creation_days: whole("CREATION_RETENTION_DAYS", "days", CREATION_DAYS_MIN, days),
        }
    }
}
