//! The faults of a body, collected so that one reply names all of them.

use super::error::{ApiError, ErrorCode, FieldCode, FieldError};

/// The most errors that are listed: a body of nothing but wrong names must not become a reply of a megabyte.
const LISTED_MAX: usize = 100;

/// The faults found so far: of the body by itself, or as things are now.
#[derive(Debug, Default)]
pub struct FieldErrors {
    errors: Vec<FieldError>,
    unavailable: Option<String>,
    is_misshapen: bool,
}

/// The judgement of a body of the right shape by the clock, the channel table and the order now. The same body
/// may have been right before, and its first reply is returned again all the same (contract 4.1).
pub type Judged<T> = Result<T, ApiError>;

impl FieldErrors {
    /// Records that `field` breaks the rule `code`, whenever it is sent. Of several reasons for one field the
    /// first is kept.
    pub fn add(&mut self, field: impl Into<String>, code: FieldCode, message: impl Into<String>) {
        self.is_misshapen = true;
        self.judge(field, code, message);
    }

    /// Records that `field` breaks the rule `code` as things are now: the clock, the channel table or the order
    /// decides it.
    pub fn judge(&mut self, field: impl Into<String>, code: FieldCode, message: impl Into<String>) {
        let field = field.into();
        let known = self.errors.iter().any(|error| error.field == field);
        if !known && self.errors.len() < LISTED_MAX {
            self.errors.push(FieldError::new(field, code, message));
        }
    }

    /// Records that the channel exists but is switched off.
    pub fn channel_unavailable(&mut self, channel: &str) {
        self.unavailable.get_or_insert_with(|| channel.to_owned());
    }

    /// Returns whether there is no fault.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty() && self.unavailable.is_none()
    }

    /// Returns `value` when there is no fault.
    ///
    /// # Errors
    /// 422 `validation_failed` naming every field, else 422 `channel_unavailable`.
    pub fn into_result<T>(self, value: T) -> Result<T, ApiError> {
        if !self.errors.is_empty() {
            return Err(ApiError::validation_failed(self.errors));
        }
        match self.unavailable {
            None => Ok(value),
            Some(channel) => Err(ApiError::new(
                ErrorCode::ChannelUnavailable,
                format!("{channel} is switched off here"),
            )),
        }
    }

    /// Returns the judgement of a body whose shape is right; `value` is present when there is no fault.
    ///
    /// # Errors
    /// 422 `validation_failed` naming every field, when the shape is not right.
    pub fn into_judged<T>(self, value: Option<T>) -> Result<Judged<T>, ApiError> {
        let is_misshapen = self.is_misshapen;
        let judged = match value {
            Some(value) => self.into_result(value),
            None => Err(self.into_error()),
        };
        match judged {
            Err(error) if is_misshapen => Err(error),
            judged => Ok(judged),
        }
    }

    /// Returns the error, when a value could not be built although nothing was recorded: a bug of ours.
    #[must_use]
    pub(crate) fn into_error(self) -> ApiError {
        match self.into_result(()) {
            Err(error) => error,
            Ok(()) => ApiError::internal("a body was refused without a reason"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_before_the_channel_and_the_list_is_bound() {
        let mut errors = FieldErrors::default();
        errors.channel_unavailable("X");
        assert!(!errors.is_empty());
        (0..1000).for_each(|n| errors.add(format!("f{n}"), FieldCode::UnknownField, ""));
        let error = errors.into_result(()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ValidationFailed);
        assert_eq!(error.field_errors().len(), LISTED_MAX);

        let mut errors = FieldErrors::default();
        errors.channel_unavailable("X");
        let error = errors.into_result(()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::ChannelUnavailable);
    }
}
