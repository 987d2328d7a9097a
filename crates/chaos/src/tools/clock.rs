//! Times in the journals: milliseconds since 1970, so that all parties' lines can be put in order.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the time in milliseconds since 1970.
#[must_use]
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

/// Formats the time as the provider writes it: seconds, Jakarta.
#[must_use]
pub fn jakarta_now() -> String {
    let zone = chrono::FixedOffset::east_opt(7 * 3_600);
    let now = chrono::Utc::now();
    zone.map_or_else(
        || now.to_rfc3339(),
        |zone| {
            let local = now.with_timezone(&zone);
            local.format("%Y-%m-%dT%H:%M:%S%:z").to_string()
        },
    )
}
