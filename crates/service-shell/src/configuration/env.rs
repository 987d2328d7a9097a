//! Settings from the environment, typed. Every problem is collected and they are reported
//! together, each naming its variable; the values themselves, which may be secrets, never are.
//! One line break at the end of a value, such as a file or a Kubernetes secret has, is no part of it.
//! A variable that is set but empty counts as absent.

mod problems;
#[cfg(test)]
mod tests;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

pub use problems::{Problem, Problems};

use crate::configuration::durations;

/// A snapshot of environment variables, taken once.
pub struct Env {
    variables: BTreeMap<String, OsString>,
}

impl Env {
    /// The environment of this process, as it is now.
    pub fn from_process() -> Self {
        let named = std::env::vars_os()
            .filter_map(|(name, value)| name.into_string().ok().map(|name| (name, value)));
        Self {
            variables: named.collect(),
        }
    }

    /// An environment made of these pairs, for tests.
    pub fn from_pairs<N: Into<String>, V: Into<OsString>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self { variables }
    }

    /// Starts reading. What goes wrong is kept in the reader until [`Reader::finish`].
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            env: self,
            problems: RefCell::default(),
            asked: RefCell::default(),
        }
    }
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// Reads typed values from an [`Env`] and collects what is wrong with them.
///
/// A method that finds a malformed value records the problem and returns its "nothing" (`None`, the
/// default, an empty list), so that reading goes on and finds the other problems too.
pub struct Reader<'a> {
    env: &'a Env,
    problems: RefCell<Vec<Problem>>,
    asked: RefCell<BTreeSet<String>>,
}

impl Reader<'_> {
    /// The value as text, if set.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.asked.borrow_mut().insert(name.to_owned());
        let value = self.env.variables.get(name)?;
        let Some(text) = value.to_str() else {
            self.problem(name, "is not UTF-8");
            return None;
        };
        let text = without_line_break(text);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The value of an id, if set. White space around it is a problem: it would be sent, or hashed, as
    /// part of it.
    pub fn identifier(&self, name: &str) -> Option<String> {
        self.optional(name).and_then(|text| self.bare(name, text))
    }

    /// The value as text; its absence is a problem.
    pub fn required(&self, name: &str) -> Option<String> {
        if !self.is_set(name) {
            self.problem(name, "is required");
        }
        self.optional(name)
    }

    /// The value read by `parse`, if set; `expected` completes the sentence "expected …".
    pub fn parsed_with<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let parsed = parse(&self.optional(name)?);
        if parsed.is_none() {
            self.problem(name, format!("expected {expected}"));
        }
        parsed
    }

    /// The value read by its type's `FromStr`, or the default when absent.
    pub fn parsed_or<T: FromStr>(&self, name: &str, expected: &str, default: T) -> T {
        self.parsed_with(name, expected, |text| text.parse().ok())
            .unwrap_or(default)
    }

    /// `true` or `false`, or the default when absent.
    pub fn flag_or(&self, name: &str, default: bool) -> bool {
        self.parsed_or(name, "true or false", default)
    }

    /// Whole milliseconds (variables named `…_MS`), or the default when absent; both in `within`.
    pub fn milliseconds_or(
        &self,
        name: &str,
        default_ms: u64,
        within: std::ops::RangeInclusive<u64>,
    ) -> Duration {
        let expected = format!(
            "whole milliseconds from {} to {}",
            within.start(),
            within.end()
        );
        let read = |text: &str| {
            let ms = text.parse().ok().filter(|ms| within.contains(ms))?;
            Some(Duration::from_millis(ms))
        };
        self.parsed_with(name, &expected, read)
            .unwrap_or(Duration::from_millis(default_ms))
    }

    /// A length of time such as `24h`, or the default when absent.
    pub fn duration_or(&self, name: &str, default: Duration) -> Duration {
        self.parsed_with(name, durations::EXPECTED, durations::parse)
            .unwrap_or(default)
    }

    /// Comma-separated ids; see [`Reader::identifier`]. Blanks round the commas are none of theirs.
    pub fn identifier_list(&self, name: &str) -> Vec<String> {
        self.identifier(name);
        self.list_with(name, "an id", |entry| Some(entry.to_owned()))
    }

    /// Comma-separated entries, trimmed, each read by `parse`. Absent is an empty list; an empty
    /// entry is a problem.
    pub fn list_with<T>(
        &self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let expected = format!("a comma-separated list, each entry {expected}");
        let all = |text: &str| split(text).map(|entry| parse(entry?)).collect();
        self.parsed_with(name, &expected, all).unwrap_or_default()
    }

    /// A secret from the variable, or from the file that `NAME_FILE` names. Both set is a problem, and so
    /// is white space around it (but for one line break at the end). The caller chooses a type that
    /// does not print itself.
    pub fn secret<T: From<String>>(&self, name: &str) -> Option<T> {
        self.secret_text(name).map(T::from)
    }

    /// A secret that is there only at times, such as while another takes its place: as
    /// [`Reader::secret`], but an empty file counts as absent.
    pub fn spare_secret<T: From<String>>(&self, name: &str) -> Option<T> {
        let in_file = file_variable(name);
        if !self.is_set(name) && self.file(&in_file).is_some_and(|text| text.is_empty()) {
            return None;
        }
        self.secret(name)
    }

    /// A secret that must be there; see [`Reader::secret`].
    pub fn required_secret<T: From<String>>(&self, name: &str) -> Option<T> {
        if !self.is_set(name) && !self.is_set(&file_variable(name)) {
            self.problem(name, format!("is required (or {name}_FILE)"));
        }
        self.secret(name)
    }

    /// A comma-separated list of secrets; see [`Reader::secret`].
    pub fn secret_list<T: From<String>>(&self, name: &str) -> Vec<T> {
        let Some(text) = self.secret_text(name) else {
            return Vec::new();
        };
        let entries: Option<Vec<T>> = split(&text)
            .map(|entry| entry.map(|text| T::from(text.to_owned())))
            .collect();
        if entries.is_none() {
            self.problem(
                name,
                "expected a comma-separated list without empty entries",
            );
        }
        entries.unwrap_or_default()
    }

    /// The text of the file that the variable names, if set.
    pub fn file(&self, name: &str) -> Option<String> {
        let path = PathBuf::from(self.optional(name)?);
        self.read_file(name, &path)
    }

    /// The text of the file that the variable names; its absence is a problem.
    pub fn required_file(&self, name: &str) -> Option<String> {
        let path = PathBuf::from(self.required(name)?);
        self.read_file(name, &path)
    }

    /// The texts of the comma-separated files that the variable names.
    pub fn files(&self, name: &str) -> Vec<String> {
        let paths = self.list_with(name, "the path of a file", |entry| {
            Some(PathBuf::from(entry))
        });
        let read = |(index, path): (usize, &PathBuf)| match read_text(path) {
            Ok(text) => Some(text),
            Err(error) => {
                let entry = index.saturating_add(1);
                let text = format!("entry {entry} names a file that cannot be read: {error}");
                self.problem(name, text);
                None
            }
        };
        paths.iter().enumerate().filter_map(read).collect()
    }

    /// Whether the variable is set and not empty.
    pub fn is_set(&self, name: &str) -> bool {
        self.asked.borrow_mut().insert(name.to_owned());
        let value = self.env.variables.get(name);
        value.is_some_and(|value| {
            value
                .to_str()
                .is_none_or(|text| !without_line_break(text).is_empty())
        })
    }

    /// Records that something is wrong with a variable. `text` continues the variable's name and
    /// must not contain its value. Said twice, it is reported once.
    pub fn problem(&self, variable: &str, text: impl Into<String>) {
        let problem = Problem::new(variable, text.into());
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// The names of all variables that were asked for so far.
    pub fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
    }

    /// The value, or every problem that was found on the way to it.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Problems> {
        let problems = Problems::new(self.problems.into_inner());
        match value {
            Some(value) if problems.is_empty() => Ok(value),
            _ => Err(problems),
        }
    }

    fn secret_text(&self, name: &str) -> Option<String> {
        let in_file = file_variable(name);
        match (self.is_set(name), self.is_set(&in_file)) {
            (true, true) => {
                self.problem(name, format!("is set, and {in_file} too: keep one of them"));
                None
            }
            (true, false) => self.identifier(name),
            (false, true) => self
                .file(&in_file)
                .filter(|text| {
                    let empty = text.is_empty();
                    if empty {
                        self.problem(&in_file, "names an empty file");
                    }
                    !empty
                })
                .and_then(|text| self.bare(&in_file, text)),
            (false, false) => None,
        }
    }

    /// The text when nothing that is not seen stands around it.
    fn bare(&self, name: &str, text: String) -> Option<String> {
        if text.trim_matches(is_invisible).len() == text.len() {
            return Some(text);
        }
        self.problem(name, "has white space around its value");
        None
    }

    fn read_file(&self, name: &str, path: &Path) -> Option<String> {
        match read_text(path) {
            Ok(text) => Some(text),
            Err(error) => {
                self.problem(name, format!("names a file that cannot be read: {error}"));
                None
            }
        }
    }
}

fn file_variable(name: &str) -> String {
    format!("{name}_FILE")
}

fn split(text: &str) -> impl Iterator<Item = Option<&str>> {
    text.split(',')
        .map(str::trim)
        .map(|entry| (!entry.is_empty()).then_some(entry))
}

/// The file's text without one line break at its end.
fn read_text(path: &Path) -> io::Result<String> {
    let text = std::fs::read_to_string(path)?;
    Ok(without_line_break(&text).to_owned())
}

fn without_line_break(text: &str) -> &str {
    match text.strip_suffix('\n') {
        Some(line) => line.strip_suffix('\r').unwrap_or(line),
        None => text,
    }
}

/// White space, controls, and what editors leave unseen: byte order marks and other blanks without width.
fn is_invisible(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}')
}
