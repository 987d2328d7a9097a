//! Settings from the environment, typed. All problems are collected and reported together, each with the
//! name of its variable; the values themselves, which may be secrets, are never reported. One line break
//! at the end of a value, such as a file or a Kubernetes secret has, is not part of the value.
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
    /// Takes the environment of this process, as it is now.
    pub fn from_process() -> Self {
        let named = std::env::vars_os()
            .filter_map(|(name, value)| name.into_string().ok().map(|name| (name, value)));
        Self {
            variables: named.collect(),
        }
    }

    /// Makes an environment of these pairs, for tests.
    pub fn from_pairs<N: Into<String>, V: Into<OsString>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self { variables }
    }

    /// Starts reading. Problems are kept in the reader until [`Reader::finish`].
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
    /// Returns the value as text, if set.
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

    /// Returns the value of an id, if set. White space around it is a problem: it would be sent, or
    /// hashed, as part of it.
    pub fn identifier(&self, name: &str) -> Option<String> {
        self.optional(name).and_then(|text| self.bare(name, text))
    }

    /// Returns the value as text; its absence is a problem.
    pub fn required(&self, name: &str) -> Option<String> {
        if !self.is_set(name) {
            self.problem(name, "is required");
        }
        self.optional(name)
    }

    /// Returns the value read by `parse`, if set; `expected` completes the sentence "expected …".
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

    /// Returns the value read by its type's `FromStr`, or the default when absent.
    pub fn parsed_or<T: FromStr>(&self, name: &str, expected: &str, default: T) -> T {
        self.parsed_with(name, expected, |text| text.parse().ok())
            .unwrap_or(default)
    }

    /// Returns `true` or `false`, or the default when absent.
    pub fn flag_or(&self, name: &str, default: bool) -> bool {
        self.parsed_or(name, "true or false", default)
    }

    /// Returns whole milliseconds (variables named `…_MS`), or the default when absent; both must be in
    /// `within`.
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

    /// Returns a length of time such as `24h`, or the default when absent.
    pub fn duration_or(&self, name: &str, default: Duration) -> Duration {
        self.parsed_with(name, durations::EXPECTED, durations::parse)
            .unwrap_or(default)
    }

    /// Returns comma-separated ids; see [`Reader::identifier`]. Blanks around the commas do not count.
    pub fn identifier_list(&self, name: &str) -> Vec<String> {
        self.identifier(name);
        self.list_with(name, "an id", |entry| Some(entry.to_owned()))
    }

    /// Returns comma-separated entries, trimmed, each read by `parse`. Absent is an empty list; an empty
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

    /// Returns a secret from the variable, or from the file that `NAME_FILE` names. Both set is a
    /// problem, and so is white space around it (except one line break at the end). The caller chooses a
    /// type that does not print itself.
    pub fn secret<T: From<String>>(&self, name: &str) -> Option<T> {
        self.secret_text(name).map(T::from)
    }

    /// Returns a secret that is set only at times, such as while another takes its place: like
    /// [`Reader::secret`], but an empty file counts as absent.
    pub fn spare_secret<T: From<String>>(&self, name: &str) -> Option<T> {
        let in_file = file_variable(name);
        if !self.is_set(name) && self.file(&in_file).is_some_and(|text| text.is_empty()) {
            return None;
        }
        self.secret(name)
    }

    /// Returns a secret that must be set; see [`Reader::secret`].
    pub fn required_secret<T: From<String>>(&self, name: &str) -> Option<T> {
        if !self.is_set(name) && !self.is_set(&file_variable(name)) {
            self.problem(name, format!("is required (or {name}_FILE)"));
        }
        self.secret(name)
    }

    /// Returns a comma-separated list of secrets; see [`Reader::secret`].
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

    /// Returns the text of the file that the variable names, if set.
    pub fn file(&self, name: &str) -> Option<String> {
        let path = PathBuf::from(self.optional(name)?);
        self.read_file(name, &path)
    }

    /// Returns the text of the file that the variable names; its absence is a problem.
    pub fn required_file(&self, name: &str) -> Option<String> {
        let path = PathBuf::from(self.required(name)?);
        self.read_file(name, &path)
    }

    /// Returns the texts of the comma-separated files that the variable names.
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

    /// Returns whether the variable is set and not empty.
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
    /// must not contain its value. The same problem is reported once.
    pub fn problem(&self, variable: &str, text: impl Into<String>) {
        let problem = Problem::new(variable, text.into());
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }

    /// Returns the names of all variables that were asked for so far.
    pub fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
    }

    /// Returns the value, or every problem that was found on the way to it.
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

    /// Returns the text when no invisible characters stand around it.
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

/// Reads the file's text, without one line break at its end.
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

/// Returns whether the letter is white space, a control, or invisible in editors: a byte order mark or
/// another blank without width.
fn is_invisible(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}')
}
