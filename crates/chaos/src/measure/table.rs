//! Lines of a table and verdicts, for people.

use crate::tools::terminal::say;

/// Prints one line: a word, then numbers in columns.
pub fn row(name: &str, cells: &[String]) {
    let cells: String = cells.iter().map(|cell| format!("{cell:>11}")).collect();
    say(format!("  {name:<18}{cells}"));
}

/// Prints the titles of columns.
pub fn head(name: &str, titles: &[&str]) {
    let titles: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
    row(name, &titles);
}

/// Prints whether a bound holds, and returns it.
pub fn bound(text: &str, holds: bool) -> bool {
    say(format!("  {}  {text}", if holds { "ok  " } else { "FAIL" }));
    holds
}

/// Returns the smallest of the sorted values that this many in a thousand do not exceed.
#[must_use]
pub fn quantile(sorted: &[u64], per_thousand: usize) -> Option<u64> {
    let rank = sorted.len().checked_mul(per_thousand)?.div_ceil(1_000);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// Returns a part of a whole in thousandths; all when the whole is nothing.
#[must_use]
pub fn per_thousand(part: u64, whole: u64) -> u64 {
    part.saturating_mul(1_000)
        .checked_div(whole)
        .unwrap_or(1_000)
}

/// Formats thousandths as a percentage with one decimal.
#[must_use]
pub fn percent(per_thousand: u64) -> String {
    format!("{}.{} %", per_thousand / 10, per_thousand % 10)
}

/// Formats milliseconds as seconds with one decimal; a dash for nothing.
#[must_use]
pub fn seconds(ms: Option<u64>) -> String {
    ms.map_or_else(
        || "–".to_owned(),
        |ms| format!("{}.{} s", ms / 1_000, (ms % 1_000) / 100),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_value_at_its_rank() {
        let values: Vec<u64> = (1..=400).collect();
        assert_eq!(quantile(&values, 500), Some(200));
        assert_eq!(quantile(&values, 990), Some(396));
        assert_eq!(quantile(&values, 1_000), Some(400));
        assert_eq!(quantile(&[], 500), None);
    }

    #[test]
    fn thousandths_are_shown_as_percentages() {
        assert_eq!(percent(per_thousand(1, 3)), "33.3 %");
        assert_eq!(percent(per_thousand(0, 0)), "100.0 %");
        assert_eq!(seconds(Some(12_340)), "12.3 s");
    }
}
