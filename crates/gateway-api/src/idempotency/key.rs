//! The identity of a request: the `Idempotency-Key` header and a fingerprint. Looking the key up and
//! keeping replies is the use-cases' and the ledger's work.

use std::fmt;

use actix_web::HttpRequest;
use sha2::{Digest, Sha256};

use crate::http::error::ApiError;
use crate::http::json::JsonTree;

const KEY_LENGTH_MAX: usize = 255;

/// A shop's own name for one request: 1–255 visible ASCII characters (contract 4.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the key of a request, if it has one.
    ///
    /// # Errors
    /// 400 `malformed_request` when the header is empty, too long, not visible ASCII or sent twice.
    pub fn of(request: &HttpRequest) -> Result<Option<Self>, ApiError> {
        let mut values = request.headers().get_all("idempotency-key");
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let bytes = value.as_bytes();
        let fits = (1..=KEY_LENGTH_MAX).contains(&bytes.len());
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        if values.next().is_some() || !fits || !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(ApiError::malformed_request(
                "Idempotency-Key must be one header of 1 to 255 visible ASCII characters",
            ));
        }
        Ok(Some(Self(text.to_owned())))
    }

    /// Returns the key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA-256 over HTTP method, path and body, blind to member order and white space only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Computes the fingerprint of a request; `path` as it was called, without the query.
    #[must_use]
    pub fn of(method: &str, path: &str, body: &JsonTree) -> Self {
        let mut hash = Sha256::new();
        text(&mut hash, b'm', method);
        text(&mut hash, b'p', path);
        tree(&mut hash, body);
        Self(hash.finalize().into())
    }

    /// Returns its 32 bytes, as the ledger keeps them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// Hashes a value. Each starts with a tag and its length, so that no two trees feed the same bytes.
fn tree(hash: &mut Sha256, value: &JsonTree) {
    match value {
        JsonTree::Null => hash.update(b"n"),
        JsonTree::Bool(true) => hash.update(b"t"),
        JsonTree::Bool(false) => hash.update(b"f"),
        JsonTree::Number(digits) => text(hash, b'#', digits),
        JsonTree::String(string) => text(hash, b'"', string),
        JsonTree::Array(items) => {
            length(hash, b'[', items.len());
            items.iter().for_each(|item| tree(hash, item));
        }
        JsonTree::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(left, _), (right, _)| left.cmp(right));
            length(hash, b'{', sorted.len());
            for (name, member) in sorted {
                text(hash, b'k', name);
                tree(hash, member);
            }
        }
    }
}

fn text(hash: &mut Sha256, tag: u8, text: &str) {
    length(hash, tag, text.len());
    hash.update(text.as_bytes());
}

fn length(hash: &mut Sha256, tag: u8, length: usize) {
    hash.update([tag]);
    hash.update(u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn print(body: &str) -> Fingerprint {
        let body = JsonTree::parse_object(body.as_bytes()).unwrap();
        Fingerprint::of("POST", "/v1/orders", &body)
    }

    #[test]
    fn order_white_space_and_escapes_do_not_count() {
        assert_eq!(
            print(r#"{"a":{"x":1,"y":[1,2]},"b":"A/é"}"#),
            print("{ \"b\":\"\\u0041\\/\\u00e9\",\n\"a\":{\"y\":[1, 2],\"x\":1}}")
        );
    }

    #[test]
    fn everything_else_counts() {
        let bodies = [
            "{}",
            r#"{"a":null}"#,
            r#"{"a":1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":"1"}"#,
            r#"{"a":[1]}"#,
            r#"{"a":[1,2]}"#,
            r#"{"a":[2,1]}"#,
            r#"{"a":[[1],2]}"#,
            r#"{"a":{"1":2}}"#,
            r#"{"a":true}"#,
            r#"{"a":false}"#,
            r#"{"a":"","b":""}"#,
            r#"{"a":"b"}"#,
            r#"{"ab":""}"#,
        ];
        let prints: std::collections::HashSet<_> = bodies.iter().map(|body| print(body)).collect();
        assert_eq!(prints.len(), bodies.len());
    }

    #[test]
    fn method_and_path_count() {
        let body = JsonTree::Object(Vec::new());
        let one = Fingerprint::of("POST", "/v1/orders", &body);
        assert_ne!(one, Fingerprint::of("POST", "/v1/orders/", &body));
        assert_ne!(one, Fingerprint::of("PUT", "/v1/orders", &body));
    }

    #[test]
    fn a_key_is_visible_ascii() {
        let key = |value: &str| {
            let request = TestRequest::default().insert_header(("idempotency-key", value));
            IdempotencyKey::of(&request.to_http_request())
        };
        let long = "k".repeat(255);
        for good in ["a", "!~", "3f0c-1", long.as_str()] {
            assert_eq!(key(good).unwrap().unwrap().as_str(), good);
        }
        let longer = "k".repeat(256);
        for bad in ["", " ", "a b", "é", longer.as_str()] {
            assert!(key(bad).is_err(), "{bad}");
        }
        let none = TestRequest::default().to_http_request();
        assert_eq!(IdempotencyKey::of(&none).unwrap(), None);
    }
}
