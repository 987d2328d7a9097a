//! The query of `GET /v1/events` and the body of `POST /v1/events/redeliver` (contract 4.3).

use ayolinx_core::event::EventType;
use chrono::{DateTime, TimeDelta, Utc};
use ledger::{FeedPlace, REDELIVERY_DAYS_MAX, RedeliveryRange};

use crate::http::cursor::{EventCursor, LIMIT_DEFAULT, LIMIT_MAX};
use crate::http::error::{ApiError, FieldCode};
use crate::http::field_errors::FieldErrors;
use crate::http::fields::Fields;
use crate::http::formats::parse_time;
use crate::http::json::JsonTree;
use crate::http::query::Query;

pub(crate) const EVENT_PARAMETERS: &[&str] = &["type", "after", "limit"];
pub(crate) const REDELIVER_FIELDS: &[&str] = &["from", "to", "type"];

/// One page of the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListEvents {
    /// The type of the events.
    pub event_type: Option<EventType>,
    /// The cursor after which to read; default the beginning.
    pub after: EventCursor,
    /// The number of events, 1 to 200.
    pub limit: u16,
}

impl ListEvents {
    /// Reads a query string.
    ///
    /// # Errors
    /// 400 `malformed_request`.
    pub fn parse(query: &str) -> Result<Self, ApiError> {
        let query = Query::parse(query, EVENT_PARAMETERS)?;
        let after = query.text("after").map(EventCursor::decode).transpose()?;
        Ok(Self {
            event_type: query.read("type")?,
            after: after.unwrap_or(EventCursor(FeedPlace::START)),
            limit: query
                .number("limit", 1..=LIMIT_MAX)?
                .unwrap_or(LIMIT_DEFAULT),
        })
    }
}

/// Reads the range of `POST /v1/events/redeliver`.
///
/// # Errors
/// 422 `validation_failed`.
pub fn parse_redelivery(body: &JsonTree) -> Result<RedeliveryRange, ApiError> {
    let mut errors = FieldErrors::default();
    let fields = Fields::root(body, REDELIVER_FIELDS, &mut errors);
    let from = time(&fields, "from", &mut errors);
    let to = time(&fields, "to", &mut errors);
    let event_type = event_type(&fields, &mut errors);
    let (Some(from), Some(to)) = (from, to) else {
        return Err(errors.into_error());
    };
    let length = to.signed_duration_since(from);
    if to <= from {
        let message = "must be after `from`";
        errors.add(fields.path("to"), FieldCode::BelowMinimum, message);
    } else if length > TimeDelta::days(REDELIVERY_DAYS_MAX) {
        let message = format!("at most {REDELIVERY_DAYS_MAX} days after `from`");
        errors.add(fields.path("to"), FieldCode::AboveMaximum, message);
    }
    errors.into_result(RedeliveryRange {
        from,
        to,
        event_type,
    })
}

fn time(fields: &Fields<'_>, name: &str, errors: &mut FieldErrors) -> Option<DateTime<Utc>> {
    fields.require(name, errors);
    let text = fields.text(name, errors)?;
    let time = parse_time(text);
    if time.is_none() {
        let message = "must be an RFC 3339 time with an offset";
        errors.add(fields.path(name), FieldCode::InvalidFormat, message);
    }
    time
}

fn event_type(fields: &Fields<'_>, errors: &mut FieldErrors) -> Option<EventType> {
    let text = fields.text("type", errors)?;
    let known = text.parse().ok();
    if known.is_none() {
        errors.add(
            fields.path("type"),
            FieldCode::NotAllowed,
            "is no event type",
        );
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redeliver(body: &str) -> Result<RedeliveryRange, ApiError> {
        parse_redelivery(&JsonTree::parse_object(body.as_bytes()).unwrap())
    }

    #[test]
    fn the_feed_is_asked_strictly() {
        let list = ListEvents::parse("").unwrap();
        assert_eq!((list.event_type, list.limit), (None, 50));
        assert_eq!(list.after, EventCursor(FeedPlace::START));
        let typed = ListEvents::parse("type=order.paid&limit=200").unwrap();
        assert_eq!(typed.event_type, Some(EventType::OrderPaid));
        for bad in [
            "type=order",
            "type=",
            "after=",
            "after=x",
            "limit=0",
            "limit=201",
            "cursor=x",
            "type=order.paid&type=order.paid",
        ] {
            assert!(ListEvents::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_range_is_bounded() {
        let ok = r#"{"from":"2026-11-01T00:00:00+07:00","to":"2026-12-02T00:00:00+07:00"}"#;
        let range = redeliver(ok).unwrap();
        assert_eq!(range.event_type, None);
        for (body, field, code) in [
            ("{}", "from", "required"),
            (
                r#"{"from":"2026-11-01T00:00:00Z","to":"2026-12-02T00:00:01Z"}"#,
                "to",
                "above_maximum",
            ),
            (
                r#"{"from":"2026-11-01T00:00:00Z","to":"2026-11-01T07:00:00+07:00"}"#,
                "to",
                "below_minimum",
            ),
            (
                r#"{"from":"2026-11-01","to":"2026-11-02T00:00:00Z"}"#,
                "from",
                "invalid_format",
            ),
            (
                r#"{"from":"2026-11-01T00:00:00Z","to":"2026-11-02T00:00:00Z","type":"x"}"#,
                "type",
                "not_allowed",
            ),
            (
                r#"{"from":"2026-11-01T00:00:00Z","to":"2026-11-02T00:00:00Z","all":true}"#,
                "all",
                "unknown_field",
            ),
        ] {
            let error = redeliver(body).unwrap_err();
            let found = &error.field_errors()[0];
            assert_eq!((found.field.as_str(), found.code), (field, code), "{body}");
        }
    }
}
