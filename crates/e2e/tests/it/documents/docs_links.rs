//! Every link in the documents leads somewhere: to a file, a picture, a section. So do the `type` of
//! every error and the runbook of every alert. Nothing is fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::documents::tidy::{files, repository, shown};
use crate::support::{Http, shared};

/// Who reads links: people, in these files.
const ENDINGS: [&str; 1] = [".md"];

/// The lines of a document that are not inside a block.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// A line without what stands in it as code.
fn without_code(line: &str) -> String {
    let parts = line.split('`').enumerate();
    parts
        .filter(|(place, _)| place % 2 == 0)
        .map(|(_, part)| part)
        .collect()
}

/// What a document links to: `](target)`, `src="target"`, and `[name]: target`.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let line = without_code(line);
        let between = |open: &str, close: char| {
            let rests = line.split(open).skip(1);
            let targets = rests.filter_map(|rest| rest.split(close).next());
            targets.map(str::to_owned).collect::<Vec<_>>()
        };
        let mut targets = between("](", ')');
        targets.extend(between("src=\"", '"'));
        targets.extend(between("href=\"", '"'));
        if line.starts_with('[') {
            targets.extend(between("]: ", ' '));
        }
        found.extend(targets.into_iter().map(|target| (number, target)));
    }
    found
}

/// The anchors of a document's sections, as they are made on the pages where people read them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen = BTreeMap::<String, usize>::new();
    let headings = prose(text).filter_map(|(_, line)| {
        let title = line.trim_start_matches('#');
        let marks = line.len() - title.len();
        (1..=6).contains(&marks).then_some(title)?.strip_prefix(' ')
    });
    let mut anchors = BTreeSet::new();
    for title in headings {
        let slug = slug(title);
        let before = seen.entry(slug.clone()).or_default();
        anchors.insert(match *before {
            0 => slug,
            count => format!("{slug}-{count}"),
        });
        *before += 1;
    }
    anchors
}

fn slug(title: &str) -> String {
    let kept = title.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

/// Why this link of the document at `path` leads nowhere.
fn trouble(path: &Path, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = match target.split_once('#') {
        Some((file, anchor)) => (file, Some(anchor)),
        None => (target, None),
    };
    let there = match file {
        "" => path.to_path_buf(),
        file => path.parent().unwrap().join(file),
    };
    if !there.exists() {
        return Some("which is not there".to_owned());
    }
    let anchor = anchor?;
    if there.extension().is_none_or(|ending| ending != "md") {
        return None;
    }
    let known = anchors(&fs::read_to_string(&there).unwrap());
    (!known.contains(anchor)).then(|| format!("which has no section {anchor}"))
}

#[test]
fn every_link_leads_somewhere() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for path in files(&repository(), &ENDINGS) {
        for (line, target) in links(&fs::read_to_string(&path).unwrap()) {
            count += 1;
            if let Some(why) = trouble(&path, &target) {
                wrong.push(format!("{}:{line} leads to {target}, {why}", shown(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(count > 100, "only {count} links were found");
}

#[test]
fn every_runbook_is_a_section() {
    let rules = repository().join("deploy/prometheus/rules.yaml");
    let rules = fs::read_to_string(rules).unwrap();
    let runbooks: Vec<&str> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("runbook: "))
        .collect();
    assert!(runbooks.len() > 20, "{runbooks:?}");
    for runbook in runbooks {
        let why = trouble(&repository().join("README.md"), runbook);
        assert_eq!(why, None, "{runbook}");
    }
}

#[actix_rt::test]
async fn every_error_has_its_section() {
    let url = format!("{}/docs/errors", shared().api_url(0));
    let page = Http::new().get(&url).await.expect(200).text();
    let codes: BTreeSet<String> = page
        .split("<section id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect();
    assert!(codes.len() > 15, "{codes:?}");
    let document = fs::read_to_string(repository().join("docs/ERRORS.md")).unwrap();
    let sections = document.split("\n## ").skip(1);
    let sections: BTreeMap<String, &str> = sections
        .filter_map(|section| section.split_once('\n'))
        .map(|(title, text)| (title.to_owned(), text))
        .collect();
    assert_eq!(sections.keys().cloned().collect::<BTreeSet<_>>(), codes);
    for (code, text) in sections {
        let named = text.contains(&format!("\"code\": \"{code}\""));
        assert!(named, "the section {code} shows no example");
    }
}

#[test]
fn links_that_lead_nowhere_are_noticed() {
    let here = repository().join("docs/ERRORS.md");
    for (target, why) in [
        ("NOTHING.md", "which is not there"),
        ("images/nothing.png", "which is not there"),
        ("#nothing", "which has no section nothing"),
        ("API.md#nothing", "which has no section nothing"),
    ] {
        assert_eq!(trouble(&here, target).as_deref(), Some(why), "{target}");
    }
    for target in ["API.md", "#not_found", "API.md#the-order", "../README.md"] {
        assert_eq!(trouble(&here, target), None, "{target}");
    }
    let text =
        "[a](A.md) `[b](B.md)`\n```\n[c](C.md)\n```\n![d](d.png) <img src=\"e.png\">\n[f]: F.md\n";
    let found: Vec<String> = links(text).into_iter().map(|(_, target)| target).collect();
    assert_eq!(found, ["A.md", "d.png", "e.png", "F.md"]);
    let text = "# Pay: `POST /v1/orders`\n## Twice\n## Twice\n```\n# no\n```\n";
    let found: Vec<String> = anchors(text).into_iter().collect();
    assert_eq!(found, ["pay-post-v1orders", "twice", "twice-1"]);
}
