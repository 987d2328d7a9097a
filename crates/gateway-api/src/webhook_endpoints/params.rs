//! The bodies of `POST /v1/webhook-endpoints` and `PATCH /v1/webhook-endpoints/{id}` (contract 4.3).
//! Whether a URL may be called is the webhook guard's decision, not taken here.

use ayolinx_core::event::EventType;

use crate::http::error::{ApiError, FieldCode};
use crate::http::field_errors::FieldErrors;
use crate::http::fields::{Fields, required, text_at};
use crate::http::json::JsonTree;

pub(crate) const FIELDS: &[&str] = &["url", "event_types", "enabled"];

const URL_CHARS_MAX: usize = 2048;

/// A new endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateEndpoint {
    /// The URL, not checked against the guard yet.
    pub url: String,
    /// The types of events; `None`: every type.
    pub event_types: Option<Vec<EventType>>,
    /// `true` when it is on; default on.
    pub enabled: bool,
}

impl CreateEndpoint {
    /// Reads a body.
    ///
    /// # Errors
    /// 422 `validation_failed`.
    pub fn parse(body: &JsonTree) -> Result<Self, ApiError> {
        let mut errors = FieldErrors::default();
        let fields = Fields::root(body, FIELDS, &mut errors);
        fields.require("url", &mut errors);
        let read = read(&fields, &mut errors);
        let Some(url) = read.url else {
            return Err(errors.into_error());
        };
        errors.into_result(Self {
            url,
            event_types: read.event_types.flatten(),
            enabled: read.enabled.unwrap_or(true),
        })
    }
}

/// A change of an endpoint; fields that are `None` stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeEndpoint {
    /// The URL, not checked against the guard yet.
    pub url: Option<String>,
    /// The types of events from now on; the inner `None`, written `null`, for every type.
    pub event_types: Option<Option<Vec<EventType>>>,
    /// `true` to turn it on, `false` to turn it off.
    pub enabled: Option<bool>,
}

impl ChangeEndpoint {
    /// Reads a body.
    ///
    /// # Errors
    /// 422 `validation_failed`.
    pub fn parse(body: &JsonTree) -> Result<Self, ApiError> {
        let mut errors = FieldErrors::default();
        let fields = Fields::root(body, FIELDS, &mut errors);
        let change = read(&fields, &mut errors);
        errors.into_result(change)
    }
}

fn read(fields: &Fields<'_>, errors: &mut FieldErrors) -> ChangeEndpoint {
    let url = fields.short_text("url", URL_CHARS_MAX, errors);
    if url.is_some_and(|url| url.is_empty() || url.contains(char::is_whitespace)) {
        let message = "must be an absolute URL";
        errors.add(fields.path("url"), FieldCode::InvalidFormat, message);
    }
    ChangeEndpoint {
        url: url.map(str::to_owned),
        event_types: read_event_types(fields, errors),
        enabled: fields.boolean("enabled", errors),
    }
}

fn read_event_types(
    fields: &Fields<'_>,
    errors: &mut FieldErrors,
) -> Option<Option<Vec<EventType>>> {
    let every_type =
        |(name, value): &(String, JsonTree)| name == "event_types" && *value == JsonTree::Null;
    if fields.members().iter().any(every_type) {
        return Some(None);
    }
    let values = fields.array("event_types", errors)?;
    if values.is_empty() {
        required(fields.path("event_types"), errors);
    }
    let mut types = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let path = fields.path(&format!("event_types[{index}]"));
        let Some(text) = text_at(value, path.clone(), errors) else {
            continue;
        };
        match text.parse() {
            Ok(known) if types.contains(&known) => {
                errors.add(path, FieldCode::NotAllowed, "stands twice");
            }
            Ok(known) => types.push(known),
            Err(_unknown) => errors.add(path, FieldCode::NotAllowed, "is no event type"),
        }
    }
    Some(Some(types))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(body: &str) -> Result<CreateEndpoint, ApiError> {
        CreateEndpoint::parse(&JsonTree::parse_object(body.as_bytes()).unwrap())
    }

    #[test]
    fn a_url_is_enough() {
        let endpoint = create(r#"{"url":"https://shop.example/hook"}"#).unwrap();
        assert_eq!(endpoint.url, "https://shop.example/hook");
        assert_eq!(endpoint.event_types, None);
        assert!(endpoint.enabled);
    }

    #[test]
    fn everything_wrong_is_named() {
        let error = create(
            r#"{"event_types":["order.paid","order.paid","x",1],"enabled":"yes","secret":"s"}"#,
        );
        let error = error.unwrap_err();
        let fields: Vec<_> = error
            .field_errors()
            .iter()
            .map(|error| (error.field.as_str(), error.code))
            .collect();
        assert_eq!(
            fields,
            [
                ("secret", "unknown_field"),
                ("url", "required"),
                ("event_types[1]", "not_allowed"),
                ("event_types[2]", "not_allowed"),
                ("event_types[3]", "wrong_type"),
                ("enabled", "wrong_type"),
            ]
        );
    }

    #[test]
    fn a_change_may_name_one_thing() {
        let change =
            |body: &str| ChangeEndpoint::parse(&JsonTree::parse_object(body.as_bytes()).unwrap());
        assert_eq!(change(r#"{"enabled":false}"#).unwrap().enabled, Some(false));
        assert_eq!(change("{}").unwrap().url, None);
        assert_eq!(change("{}").unwrap().event_types, None);
        let every_type = change(r#"{"event_types":null}"#).unwrap();
        assert_eq!(every_type.event_types, Some(None));
        assert!(change(r#"{"url":"a b"}"#).is_err());
        assert!(change(r#"{"event_types":[]}"#).is_err());
    }
}
