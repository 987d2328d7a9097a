//! The one place that writes to the terminal.

use std::fmt::Display;

/// Writes a line for the person at the terminal.
#[expect(
    clippy::print_stdout,
    reason = "telling people what happens is this program's purpose"
)]
pub(crate) fn say(line: impl Display) {
    println!("{line}");
}
