//! Times as the provider and shops write them: what is read can be written and is read back.

use ayolinx_core::provider_time::{format_jakarta, format_unix_seconds, parse_time};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Some(time) = parse_time(text) else {
        return;
    };
    let spelt = format_jakarta(time);
    let back = parse_time(&spelt).map(|back| back.timestamp());
    assert_eq!(back, Some(time.timestamp()), "{text:?} {spelt:?}");
    assert!(spelt.ends_with("+07:00"), "{spelt:?}");
    assert_eq!(format_unix_seconds(time).parse(), Ok(time.timestamp()));
}
