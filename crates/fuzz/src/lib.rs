//! Fuzz targets: the input of a stranger, read by the real code and by a second reading that shares
//! nothing with it. A target panics where the two differ, or where a promise does not hold.
//! `make fuzz` runs them; the tests replay the seeds.

mod amount;
mod callback;
mod create_order;
mod cursor;
mod minify;
mod problem;
mod provider_reply;
mod qris;
mod reading;
mod time;
mod url_guard;

/// A target: its name, and the function that takes each input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, and one that fails on purpose: a fuzzer that cannot find it finds nothing.
pub const TARGETS: [Target; 11] = [
    ("amount", amount::run),
    ("callback", callback::run),
    ("create_order", create_order::run),
    ("cursor", cursor::run),
    ("minify", minify::run),
    ("problem", problem::run),
    ("provider_reply", provider_reply::run),
    ("qris", qris::run),
    ("time", time::run),
    ("url_guard", url_guard::run),
    ("planted", planted),
];

/// Panics on inputs that nobody finds by chance.
fn planted(data: &[u8]) {
    let mut wanted = b"sen!".iter();
    let all = data.iter().take(4).all(|byte| wanted.next() == Some(byte));
    assert!(!(all && data.len() == 4), "what was planted is found");
}
