//! How long history, inbox, outbox and payers are kept.

use service_shell::env::Reader;

const MONTHS_MAX: u32 = 1200;

/// Whole months that are kept before the running one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// `HISTORY_RETENTION_MONTHS`: what happened to orders; default 120, at least 12. Indonesian law
    /// has documents that support the books kept for ten years.
    pub history_months: u32,
    /// `INBOX_RETENTION_MONTHS`: what the provider told us; default 13, at least 2.
    pub inbox_months: u32,
    /// `OUTBOX_RETENTION_MONTHS`: events and their deliveries; default 3, at least 2.
    pub outbox_months: u32,
    /// `PAYER_RETENTION_MONTHS`: who paid, of orders that have ended; default 13, at least 2.
    pub payer_months: u32,
}

impl Retention {
    pub(crate) fn read(reader: &Reader<'_>) -> Self {
        let months = |name: &str, default: u32, least: u32| {
            let expected = format!("whole months from {least} to {MONTHS_MAX}");
            let read = |text: &str| {
                let months: Option<u32> = text.parse().ok();
                months.filter(|months| (least..=MONTHS_MAX).contains(months))
            };
            reader.parsed_with(name, &expected, read).unwrap_or(default)
        };
        Self {
            history_months: months("HISTORY_RETENTION_MONTHS", 120, 12),
            inbox_months: months("INBOX_RETENTION_MONTHS", 13, 2),
            outbox_months: months("OUTBOX_RETENTION_MONTHS", 3, 2),
            payer_months: months("PAYER_RETENTION_MONTHS", 13, 2),
        }
    }
}
