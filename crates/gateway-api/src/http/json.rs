//! JSON as a merchant sent it: a strict tree that refuses duplicate names and keeps numbers as text,
//! so that no float ever decides anything and no name can hide another (reliability T14, T15).

use std::collections::HashSet;
use std::fmt;

use ayolinx_core::json_style::without_byte_order_mark;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The deepest nesting of arrays and objects.
pub const DEPTH_MAX: usize = 32;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonTree {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number exactly as it was written.
    Number(String),
    /// A string after unescaping.
    String(String),
    /// An array.
    Array(Vec<Self>),
    /// An object, in the order it was written; names are unique.
    Object(Vec<(String, Self)>),
}

/// The reason why a text is not one JSON value of ours; for the caller, so never a quote of the
/// body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// Not the JSON grammar.
    #[error("the body is not valid JSON")]
    Syntax,
    /// The grammar is kept, but the outermost value is no object.
    #[error("the body is not a JSON object")]
    NotAnObject,
    /// A name stands twice in one object.
    #[error("a member name stands twice in one object")]
    DuplicateName,
    /// Deeper than [`DEPTH_MAX`].
    #[error("the body is nested too deeply")]
    TooDeep,
}

impl JsonTree {
    /// Reads exactly one object, behind a byte order mark or not (contract 4).
    ///
    /// # Errors
    /// [`JsonError`] for everything else, also text after the object.
    pub fn parse_object(bytes: &[u8]) -> Result<Self, JsonError> {
        let text =
            std::str::from_utf8(without_byte_order_mark(bytes)).map_err(|_| JsonError::NotUtf8)?;
        let raw: &RawValue = serde_json::from_str(text).map_err(|_| JsonError::Syntax)?;
        match read(raw, 0)? {
            object @ Self::Object(_) => Ok(object),
            _ => Err(JsonError::NotAnObject),
        }
    }

    /// Returns the JSON type's name, for messages.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

/// Reads one level; the raw text is known to keep the grammar, but its strings are not checked yet.
fn read(raw: &RawValue, depth: usize) -> Result<JsonTree, JsonError> {
    let text = raw.get();
    match text.bytes().next() {
        Some(b'{') => object(text, deeper(depth)?),
        Some(b'[') => array(text, deeper(depth)?),
        Some(b'"') => serde_json::from_str(text)
            .map(JsonTree::String)
            .map_err(|_| JsonError::Syntax),
        Some(b't') => Ok(JsonTree::Bool(true)),
        Some(b'f') => Ok(JsonTree::Bool(false)),
        Some(b'n') => Ok(JsonTree::Null),
        _ => Ok(JsonTree::Number(text.to_owned())),
    }
}

fn deeper(depth: usize) -> Result<usize, JsonError> {
    if depth >= DEPTH_MAX {
        return Err(JsonError::TooDeep);
    }
    Ok(depth.saturating_add(1))
}

fn object(text: &str, depth: usize) -> Result<JsonTree, JsonError> {
    let members = serde_json::Deserializer::from_str(text)
        .deserialize_map(Members)
        .map_err(|_| JsonError::Syntax)?;
    let mut seen = HashSet::with_capacity(members.len());
    if !members.iter().all(|(name, _)| seen.insert(name.as_str())) {
        return Err(JsonError::DuplicateName);
    }
    let mut tree = Vec::with_capacity(members.len());
    for (name, raw) in &members {
        tree.push((name.clone(), read(raw, depth)?));
    }
    Ok(JsonTree::Object(tree))
}

fn array(text: &str, depth: usize) -> Result<JsonTree, JsonError> {
    let items = serde_json::Deserializer::from_str(text)
        .deserialize_seq(Items)
        .map_err(|_| JsonError::Syntax)?;
    items
        .into_iter()
        .map(|raw| read(raw, depth))
        .collect::<Result<_, _>>()
        .map(JsonTree::Array)
}

/// The members of one object, unread.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

/// The items of one array, unread.
struct Items;

impl<'de> Visitor<'de> for Items {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<JsonTree, JsonError> {
        JsonTree::parse_object(text.as_bytes())
    }

    #[test]
    fn numbers_stay_text_and_order_stays() {
        let tree = parse(r#" {"b":1.0,"a":[9007199254740993,1e4,-0,true,null],"é\u0041":"\/"} "#);
        let number = |text: &str| JsonTree::Number(text.to_owned());
        let expected = JsonTree::Object(vec![
            ("b".to_owned(), number("1.0")),
            (
                "a".to_owned(),
                JsonTree::Array(vec![
                    number("9007199254740993"),
                    number("1e4"),
                    number("-0"),
                    JsonTree::Bool(true),
                    JsonTree::Null,
                ]),
            ),
            ("éA".to_owned(), JsonTree::String("/".to_owned())),
        ]);
        assert_eq!(tree, Ok(expected));
    }

    #[test]
    fn everything_but_one_object_is_refused() {
        for (text, error) in [
            ("", JsonError::Syntax),
            ("{", JsonError::Syntax),
            ("{}{}", JsonError::Syntax),
            ("{} x", JsonError::Syntax),
            ("{'a':1}", JsonError::Syntax),
            (r#"{"a":1,}"#, JsonError::Syntax),
            (r#"{"a":01}"#, JsonError::Syntax),
            (r#"{"a":+1}"#, JsonError::Syntax),
            (r#"{"a":.5}"#, JsonError::Syntax),
            (r#"{"a":NaN}"#, JsonError::Syntax),
            (r#"{"a":"\ud800"}"#, JsonError::Syntax),
            ("{\"a\":\"\n\"}", JsonError::Syntax),
            (r#"{"\ud800":1}"#, JsonError::Syntax),
            ("\u{feff}\u{feff}{}", JsonError::Syntax),
            (" \u{feff}{}", JsonError::Syntax),
            ("{}\u{feff}", JsonError::Syntax),
            ("\u{feff}", JsonError::Syntax),
            ("[]", JsonError::NotAnObject),
            ("null", JsonError::NotAnObject),
            ("\"{}\"", JsonError::NotAnObject),
            ("1", JsonError::NotAnObject),
            (r#"{"a":1,"a":1}"#, JsonError::DuplicateName),
            (r#"{"a":1,"\u0061":2}"#, JsonError::DuplicateName),
            (
                r#"{"x":[{"y":{"a":1,"b":2,"a":3}}]}"#,
                JsonError::DuplicateName,
            ),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
        assert_eq!(
            JsonTree::parse_object(b"{\"a\":\"\xff\"}"),
            Err(JsonError::NotUtf8)
        );
    }

    #[test]
    fn the_depth_is_bound() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(&nested(DEPTH_MAX - 1)).is_ok());
        assert_eq!(parse(&nested(DEPTH_MAX)), Err(JsonError::TooDeep));
        assert_eq!(parse(&nested(20_000)), Err(JsonError::TooDeep));
    }

    proptest! {
        #[test]
        fn a_byte_order_mark_changes_nothing(text in "[ ]{0,2}\\{[ ]{0,2}(\"a\": ?(1|\"\u{feff}\"|\\[\\]))?\\}[ ]{0,2}|[{}\\[\\]\",:0-9a-z ]{0,12}") {
            let marked = format!("\u{feff}{text}");
            prop_assert_eq!(parse(&marked), parse(&text));
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _read_or_refused = JsonTree::parse_object(&bytes);
        }

        #[test]
        fn what_serde_json_refuses_is_refused(text in "[{}\\[\\]\",:0-9a-z.\\\\ -]{0,40}") {
            if serde_json::from_str::<serde_json::Value>(&text).is_err() {
                prop_assert!(parse(&text).is_err());
            }
        }
    }
}
