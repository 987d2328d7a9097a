//! Reads required and optional fields of a request; errors name the field by its path (protocol 6.2, cases 01, 02).

use ayolinx_core::money::{Amount, Currency};

use crate::protocol::json_tree::Json;

/// The error of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FieldError {
    /// Case 01.
    Format(String),
    /// Case 02.
    Missing(String),
}

/// One object of the request.
pub(crate) struct Fields<'a> {
    path: String,
    members: &'a [(String, Json)],
}

impl<'a> Fields<'a> {
    /// Reads the document itself.
    pub(crate) fn root(document: &'a Json) -> Result<Self, FieldError> {
        Self::of(document, String::new())
    }

    /// Reads an item of a list, which must be an object.
    pub(crate) fn item(&self, list: &str, item: &'a Json) -> Result<Self, FieldError> {
        Self::of(item, self.path_of(list))
    }

    fn of(json: &'a Json, path: String) -> Result<Self, FieldError> {
        match json {
            Json::Object(members) => Ok(Self { path, members }),
            _ => Err(FieldError::Format(if path.is_empty() {
                "body".to_owned()
            } else {
                path
            })),
        }
    }

    /// Reads a required text that follows the rule.
    pub(crate) fn text(
        &self,
        name: &str,
        rule: impl Fn(&str) -> bool,
    ) -> Result<&'a str, FieldError> {
        match self.optional_text(name, |text| text.is_empty() || rule(text))? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(self.missing(name)),
        }
    }

    /// Reads an optional text that follows the rule if it is present.
    pub(crate) fn optional_text(
        &self,
        name: &str,
        rule: impl Fn(&str) -> bool,
    ) -> Result<Option<&'a str>, FieldError> {
        match self.find(name) {
            None => Ok(None),
            Some(Json::Text(text)) if rule(text) => Ok(Some(text)),
            Some(_) => Err(self.format(name)),
        }
    }

    /// Reads a required object.
    pub(crate) fn object(&self, name: &str) -> Result<Self, FieldError> {
        let json = self.find(name).ok_or_else(|| self.missing(name))?;
        Self::of(json, self.path_of(name))
    }

    /// Reads an optional list.
    pub(crate) fn list(&self, name: &str) -> Result<Option<&'a [Json]>, FieldError> {
        match self.find(name) {
            None => Ok(None),
            Some(Json::List(items)) => Ok(Some(items)),
            Some(_) => Err(self.format(name)),
        }
    }

    /// Reads a required amount of money: rupiah, exactly two decimals, more than zero (protocol 2.3).
    pub(crate) fn amount(&self, name: &str) -> Result<Amount, FieldError> {
        let money = self.object(name)?;
        let value = money.text("value", is_money)?;
        money.text("currency", |text| text == "IDR")?;
        Amount::parse_decimal(value, Currency::Idr)
            .ok()
            .filter(|amount| !amount.is_zero())
            .ok_or_else(|| money.format("value"))
    }

    /// Returns the members that the documents do not name.
    pub(crate) fn undocumented(&self, known: &[&str]) -> Vec<String> {
        self.members
            .iter()
            .filter(|(name, _value)| !known.contains(&name.as_str()))
            .map(|(name, _value)| self.path_of(name))
            .collect()
    }

    /// Returns whether the member is present.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Returns case 01 for this member.
    pub(crate) fn format(&self, name: &str) -> FieldError {
        FieldError::Format(self.path_of(name))
    }

    /// Returns case 02 for this member.
    pub(crate) fn missing(&self, name: &str) -> FieldError {
        FieldError::Missing(self.path_of(name))
    }

    fn find(&self, name: &str) -> Option<&'a Json> {
        self.members
            .iter()
            .find(|(known, _value)| known == name)
            .map(|(_known, value)| value)
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}

/// Returns whether the text is like `12345.00`: no leading zero, two decimals.
fn is_money(text: &str) -> bool {
    text.split_once('.').is_some_and(|(whole, decimals)| {
        is_digits(whole, 1, 16)
            && is_digits(decimals, 2, 2)
            && (whole == "0" || !whole.starts_with('0'))
    })
}

/// Returns whether the text is only digits, from `min` to `max` of them.
pub(crate) fn is_digits(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether the text is a merchant reference: 1 to 64 of `[A-Za-z0-9-]`.
pub(crate) fn is_reference(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Returns whether the text is printable and has at most `max` characters.
pub(crate) fn is_text(text: &str, max: usize) -> bool {
    text.chars().count() <= max && !text.chars().any(char::is_control)
}

/// Returns whether the text has the form something@something.
pub(crate) fn is_email(text: &str) -> bool {
    is_text(text, 255)
        && text.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(' ')
        })
}
