//! The problems of the settings, for the person who has to correct them.

use std::fmt;

/// One variable and its problem. Never contains the variable's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    variable: String,
    text: String,
}

impl Problem {
    pub(crate) fn new(variable: &str, text: String) -> Self {
        Self {
            variable: variable.to_owned(),
            text,
        }
    }

    /// Returns the variable's name.
    pub fn variable(&self) -> &str {
        &self.variable
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.text)
    }
}

/// Every problem found in the settings, in the order of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self(problems)
    }

    /// Returns whether there are no problems.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the problems one by one.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// Returns whether one of the problems is about this variable.
    pub fn names(&self, variable: &str) -> bool {
        self.0.iter().any(|problem| problem.variable == variable)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "a setting is not right: {one}"),
            many => {
                write!(f, "{} settings are not right:", many.len())?;
                many.iter().try_for_each(|one| write!(f, "\n  {one}"))
            }
        }
    }
}

impl std::error::Error for Problems {}
