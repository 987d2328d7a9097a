//! The operator's terminal: lines beside the answer.

use std::io::{self, Write as _};

/// A line on stderr. Nobody is left to tell when that does not work.
pub(crate) fn say(line: &str) {
    writeln!(io::stderr().lock(), "{line}").ok();
}
