//! Ids in paths.

use std::str::FromStr;

use super::error::{ApiError, ErrorCode};

/// Reads an id out of a path; what does not parse cannot exist.
///
/// # Errors
/// 404 `not_found`.
pub fn path_id<T: FromStr>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| ApiError::of(ErrorCode::NotFound))
}
