//! The bars of the overview: one for each hour, drawn on the server. Their values stand beside them in a
//! table.

use chrono::Timelike;

use super::format::{jakarta, whole_rupiah};
use super::hourly_volume::Hour;

/// The area of the bars, in units of the picture.
const HEIGHT: i64 = 120;
const STEP: i64 = 30;
const GAP: i64 = 6;
/// The least height of a bar that is not zero, so that it can be seen.
const LEAST: i64 = 2;

/// One bar.
pub(super) struct Bar {
    /// Distance from the left.
    pub(super) x: i64,
    /// Distance from the top.
    pub(super) y: i64,
    /// Width, in units of the picture.
    pub(super) width: i64,
    /// Height, in units of the picture.
    pub(super) height: i64,
    /// The hour in Jakarta: `07`.
    pub(super) hour: String,
    /// Position of the hour's label.
    pub(super) middle: i64,
    /// Set for every third hour, which has a label.
    pub(super) is_named: bool,
    /// The sum received.
    pub(super) rupiah: String,
    /// Number of payments.
    pub(super) payments: i64,
}

/// All bars of the chart.
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    /// The picture's own width.
    pub(super) width: i64,
    /// The value of the highest bar.
    pub(super) most: String,
    /// All values in a sentence.
    pub(super) summary: String,
}

impl Chart {
    /// Draws the bars of these hours, oldest first.
    pub(super) fn of(hours: &[Hour]) -> Self {
        let most = hours.iter().map(Hour::rupiah).max().unwrap_or(0).max(0);
        let bars: Vec<Bar> = (0_i64..)
            .zip(hours)
            .map(|(place, hour)| bar(place, hour, most))
            .collect();
        let sum = hours.iter().map(Hour::rupiah).sum();
        let payments: i64 = hours.iter().map(Hour::payments).sum();
        let width = i64::try_from(bars.len()).unwrap_or(0).saturating_mul(STEP);
        Self {
            bars,
            width,
            most: whole_rupiah(most),
            summary: format!(
                "Money booked by the hour, the last 24 hours: {} in {payments} payments.",
                whole_rupiah(sum)
            ),
        }
    }
}

fn bar(place: i64, hour: &Hour, most: i64) -> Bar {
    let rupiah = hour.rupiah();
    let height = height_of(rupiah, most);
    let x = place.saturating_mul(STEP);
    let of_day = jakarta(hour.from).hour();
    Bar {
        x,
        y: HEIGHT.saturating_sub(height),
        width: STEP - GAP,
        height,
        hour: format!("{of_day:02}"),
        middle: x.saturating_add((STEP - GAP) / 2),
        is_named: of_day.is_multiple_of(3),
        rupiah: whole_rupiah(rupiah),
        payments: hour.payments(),
    }
}

fn height_of(rupiah: i64, most: i64) -> i64 {
    if rupiah <= 0 {
        return 0;
    }
    let exact = i128::from(rupiah) * i128::from(HEIGHT) / i128::from(most.max(1));
    i64::try_from(exact).unwrap_or(HEIGHT).clamp(LEAST, HEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_part_of_the_highest() {
        assert_eq!(height_of(0, 0), 0);
        assert_eq!(height_of(-5, 10), 0);
        assert_eq!(height_of(1, 1_000_000), LEAST);
        assert_eq!(height_of(500, 1_000), HEIGHT / 2);
        assert_eq!(height_of(i64::MAX, i64::MAX), HEIGHT);
    }
}
