//! The table: bounds, aims and measurements. Whole numbers throughout; a ratio is kept in
//! hundredths.

use chaos::{measure::table::quantile, say::say};

use crate::tools::errors::Wrong;

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Name of the measured figure.
    pub(crate) name: String,
    /// The bound that must hold.
    pub(crate) must: String,
    /// The aim.
    pub(crate) aim: String,
    /// The measurement, with the baseline it stands beside.
    pub(crate) measured: String,
    /// The figure that is compared with `must` and `aim`.
    pub(crate) ratio: String,
    /// True when `must` holds.
    pub(crate) holds: bool,
    /// True when the aim is reached.
    pub(crate) aims: bool,
}

impl Row {
    /// Creates the row of a figure that must be at least `must`; all in the same unit.
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

    /// Creates the row of a figure that may be at most `must`.
    pub(crate) fn at_most(name: &str, figure: u64, must: u64, aim: u64) -> Self {
        Self {
            holds: figure <= must,
            aims: figure <= aim,
            ..Self::at_least(name, figure, must, aim)
        }
    }

    /// Writes the row's numbers as hundredths.
    pub(crate) fn in_hundredths(mut self) -> Self {
        for text in [&mut self.must, &mut self.aim, &mut self.ratio] {
            if let Ok(number) = text.parse() {
                *text = hundredths(number);
            }
        }
        self
    }

    /// Writes the row's numbers, microseconds, as milliseconds.
    pub(crate) fn in_milliseconds(mut self) -> Self {
        for text in [&mut self.must, &mut self.aim, &mut self.ratio] {
            if let Ok(number) = text.parse() {
                *text = milliseconds(number);
            }
        }
        self
    }

    /// Sets the row's measurement.
    pub(crate) fn measured(mut self, text: String) -> Self {
        self.measured = text;
        self
    }

    /// Makes the row fail when something was answered wrongly.
    pub(crate) fn unless(mut self, wrong: &Wrong) -> Self {
        if wrong.count() > 0 {
            self.holds = false;
            self.aims = false;
            self.measured = format!("{}; WRONG ANSWERS: {wrong}", self.measured);
        }
        self
    }
}

/// Prints the whole table; returns whether every row holds.
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

/// Formats 123 as 1.23.
pub(crate) fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

/// Formats microseconds as milliseconds with two decimals.
pub(crate) fn milliseconds(micros: u64) -> String {
    format!("{}.{:02} ms", micros / 1_000, (micros % 1_000) / 10)
}

/// Returns the rate per second of a count over a time.
pub(crate) fn a_second(count: u64, took: std::time::Duration) -> u64 {
    let micros = micros(took).max(1);
    count.saturating_mul(1_000_000) / micros
}

/// Divides one figure by another, in hundredths.
pub(crate) fn over(one: u64, other: u64) -> u64 {
    one.saturating_mul(100).checked_div(other).unwrap_or(0)
}

/// Returns the middle value.
pub(crate) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    quantile(&values, 500).unwrap_or(0)
}

/// Converts a time to microseconds.
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
