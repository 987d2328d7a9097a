//! Every seed goes through its target: the targets hold for what is known, without a fuzzer.
#![cfg(test)]

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let entries = fs::read_dir(folder).into_iter().flatten();
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        (path.display().to_string(), fs::read(&path).unwrap())
    };
    entries.map(read).collect()
}

#[test]
fn every_seed_passes_its_target() {
    for (name, run) in fuzz::TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty() || name == "planted", "{name} has no seed");
        for (file, bytes) in seeds {
            let held = catch_unwind(|| run(&bytes));
            assert!(held.is_ok(), "{file} does not pass {name}");
        }
    }
}

#[test]
fn a_seed_cut_short_anywhere_passes_too() {
    for (name, run) in fuzz::TARGETS {
        for (file, bytes) in seeds(name) {
            for length in (0..bytes.len().min(600)).step_by(7) {
                let held = catch_unwind(|| run(&bytes[..length]));
                assert!(held.is_ok(), "{length} bytes of {file} do not pass {name}");
            }
        }
    }
}

#[test]
fn the_planted_target_fails_on_what_is_planted() {
    let (name, run) = fuzz::TARGETS[fuzz::TARGETS.len() - 1];
    assert_eq!(name, "planted");
    run(b"sen?");
    assert!(catch_unwind(|| run(b"sen!")).is_err());
}
