//! The one place that writes to the terminal.

use std::fmt::Display;

/// Writes a line for the person at the terminal.
#[expect(
    clippy::print_stdout,
    reason = "telling people what happens is this program's purpose"
)]
pub fn say(line: impl Display) {
    println!("{line}");
}

/// Prints what is wrong, and which program reports it.
#[expect(
    clippy::print_stderr,
    reason = "a command line tool says what is wrong"
)]
pub fn complain(line: impl Display) {
    let called = std::env::args().next().unwrap_or_default();
    let program = called.rsplit('/').next().unwrap_or_default();
    eprintln!("{program}: {line}");
}
