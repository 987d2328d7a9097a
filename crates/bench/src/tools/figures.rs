//! The table: what must hold, what is aimed at, what was measured. Whole numbers throughout; a ratio
//! is kept in hundredths.

use chaos::{measure::table::quantile, say::say};

use crate::tools::errors::Wrong;

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What is measured.
    pub(crate) name: String,
    /// What must hold.
    pub(crate) must: String,
    /// What is aimed at.
    pub(crate) aim: String,
    /// What was measured, with the baseline it stands beside.
    pub(crate) measured: String,
    /// What is compared with `must` and `aim`.
    pub(crate) ratio: String,
    /// Whether `must` holds.
    pub(crate) holds: bool,
    /// Whether the aim is reached.
    pub(crate) aims: bool,
}

impl Row {
    /// A figure that must be at least so much; all in the same unit.
    pub(crate) fn at_least(name: &str, figure: u64, must: u64, aim: u64) -> Self {
        Self {
            name: name.to_owned(),
            must: must.to_string(),
            aim: aim.to_string(),
            measured: String::new(),
            ratio: figure.to_string(),
            holds: figure >= must,
            aims: figure >= aim,
        }
    }

    /// A figure that may be at most so much.
    pub(crate) fn at_most(name: &str, figure: u64, must: u64, aim: u64) -> Self {
        Self {
            holds: figure <= must,
            aims: figure <= aim,
            ..Self::at_least(name, figure, must, aim)
        }
    }

    /// The same row with its numbers written as hundredths.
    pub(crate) fn in_hundredths(mut self) -> Self {
        for text in [&mut self.must, &mut self.aim, &mut self.ratio] {
            if let Ok(number) = text.parse() {
                *text = hundredths(number);
            }
        }
        self
    }

    /// The same row with its numbers, microseconds, written as milliseconds.
    pub(crate) fn in_milliseconds(mut self) -> Self {
        for text in [&mut self.must, &mut self.aim, &mut self.ratio] {
            if let Ok(number) = text.parse() {
                *text = milliseconds(number);
            }
        }
        self
    }

    /// The same row with what was measured.
    pub(crate) fn measured(mut self, text: String) -> Self {
        self.measured = text;
        self
    }

    /// The same row, which does not hold when something was answered wrongly.
    pub(crate) fn unless(mut self, wrong: &Wrong) -> Self {
        if wrong.count() > 0 {
            self.holds = false;
            self.aims = false;
            self.measured = format!("{}; WRONG ANSWERS: {wrong}", self.measured);
        }
        self
    }
}

/// Says the whole table; true when every row holds.
pub(crate) fn tell(rows: &[Row]) -> bool {
    say("");
    let line = |cells: [&str; 6]| {
        let [name, must, aim, ratio, holds, measured] = cells;
        say(format!(
            "  {name:<46} {must:>9} {aim:>9} {ratio:>10}  {holds:<5} {measured}"
        ));
    };
    line(["measure", "must", "aim", "figure", "holds", "measured"]);
    for row in rows {
        let holds = match (row.holds, row.aims) {
            (_, true) => "aim",
            (true, false) => "yes",
            (false, false) => "NO",
        };
        line([
            &row.name,
            &row.must,
            &row.aim,
            &row.ratio,
            holds,
            &row.measured,
        ]);
    }
    say("");
    rows.iter().all(|row| row.holds)
}

/// 123 as 1.23.
pub(crate) fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

/// Microseconds as milliseconds with two decimals.
pub(crate) fn milliseconds(micros: u64) -> String {
    format!("{}.{:02} ms", micros / 1_000, (micros % 1_000) / 10)
}

/// So many in so long, a second.
pub(crate) fn a_second(count: u64, took: std::time::Duration) -> u64 {
    let micros = micros(took).max(1);
    count.saturating_mul(1_000_000) / micros
}

/// One figure over another, in hundredths.
pub(crate) fn over(one: u64, other: u64) -> u64 {
    one.saturating_mul(100).checked_div(other).unwrap_or(0)
}

/// The middle one.
pub(crate) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    quantile(&values, 500).unwrap_or(0)
}

/// A time in microseconds.
pub(crate) fn micros(took: std::time::Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_their_decimals() {
        assert_eq!(hundredths(205), "2.05");
        assert_eq!(milliseconds(12_345), "12.34 ms");
        assert_eq!(over(3, 2), 150);
        assert_eq!(median(vec![9, 1, 5]), 5);
        let row = Row::at_least("x", 100, 100, 200).in_hundredths();
        assert_eq!((row.must.as_str(), row.ratio.as_str()), ("1.00", "1.00"));
        assert!(row.holds && !row.aims);
        let mut wrong = Wrong::default();
        assert!(row.clone().unless(&wrong).holds);
        wrong.add(503);
        assert!(!row.unless(&wrong).holds);
    }
}
