//! Rooms: folders of source stay small enough to be read, no circle of imports joins the files of a crate, and each
//! room says what it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

use super::tidy::{files, repository, shown};

const FILES_MAX: usize = 20;
/// Two files that know each other are one thing in two parts; three are a knot.
const CIRCLE_MAX: usize = 2;

/// A file's place below the root of its crate: `orders/list.rs` is `["orders", "list"]`.
type Module = Vec<String>;

/// The files of a crate's `src`, without those that hold tests alone.
fn modules(src: &Path) -> BTreeMap<Module, PathBuf> {
    let mut found = BTreeMap::new();
    for path in files(src, &[".rs"]) {
        let below = path.strip_prefix(src).unwrap().with_extension("");
        let module: Module = below
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        if module.last().is_none_or(|last| last != "tests") {
            found.insert(module, path);
        }
    }
    found
}

/// What a file says outside its comments and tests. `pub(super)` names a reader, and imports nothing.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    let code: Vec<&str> = lines.collect();
    code.join("\n").replace("pub(super)", "")
}

/// The paths that a file names: `crate::a::b`, and each of `crate::a::{b, c}`.
fn named(code: &str) -> Vec<String> {
    let path = Regex::new(r"\b((?:crate|super|self)(?:::\w+)*)(?:::\{([^{}]*)\})?").unwrap();
    let mut all = Vec::new();
    for found in path.captures_iter(code) {
        let base = &found[1];
        match found.get(2) {
            None => all.push(base.to_owned()),
            Some(many) => {
                let names = many.as_str().split(',').map(str::trim);
                let names = names.filter(|name| !name.is_empty());
                all.extend(names.map(|name| format!("{base}::{name}")));
            }
        }
    }
    all
}

/// The file that a path leads to from another one; the root's own names lead nowhere.
fn target(path: &str, from: &Module, all: &BTreeMap<Module, PathBuf>) -> Option<Module> {
    let mut parts = path.split("::");
    let mut at = match parts.next() {
        Some("crate") => Module::new(),
        Some("super") => from[..from.len().saturating_sub(1)].to_vec(),
        _ => from.clone(),
    };
    for part in parts {
        match part {
            "super" => drop(at.pop()),
            _ => at.push(part.to_owned()),
        }
    }
    while !at.is_empty() && !all.contains_key(&at) {
        at.pop();
    }
    (!at.is_empty() && at != *from).then_some(at)
}

/// The files that each one imports.
fn imports(src: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let all = modules(src);
    let of = |module: &Module, path: &PathBuf| {
        let code = code(path);
        let paths = named(&code).into_iter();
        paths
            .filter_map(|path| target(&path, module, &all))
            .collect()
    };
    all.iter()
        .map(|(module, path)| (module.clone(), of(module, path)))
        .collect()
}

fn reached(from: &Module, arrows: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from.clone()]);
    while let Some(module) = next.pop() {
        for other in arrows.get(&module).into_iter().flatten() {
            if seen.insert(other.clone()) {
                next.push(other.clone());
            }
        }
    }
    seen
}

/// Sets of files of which each imports, over others, every other one.
fn circles(arrows: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeSet<BTreeSet<Module>> {
    let reach: BTreeMap<&Module, BTreeSet<Module>> = arrows
        .keys()
        .map(|module| (module, reached(module, arrows)))
        .collect();
    let circle = |module: &&Module| {
        let back = |other: &&Module| reach[*other].contains(*module);
        let all: BTreeSet<Module> = reach[*module].iter().filter(back).cloned().collect();
        (all.len() > 1).then_some(all)
    };
    arrows.keys().filter_map(|module| circle(&module)).collect()
}

fn crates() -> Vec<PathBuf> {
    let all = fs::read_dir(repository().join("crates")).unwrap();
    all.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn no_circle_of_imports_joins_the_files_of_a_crate() {
    let mut found = Vec::new();
    for of in crates() {
        for circle in circles(&imports(&of.join("src"))) {
            if circle.len() > CIRCLE_MAX {
                let names: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
                found.push(format!("{}: {}", shown(&of), names.join(" ")));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn a_circle_is_noticed_however_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod a;\nmod room;\npub use a::A;");
    write("a.rs", "use crate::{room::b::B, X};");
    write(
        "room.rs",
        "pub(super) mod b;\npub(super) mod c;\nuse self::c::C;",
    );
    write("room/b.rs", "use super::c::C; // crate::nothing::of::this");
    write("room/c.rs", "fn f() -> crate::a::A {}");
    write("room/c/tests.rs", "use crate::room::b::B;");
    let found = circles(&imports(folder.path()));
    let names: Vec<Vec<String>> = found
        .iter()
        .map(|circle| circle.iter().map(|module| module.join("::")).collect())
        .collect();
    assert_eq!(names, [["a", "room::b", "room::c"]]);
}

#[test]
fn no_folder_of_source_holds_more_than_a_screen_of_files() {
    let mut folders: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for path in files(&repository().join("crates"), &[".rs"]) {
        let folder = path.parent().unwrap().to_path_buf();
        *folders.entry(folder).or_default() += 1;
    }
    for (folder, count) in folders {
        assert!(count <= FILES_MAX, "{} has {count} files", shown(&folder));
    }
}

/// A room is a folder of source with its head beside it: `orders/` and `orders.rs`.
#[test]
fn each_room_says_what_it_is_for() {
    for of in crates() {
        let src = of.join("src");
        for (module, path) in modules(&src) {
            let is_room = module.len() == 1 && src.join(&module[0]).is_dir();
            let text = fs::read_to_string(&path).unwrap();
            let said = text.lines().take_while(|line| line.starts_with("//!"));
            let words: usize = said.map(|line| line.split_whitespace().count()).sum();
            assert!(!is_room || words >= 12, "{} says little", shown(&path));
        }
    }
}
