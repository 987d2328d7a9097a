//! Leaves a process that did its work: no exit handlers run, since a library thread may still be
//! at work in one that a handler takes apart (a connection pool opening a TLS connection did).

use std::io::Write;

/// Ends the process with this code, after the printed text is written out. Flush logs before.
pub fn leave(code: u8) -> ! {
    // Nobody may be reading any more; there is nobody left to tell.
    std::io::stdout().flush().ok();
    std::io::stderr().flush().ok();
    signal_hook::low_level::exit(i32::from(code))
}
