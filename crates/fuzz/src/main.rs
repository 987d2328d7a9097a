//! The fuzzer: libFuzzer over the target that `FUZZ_TARGET` names.
#![no_main]

use std::sync::OnceLock;

fn target() -> fn(&[u8]) {
    static TARGET: OnceLock<fn(&[u8])> = OnceLock::new();
    *TARGET.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let found = fuzz::TARGETS.iter().find(|(known, _)| *known == name);
        let Some((_, run)) = found else {
            panic!("FUZZ_TARGET names no target: {name:?}");
        };
        *run
    })
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| target()(data));
