//! The pages that explain the API: `/docs` from the OpenAPI document, `/docs/errors` from the code table.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use serde_json::Value;

use super::calls::calls;
use super::openapi::document;
use crate::description::call::Call;
use crate::http::error::{ApiError, ErrorCode, FieldCode};
use crate::pages::reply::html;

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    groups: Vec<Group>,
}

/// Calls about one resource.
struct Group {
    name: String,
    calls: Vec<Shown>,
}

/// A call with its part of the document.
struct Shown {
    call: Call,
    scopes: String,
    parameters: Vec<Parameter>,
    /// An example of the request body.
    body: Option<String>,
    replies: Vec<Reply>,
}

struct Parameter {
    name: String,
    place: String,
    meaning: String,
    values: String,
}

struct Reply {
    status: String,
    meaning: String,
    examples: Vec<String>,
}

#[derive(Template)]
#[template(path = "docs_errors.html")]
struct ErrorsPage {
    codes: &'static [ErrorCode],
    field_codes: [FieldCode; 11],
}

/// Serves `GET /docs`.
///
/// # Errors
/// Never in practice: the template writes into memory.
pub async fn docs_page() -> Result<HttpResponse, ApiError> {
    static PAGE: LazyLock<Option<String>> = LazyLock::new(|| {
        let document = serde_json::to_value(document()).ok()?;
        let groups = groups(&document);
        DocsPage { groups }.render().ok()
    });
    let page = PAGE.clone();
    let page = page.ok_or_else(|| ApiError::internal("the page is not to be made"))?;
    Ok(html(StatusCode::OK, page))
}

/// Serves `GET /docs/errors`: a section per code, with the code as its id.
///
/// # Errors
/// Never in practice: the template writes into memory.
pub async fn errors_page() -> Result<HttpResponse, ApiError> {
    page(&ErrorsPage {
        codes: ErrorCode::ALL,
        field_codes: FieldCode::ALL,
    })
}

fn groups(document: &Value) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for call in calls() {
        let operation = document
            .get("paths")
            .and_then(|paths| paths.get(call.path)?.get(call.verb.to_lowercase()));
        let Some(operation) = operation else {
            continue;
        };
        let name = text(operation, "/tags/0");
        let shown = Shown::new(call, operation, document);
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.calls.push(shown),
            None => groups.push(Group {
                name,
                calls: vec![shown],
            }),
        }
    }
    groups
}

impl Shown {
    fn new(call: Call, operation: &Value, document: &Value) -> Self {
        let needs = list(operation, "/security").iter();
        let scopes: Vec<String> = needs.map(|need| text(need, "/api_key/0")).collect();
        let parameters = list(operation, "/parameters").iter();
        let body = operation.pointer("/requestBody/content/application~1json/example");
        let replies = operation.get("responses").and_then(Value::as_object);
        let replies = replies.into_iter().flatten();
        Self {
            call,
            scopes: scopes.join(" or "),
            parameters: parameters.map(Parameter::new).collect(),
            body: body.map(pretty),
            replies: replies
                .map(|(status, reply)| Reply::new(status, reply, document))
                .collect(),
        }
    }
}

impl Parameter {
    fn new(parameter: &Value) -> Self {
        let is_required = parameter.get("required").and_then(Value::as_bool);
        let required = match (text(parameter, "/in").as_str(), is_required) {
            ("query" | "header", Some(true)) => ", required",
            _ => "",
        };
        Self {
            name: text(parameter, "/name"),
            place: format!("{}{required}", text(parameter, "/in")),
            meaning: text(parameter, "/description"),
            values: values(parameter.get("schema").unwrap_or(&Value::Null)),
        }
    }
}

impl Reply {
    fn new(status: &str, reply: &Value, document: &Value) -> Self {
        let contents = reply.get("content").and_then(Value::as_object);
        let mut examples = Vec::new();
        for content in contents.into_iter().flatten().map(|(_, content)| content) {
            let named = content.get("examples").and_then(Value::as_object);
            let named = named.into_iter().flatten();
            let named = named.filter_map(|(name, _)| {
                let examples = document.pointer("/components/examples")?;
                examples.get(name)?.get("value")
            });
            examples.extend(content.get("example").into_iter().chain(named).map(pretty));
        }
        Self {
            status: status.to_owned(),
            meaning: text(reply, "/description"),
            examples,
        }
    }
}

/// Returns the allowed values of a parameter, in a few words.
fn values(schema: &Value) -> String {
    let listed = list(schema, "/enum").iter().filter_map(Value::as_str);
    let listed: Vec<&str> = listed.collect();
    let number = |name: &str| schema.get(name).map(Value::to_string);
    match (number("minimum"), number("maximum")) {
        _ if !listed.is_empty() => listed.join(", "),
        (Some(least), Some(most)) => format!("{least} to {most}"),
        _ => {
            let format = text(schema, "/format");
            let pattern = text(schema, "/pattern");
            if format.is_empty() { pattern } else { format }
        }
    }
}

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    let found = value.pointer(pointer).and_then(Value::as_array);
    found.map_or(&[], Vec::as_slice)
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Splits a text at its backticks: whether each part is code, and the part.
fn parts(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let parts = text.split('`').enumerate();
    parts.map(|(index, part)| (index % 2 == 1, part))
}

fn page(template: &impl Template) -> Result<HttpResponse, ApiError> {
    let page = template.render().map_err(ApiError::internal)?;
    Ok(html(StatusCode::OK, page))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;

    #[test]
    fn what_stands_between_backticks_is_code() {
        let found: Vec<_> = parts("Send `a` and b").collect();
        assert_eq!(found, [(false, "Send "), (true, "a"), (false, " and b")]);
    }

    #[actix_web::test]
    async fn every_code_has_its_section() {
        let reply = errors_page().await.unwrap();
        let page = String::from_utf8(to_bytes(reply.into_body()).await.unwrap().to_vec()).unwrap();
        for code in ErrorCode::ALL {
            assert!(
                page.contains(&format!("<section id=\"{}\">", code.as_str())),
                "{code:?}"
            );
        }
        for code in FieldCode::ALL {
            assert!(
                page.contains(&format!("id=\"field-{}\"", code.as_str())),
                "{code:?}"
            );
        }
        assert!(!page.contains("style=") && !page.contains("<script"));
    }

    #[actix_web::test]
    async fn the_overview_names_every_call_and_no_other_host() {
        let reply = docs_page().await.unwrap();
        let page = String::from_utf8(to_bytes(reply.into_body()).await.unwrap().to_vec()).unwrap();
        for call in calls() {
            let heading = format!("<h3 id=\"{}\">", call.id);
            assert!(page.contains(&heading), "{}", call.id);
            assert!(
                page.contains(&format!("<code>{}</code>", call.path)),
                "{}",
                call.path
            );
        }
        for shown in [
            "INV-2026-0001",
            "provider_rejected",
            "created_from",
            "1 to 200",
        ] {
            assert!(page.contains(shown), "{shown}");
        }
        assert!(!page.contains("style=") && !page.contains("<script"));
        assert!(!page.contains("src=\"http") && !page.contains("href=\"http"));
    }
}
