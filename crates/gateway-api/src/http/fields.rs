//! The members of one JSON object, whose faults are recorded under the member's full path. `null` counts as absent,
//! and where a body allows it `""` and `[]` do. Control characters are refused in every text (contract 4.1).

use ayolinx_core::unseen::is_unseen;

use super::error::{ApiError, FieldCode};
use super::field_errors::FieldErrors;
use super::formats::has_control;
use super::json::JsonTree;

/// The most characters of a name that an error repeats; longer names are cut.
const NAME_SHOWN_MAX: usize = 64;

/// The members of one object.
pub(crate) struct Fields<'t> {
    path: String,
    members: &'t [(String, JsonTree)],
    optional: &'static [&'static str],
}

impl<'t> Fields<'t> {
    /// Reads the outermost object; records every member whose name is not in `known`.
    pub(crate) fn root(tree: &'t JsonTree, known: &[&str], errors: &mut FieldErrors) -> Self {
        let members = match tree {
            JsonTree::Object(members) => members.as_slice(),
            _ => &[],
        };
        let fields = Self {
            path: String::new(),
            members,
            optional: &[],
        };
        fields.refuse_unknown(known, errors);
        fields
    }

    /// Returns the same members, of which these also count as absent where they are a text of blanks only, or `[]`
    /// where an object belongs: the forms in which shops' libraries write an empty value.
    pub(crate) const fn with_optional(mut self, names: &'static [&'static str]) -> Self {
        self.optional = names;
        self
    }

    /// Reads the object `name`; `None` when absent or not an object (recorded).
    pub(crate) fn object(
        &self,
        name: &str,
        known: &[&str],
        errors: &mut FieldErrors,
    ) -> Option<Self> {
        let value = self.value(name)?;
        if self.optional.contains(&name) && is_empty_array(value) {
            return None;
        }
        Self::inside(value, self.path(name), known, errors)
    }

    /// Reads `value` as an object found at `path`.
    pub(crate) fn inside(
        value: &'t JsonTree,
        path: String,
        known: &[&str],
        errors: &mut FieldErrors,
    ) -> Option<Self> {
        let JsonTree::Object(members) = value else {
            wrong_type(path, "an object", value, errors);
            return None;
        };
        let fields = Self {
            path,
            members,
            optional: &[],
        };
        fields.refuse_unknown(known, errors);
        Some(fields)
    }

    /// Reads the array `name`; `None` when absent or not an array (recorded).
    pub(crate) fn array(&self, name: &str, errors: &mut FieldErrors) -> Option<&'t [JsonTree]> {
        match self.value(name)? {
            JsonTree::Array(items) => Some(items),
            other => {
                wrong_type(self.path(name), "an array", other, errors);
                None
            }
        }
    }

    /// Reads the text `name`; `None` when absent, no string, or with control characters (recorded).
    pub(crate) fn text(&self, name: &str, errors: &mut FieldErrors) -> Option<&'t str> {
        text_at(self.value(name)?, self.path(name), errors)
    }

    /// Reads the text `name` of at most `chars_max` characters.
    pub(crate) fn short_text(
        &self,
        name: &str,
        chars_max: usize,
        errors: &mut FieldErrors,
    ) -> Option<&'t str> {
        let text = self.text(name, errors)?;
        if text.chars().count() > chars_max {
            let message = format!("at most {chars_max} characters");
            errors.add(self.path(name), FieldCode::TooLong, message);
            return None;
        }
        Some(text)
    }

    /// Reads the integer `name` in `min..=max`; `None` when absent or not that (recorded).
    pub(crate) fn integer(
        &self,
        name: &str,
        (min, max): (i64, i64),
        errors: &mut FieldErrors,
    ) -> Option<i64> {
        let value = self.value(name)?;
        let JsonTree::Number(digits) = value else {
            wrong_type(self.path(name), "an integer", value, errors);
            return None;
        };
        let unsigned = digits.strip_prefix('-').unwrap_or(digits);
        if !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = "must be an integer without point or exponent";
            errors.add(self.path(name), FieldCode::WrongType, message);
            return None;
        }
        let beyond = if digits.starts_with('-') {
            i64::MIN
        } else {
            i64::MAX
        };
        let number = digits.parse().unwrap_or(beyond);
        if number < min {
            errors.add(
                self.path(name),
                FieldCode::BelowMinimum,
                format!("at least {min}"),
            );
        } else if number > max {
            errors.add(
                self.path(name),
                FieldCode::AboveMaximum,
                format!("at most {max}"),
            );
        } else {
            return Some(number);
        }
        None
    }

    /// Reads the boolean `name`; `None` when absent or no boolean (recorded).
    pub(crate) fn boolean(&self, name: &str, errors: &mut FieldErrors) -> Option<bool> {
        match self.value(name)? {
            JsonTree::Bool(value) => Some(*value),
            other => {
                wrong_type(self.path(name), "a boolean", other, errors);
                None
            }
        }
    }

    /// Records `required` when `name` is absent or `null`.
    pub(crate) fn require(&self, name: &str, errors: &mut FieldErrors) {
        if self.value(name).is_none() {
            required(self.path(name), errors);
        }
    }

    /// Returns the member, unless absent or `null`, or a text of blanks where that counts as absent.
    pub(crate) fn value(&self, name: &str) -> Option<&'t JsonTree> {
        let is_said = |value: &JsonTree| match value {
            JsonTree::Null => false,
            JsonTree::String(text) => !self.optional.contains(&name) || !is_blank(text),
            _ => true,
        };
        self.members
            .iter()
            .find(|(member, value)| member == name && is_said(value))
            .map(|(_, value)| value)
    }

    /// Returns every member, also those that are `null`.
    pub(crate) fn members(&self) -> &'t [(String, JsonTree)] {
        self.members
    }

    /// Returns the full path of the member `name`.
    pub(crate) fn path(&self, name: &str) -> String {
        let shown: String = name.chars().take(NAME_SHOWN_MAX).collect();
        if self.path.is_empty() {
            shown
        } else {
            format!("{}.{shown}", self.path)
        }
    }

    fn refuse_unknown(&self, known: &[&str], errors: &mut FieldErrors) {
        for (name, _) in self.members {
            if !known.contains(&name.as_str()) {
                errors.add(
                    self.path(name),
                    FieldCode::UnknownField,
                    "there is no such field",
                );
            }
        }
    }
}

/// Returns whether a text is empty to the eye: only blanks and invisible characters.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|letter| (letter.is_whitespace() && !letter.is_control()) || is_unseen(letter))
}

/// Returns whether a value is an empty array, which PHP also writes for an empty object.
pub(crate) fn is_empty_array(value: &JsonTree) -> bool {
    matches!(value, JsonTree::Array(items) if items.is_empty())
}

/// Reads `value` as a text found at `path`; `None` when it is no string or has control characters (recorded).
pub(crate) fn text_at<'t>(
    value: &'t JsonTree,
    path: String,
    errors: &mut FieldErrors,
) -> Option<&'t str> {
    let JsonTree::String(text) = value else {
        wrong_type(path, "a string", value, errors);
        return None;
    };
    if has_control(text) {
        let message = "control characters are not allowed";
        errors.add(path, FieldCode::InvalidFormat, message);
        return None;
    }
    Some(text)
}

/// Records that a value is required at `path`.
pub(crate) fn required(path: impl Into<String>, errors: &mut FieldErrors) {
    errors.add(path, FieldCode::Required, "must be given");
}

fn wrong_type(path: String, expected: &str, found: &JsonTree, errors: &mut FieldErrors) {
    let message = format!("must be {expected}, not {}", found.type_name());
    errors.add(path, FieldCode::WrongType, message);
}

/// Accepts a body without any field (`POST …/cancel`, `…/sync`, …): absent or `{}`.
///
/// # Errors
/// 422 naming every field that was sent.
pub fn no_fields(body: &JsonTree) -> Result<(), ApiError> {
    let mut errors = FieldErrors::default();
    let _fields = Fields::root(body, &[], &mut errors);
    errors.into_result(())
}
