//! `.env.example` lists every variable, and none that nobody reads.

use std::{collections::BTreeSet, path::Path};

#[test]
fn the_example_lists_every_variable() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.env.example");
    let text = std::fs::read_to_string(path).unwrap();
    let listed: BTreeSet<String> = text
        .lines()
        .map(|line| line.trim_start_matches("# "))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
        .filter(|name| !name.starts_with("SANDBOX_"))
        .collect();
    assert_eq!(listed, settings::variables());
}
