//! The table of threats in docs/SECURITY.md: every row is there, and whatever it names as proof
//! exists, so that the table cannot rot.

use std::fs;
use std::path::{Path, PathBuf};

use crate::documents::traps_are_held::exists;

const THREATS: usize = 47;

fn repository() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap().to_path_buf()
}

fn read(file: &str) -> String {
    fs::read_to_string(repository().join(file)).unwrap()
}

/// The number of each threat, and what the last cell of its row names.
fn rows() -> Vec<(usize, Vec<String>)> {
    let document = read("docs/SECURITY.md");
    let rows = document.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| S")?.split(" | ").collect();
        let number = cells.first()?.trim().parse().ok()?;
        let names = cells.last()?.split('`').skip(1).step_by(2);
        Some((number, names.map(str::to_owned).collect()))
    });
    rows.collect()
}

/// A test (`crate/module::name`), a task of the Makefile, or a file of the repository.
fn is_there(proof: &str) -> bool {
    if proof.contains("::") {
        return exists(proof);
    }
    if let Some(task) = proof.strip_prefix("make ") {
        let begin = format!("{task}: ");
        return read("Makefile")
            .lines()
            .any(|line| line.starts_with(&begin));
    }
    repository().join(proof).is_file()
}

#[test]
fn each_by_something_that_exists() {
    for (number, proofs) in rows() {
        assert!(!proofs.is_empty(), "S{number} names no proof");
        for proof in proofs {
            assert!(is_there(&proof), "S{number}: there is no {proof}");
        }
    }
    assert!(!is_there("e2e/threats_are_met::by_nobody"));
    assert!(!is_there("make nothing") && !is_there("docs/NOTHING.md"));
}

#[test]
fn all_of_them() {
    let numbers: Vec<usize> = rows().into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, (1..=THREATS).collect::<Vec<_>>());
}

#[test]
fn nothing_that_is_ignored_is_ignored_without_a_date_and_a_reason() {
    let rules = read(".ci/deny.toml");
    let rules: toml::Table = rules.parse().unwrap();
    let ignored = rules["advisories"]["ignore"].as_array().unwrap();
    for one in ignored {
        let reason = one["reason"].as_str().unwrap();
        let (date, why) = reason.split_once(": ").expect("a date and a reason");
        let parts: Vec<&str> = date.split('-').collect();
        assert!(
            parts.len() == 3 && parts[0].len() == 4 && why.len() > 20,
            "{reason}"
        );
        for test in why
            .split([' ', '(', ')', ','])
            .filter(|word| word.contains("::"))
        {
            assert!(exists(test), "{reason}: there is no {test}");
        }
    }
}
