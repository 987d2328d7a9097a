//! So much of SQL as it takes to know, for each `SELECT`, the names that it gives out and those that it
//! is ordered by.

/// A word, a mark, or what stands in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A name or a keyword; in small letters unless it was quoted.
    Word(String),
    /// A whole number.
    Number(usize),
    /// A literal, a value's place, or what `format!` puts in.
    Value,
    /// One character.
    Mark(char),
    /// In round brackets.
    Group(Vec<Part>),
}

impl Part {
    fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own == word)
    }

    fn word(&self) -> Option<&str> {
        match self {
            Self::Word(own) => Some(own),
            Self::Number(_) | Self::Value | Self::Mark(_) | Self::Group(_) => None,
        }
    }
}

/// Parts a text; `None` when its brackets do not match.
pub(super) fn parts(sql: &str) -> Option<Vec<Part>> {
    let mut levels: Vec<Vec<Part>> = vec![Vec::new()];
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let part;
        (part, rest) = if rest.starts_with("--") {
            (None, rest.split_once('\n').map_or("", |(_, after)| after))
        } else if first.is_whitespace() {
            (None, behind(rest, first.len_utf8()))
        } else if first == '\'' {
            (Some(Part::Value), after_quotes(behind(rest, 1), '\''))
        } else if first == '"' {
            let after = after_quotes(behind(rest, 1), '"');
            let name = behind(rest, 1)
                .strip_suffix(after)
                .unwrap_or_default()
                .trim_end_matches('"');
            (Some(Part::Word(name.to_owned())), after)
        } else if first == '{' {
            let end = rest.find('}').map_or(rest.len(), |at| at + 1);
            (Some(Part::Value), behind(rest, end))
        } else if first.is_alphabetic() || first == '_' {
            let (word, after) = run(rest, |c| c.is_alphanumeric() || c == '_');
            (Some(Part::Word(word.to_lowercase())), after)
        } else if first.is_ascii_digit() {
            let (digits, after) = run(rest, |c| c.is_alphanumeric() || c == '.');
            (
                Some(digits.parse().map_or(Part::Value, Part::Number)),
                after,
            )
        } else if first == '?' || first == '$' {
            let (_, after) = run(behind(rest, 1), char::is_alphanumeric);
            (Some(Part::Value), after)
        } else {
            let after = behind(rest, first.len_utf8());
            match first {
                '(' => {
                    levels.push(Vec::new());
                    (None, after)
                }
                ')' => (Some(Part::Group(levels.pop()?)), after),
                mark => (Some(Part::Mark(mark)), after),
            }
        };
        if let Some(part) = part {
            levels.last_mut()?.push(part);
        }
    }
    let whole = levels.pop()?;
    levels.is_empty().then_some(whole)
}

/// What follows so many bytes.
fn behind(text: &str, bytes: usize) -> &str {
    text.split_at(bytes).1
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

fn after_quotes(text: &str, quote: char) -> &str {
    let mut rest = text;
    loop {
        let Some((_, after)) = rest.split_once(quote) else {
            return "";
        };
        match after.strip_prefix(quote) {
            Some(more) => rest = more,
            None => return after,
        }
    }
}

/// What ends a list of what is given out.
const AFTER_LIST: [&str; 13] = [
    "from",
    "into",
    "where",
    "group",
    "having",
    "window",
    "union",
    "except",
    "intersect",
    "order",
    "limit",
    "offset",
    "for",
];
/// What ends a list of what is ordered by.
const AFTER_ORDER: [&str; 10] = [
    "limit",
    "offset",
    "fetch",
    "for",
    "on",
    "returning",
    "union",
    "except",
    "intersect",
    "loop",
];
/// What may stand behind a thing that is ordered by.
const DIRECTIONS: [&str; 5] = ["asc", "desc", "nulls", "first", "last"];
const SET_WORDS: [&str; 3] = ["union", "except", "intersect"];

fn until<'p>(parts: &'p [Part], ends: &[&str]) -> &'p [Part] {
    let end = parts.iter().position(|part| {
        *part == Part::Mark(';') || part.word().is_some_and(|word| ends.contains(&word))
    });
    &parts[..end.unwrap_or(parts.len())]
}

fn items(parts: &[Part]) -> impl Iterator<Item = &[Part]> {
    parts.split(|part| *part == Part::Mark(','))
}

/// The name under which an item is given out, and whether it is just the column of that name.
fn given_out(item: &[Part]) -> Option<(&str, bool)> {
    let (expression, name) = match item.iter().rposition(|part| part.is("as")) {
        Some(at) => (&item[..at], item.get(at + 1)?.word()?),
        None => named_by_itself(item)?,
    };
    let is_column = match expression {
        [Part::Word(column)] | [Part::Word(_), Part::Mark('.'), Part::Word(column)] => {
            column == name
        }
        _ => false,
    };
    Some((name, is_column))
}

/// Without `AS`: a name behind the expression, or the one that the server gives it (of a cast, the column's;
/// of a call, the function's).
fn named_by_itself(item: &[Part]) -> Option<(&[Part], &str)> {
    let cast = item
        .windows(2)
        .position(|two| two == [Part::Mark(':'), Part::Mark(':')]);
    if let Some(at) = cast {
        let (_, name) = named_by_itself(&item[..at])?;
        return Some((item, name));
    }
    match item {
        [.., before, Part::Word(name)] if !matches!(before, Part::Mark(_)) => {
            Some((&item[..item.len() - 1], name))
        }
        [.., Part::Word(name)] => Some((item, name)),
        [.., Part::Word(function), Part::Group(_)] => Some((item, function)),
        _ => None,
    }
}

/// What is wrong with the orders of a statement and of those within it.
pub(super) fn faults(parts: &[Part]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in parts {
        if let Part::Group(inner) = part {
            found.extend(faults(inner));
        }
    }
    // Of a union nothing but what it gives out can be named.
    let (mut list, mut is_union): (Option<&[Part]>, bool) = (None, false);
    for (at, part) in parts.iter().enumerate() {
        let after = &parts[at + 1..];
        match part.word() {
            None if *part == Part::Mark(';') => (list, is_union) = (None, false),
            Some("select") => list = Some(until(after, &AFTER_LIST)),
            Some(word) if SET_WORDS.contains(&word) => is_union = true,
            Some("order") if !is_union && after.first().is_some_and(|next| next.is("by")) => {
                found.extend(of_order(until(&after[1..], &AFTER_ORDER), list));
            }
            _ => {}
        }
    }
    found
}

fn of_order(order: &[Part], list: Option<&[Part]>) -> Vec<String> {
    let Some(list) = list else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in items(order) {
        let bare: Vec<&Part> = item
            .iter()
            .filter(|part| !part.word().is_some_and(|word| DIRECTIONS.contains(&word)))
            .collect();
        match bare.as_slice() {
            [Part::Word(name)] => {
                let mut names = items(list).filter_map(given_out);
                if names.any(|(given, is_column)| given == name && !is_column) {
                    found.push(format!("ORDER BY {name} is an output, not the column"));
                }
            }
            [Part::Number(place)] => {
                let named = items(list).nth(place - 1).and_then(given_out);
                if named.is_none_or(|(_, is_column)| !is_column) {
                    found.push(format!("ORDER BY {place} is an output, not a column"));
                }
            }
            _ => {}
        }
    }
    found
}
