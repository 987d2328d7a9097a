//! The table of traps and of the ways a create can end, in the contributors' guide: every row is
//! there, and every test it names exists, so that the table cannot rot.

use std::fs;
use std::path::{Path, PathBuf};

const SECTION: &str = "## Traps and the tests that hold them";
const TRAPS: usize = 19;
const OUTCOMES: usize = 15;

fn crates() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap().to_path_buf()
}

/// The rows of the section's tables: first cell, and the names in backticks of the last.
fn rows() -> Vec<(String, Vec<String>)> {
    let guide = crates().parent().unwrap().join("docs/CONTRIBUTING.md");
    let text = fs::read_to_string(guide).unwrap();
    let (_, section) = text.split_once(SECTION).expect("the section is there");
    let section = section.split("\n## ").next().unwrap();
    let cells = section.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").collect();
        let names = cells.last()?.split('`').skip(1).step_by(2);
        let names: Vec<String> = names.map(str::to_owned).collect();
        Some((cells[0].to_owned(), names))
    });
    // The heads and rules of tables name nothing.
    cells.filter(|(_, names)| !names.is_empty()).collect()
}

/// Source files of a crate that make up a module of this name.
fn module(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let parts = path.with_extension("");
        if path.is_dir() {
            found.extend(module(&path, name));
        } else if parts.ends_with(name) || parts.ends_with(format!("{name}/tests")) {
            found.push(path);
        }
    }
    found
}

/// Whether `crate/module::test` is a test.
pub(crate) fn exists(named: &str) -> bool {
    let Some((module_of, test)) = named.split_once("::") else {
        return false;
    };
    let Some((package, name)) = module_of.split_once('/') else {
        return false;
    };
    let folder = crates().join(package);
    let files = ["src", "tests"].map(|part| module(&folder.join(part), name));
    files.iter().flatten().any(|file| {
        let text = fs::read_to_string(file).unwrap();
        let mut before = "";
        text.lines().any(|line| {
            let found =
                before.trim_end().ends_with("test]") && line.contains(&format!("fn {test}("));
            before = line;
            found
        })
    })
}

#[test]
fn by_tests_that_exist() {
    let rows = rows();
    for (what, names) in &rows {
        for name in names {
            assert!(exists(name), "{what}: there is no test {name}");
        }
    }
    assert!(!exists("e2e/traps_are_held::by_nobody"));
    assert!(!exists("e2e/traps_are_held::exists"));
}

#[test]
fn each_of_them() {
    let rows = rows();
    let traps = rows.iter().filter_map(|(first, _)| first.strip_prefix('T'));
    let traps: Vec<usize> = traps.filter_map(|number| number.parse().ok()).collect();
    assert_eq!(traps, (1..=TRAPS).collect::<Vec<_>>());
    assert_eq!(rows.len(), TRAPS + OUTCOMES, "{rows:#?}");
}
