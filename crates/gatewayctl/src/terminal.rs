//! The operator's terminal: lines beside the answer.

use std::io::{self, Write as _};

/// Writes a line on stderr. A failure is ignored: there is nobody left to report it to.
pub(crate) fn say(line: &str) {
    writeln!(io::stderr().lock(), "{line}").ok();
}
