//! The signing vectors, and what they hold as files for the program.

use serde_json::Value;
use tempfile::TempDir;

use crate::rig::{Ctl, Ran, vectors};

/// The vectors, with what they hold as files.
pub(crate) struct Bench {
    folder: TempDir,
    pub(crate) vectors: Value,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let text = std::fs::read_to_string(vectors().join("vectors.json")).unwrap();
        Self {
            folder: TempDir::new().unwrap(),
            vectors: serde_json::from_str(&text).unwrap(),
        }
    }

    pub(crate) fn of(&self, group: &str) -> &Vec<Value> {
        self.vectors[group].as_array().unwrap()
    }

    pub(crate) fn named(&self, group: &str, name: &str) -> &Value {
        let found = self.of(group).iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{name}"))
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn key(&self, name: &str) -> String {
        self.file(name, text(&self.vectors["keys"], name))
    }

    pub(crate) fn secret(&self) -> String {
        let secret = text(&self.vectors["common"], "client_secret");
        self.file("secret", &format!("{secret}\n"))
    }

    pub(crate) fn verify_callback(&self, vector: &Value, signature: &str) -> Ran {
        let public = self.key(text(vector, "verify_with"));
        let body = self.file("body", text(vector, "body"));
        let ctl = Ctl::nowhere();
        ctl.run(&[
            "verify",
            "--kind=callback",
            "--public-key",
            &public,
            "--path",
            text(vector, "path"),
            "--timestamp",
            text(vector, "timestamp"),
            "--body",
            &body,
            "--signature",
            signature,
        ])
    }

    pub(crate) fn snap(&self, vector: &Value, body: &str) -> Vec<String> {
        let given = |name: &str| text(vector, name).to_owned();
        let body = self.file("body", body);
        [
            "--kind".to_owned(),
            "E".to_owned(),
            "--secret-file".to_owned(),
            self.secret(),
            "--path".to_owned(),
            given("path"),
            "--token".to_owned(),
            given("access_token"),
            "--timestamp".to_owned(),
            given("timestamp"),
            "--body".to_owned(),
            body,
        ]
        .to_vec()
    }
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name}"))
}

pub(crate) fn run(command: &str, arguments: &[String], more: &[&str]) -> Ran {
    let all: Vec<&str> = std::iter::once(command)
        .chain(arguments.iter().map(String::as_str))
        .chain(more.iter().copied())
        .collect();
    Ctl::nowhere().run(&all)
}
