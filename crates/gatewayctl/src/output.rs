//! The printed result of a command: a table for people or JSON for programs, written once and to
//! the end. A reader that went away (`| head`) is no error.

use std::io::{self, Write as _};
use std::process::ExitCode;

use serde_json::Value;

use crate::failure::Failure;

/// The whole answer of a command, in both forms.
#[derive(Debug)]
pub(crate) struct Output {
    human: String,
    json: Value,
    code: u8,
}

impl Output {
    pub(crate) fn new(human: impl Into<String>, json: Value) -> Self {
        Self {
            human: human.into(),
            json,
            code: 0,
        }
    }

    /// Returns the same, ending with exit code 1 when something is wrong.
    pub(crate) fn with_problem(self, problem_found: bool) -> Self {
        self.with_code(problem_found.into())
    }

    /// Returns the same, ending with that exit code.
    pub(crate) fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// Writes it to stdout.
    pub(crate) fn print(&self, as_json: bool) -> ExitCode {
        let text = if as_json {
            format!("{:#}", self.json)
        } else {
            self.human.clone()
        };
        match write_all(&text) {
            Ok(()) => ExitCode::from(self.code),
            Err(error) => Failure::new(format!("stdout: {error}")).print(),
        }
    }
}

fn write_all(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let end = if text.is_empty() || text.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.write_all(end.as_bytes()))
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Formats rows under a headline, in columns.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            std::iter::once(&head)
                .chain(rows)
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or_default()
        })
        .collect();
    std::iter::once(&head)
        .chain(rows)
        .map(|row| line(row, &widths))
        .collect()
}

/// Formats names and values, one a line.
pub(crate) fn fields(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max();
    pairs
        .iter()
        .map(|(name, value)| line(&[(*name).to_owned(), value.clone()], &[width.unwrap_or(0)]))
        .collect()
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (index, cell) in cells.iter().enumerate() {
        let width = widths.get(index).copied().unwrap_or_default();
        text.push_str(&format!("{:<width$}  ", printable(cell)));
    }
    format!("{}\n", text.trim_end())
}

/// Replaces control characters, so that foreign text does not steer the operator's terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = vec![
            vec!["a".to_owned(), "x".to_owned()],
            vec!["long".to_owned(), String::new()],
        ];
        assert_eq!(table(&["ID", "B"], &rows), "ID    B\na     x\nlong\n");
        assert_eq!(
            fields(&[("id", "1".to_owned()), ("secret", "2".to_owned())]),
            "id      1\nsecret  2\n"
        );
    }

    #[test]
    fn what_came_from_outside_cannot_steer_the_terminal() {
        let row = vec!["\u{1b}[2J\nforged".to_owned()];
        assert_eq!(table(&["X"], &[row]), "X\n\u{fffd}[2J\u{fffd}forged\n");
    }
}
