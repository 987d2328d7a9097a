//! The table: the aggressor, the kinds of the shop's requests, how many of them succeeded, how long
//! they took, and which of that is harm.

use std::time::Duration;

use chaos::{
    measure::table::{per_thousand, percent},
    say::say,
};

use super::{
    aggressor::Distance,
    verdict::{Bounds, Judged},
};
use crate::tools::figures::{hundredths, milliseconds};

/// One aggressor's part of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// The aggressor's name.
    pub(crate) name: String,
    /// The lines of the shop beside it.
    pub(crate) judged: Vec<Judged>,
    /// The aggressor's deeds; an error when it did nothing, which proves nothing.
    pub(crate) did: Result<String, String>,
    /// The time after its end until the shop was served as ever; nothing when it was not.
    pub(crate) calm: Option<Duration>,
}

impl Row {
    /// Creates the row of the quiet itself.
    pub(crate) fn quiet(distance: Distance, judged: Vec<Judged>) -> Self {
        Self {
            name: distance.name().to_owned(),
            judged,
            did: Ok("nobody".to_owned()),
            calm: Some(Duration::ZERO),
        }
    }

    /// Returns true when nobody was harmed.
    pub(crate) fn holds(&self) -> bool {
        self.harms().is_empty()
    }

    /// Prints the row's result at once; the table comes at the end.
    pub(crate) fn tell(&self) {
        let holds = if self.holds() { "ok  " } else { "FAIL" };
        let did = match &self.did {
            Ok(did) | Err(did) => did,
        };
        say(format!("  {holds}  {did}"));
        for harm in self.harms() {
            say(format!("        {harm}"));
        }
    }

    /// Returns everything that does not hold, each with its kind.
    fn harms(&self) -> Vec<String> {
        let of = |line: &Judged| {
            let harm = line.harm.as_ref()?;
            Some(format!("{}: {harm}", line.kind.name()))
        };
        let mut harms: Vec<String> = self.judged.iter().filter_map(of).collect();
        harms.extend(self.apart());
        harms
    }

    /// Returns everything that does not hold besides the shop's own lines.
    fn apart(&self) -> Vec<String> {
        let mut apart: Vec<String> = self.did.as_ref().err().cloned().into_iter().collect();
        if self.calm.is_none() {
            apart.push("the shop was not well again afterwards".to_owned());
        }
        apart
    }
}

/// Prints the table; returns whether nobody was harmed.
pub(crate) fn tell(rows: &[Row], bounds: Bounds) -> bool {
    let (ratio, above) = (
        hundredths(bounds.hundredths),
        milliseconds(bounds.above_micros),
    );
    say(format!(
        "\nsuccess must be 100 %, the p99 at most {ratio} x the quiet one or {above} more\n"
    ));
    say(format!(
        "  {:<20} {:<10} {:>6} {:>9} {:>13} {:>13} {:>8}  {}",
        "beside", "what", "count", "success", "p50", "p99", "ratio", "holds"
    ));
    for row in rows {
        for line in &row.judged {
            tell_line(&row.name, line);
        }
        for harm in row.apart() {
            say(format!("  {:<20} NO: {harm}", row.name));
        }
    }
    say("");
    rows.iter().all(Row::holds)
}

fn tell_line(name: &str, line: &Judged) {
    let figures = &line.figures;
    let success = match figures.count {
        0 => "–".to_owned(),
        count => percent(per_thousand(figures.good, count)),
    };
    let holds = match (&line.harm, line.excused) {
        (None, 0) => "yes".to_owned(),
        (None, excused) => format!("yes, but for {excused} on what was stuck"),
        (Some(harm), _) => format!("NO: {harm}"),
    };
    say(format!(
        "  {name:<20} {:<10} {:>6} {success:>9} {:>13} {:>13} {:>8}  {holds}",
        line.kind.name(),
        figures.count,
        milliseconds(figures.p50),
        milliseconds(figures.p99),
        hundredths(line.ratio),
    ));
}
