//! Errors: whatever words one contains, it leaves as one problem in JSON (RFC 9457) with the code's
//! own status.

use actix_web::body::MessageBody;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, ResponseError};
use gateway_api::error::{ApiError, ErrorCode, FieldCode, FieldError, ProviderAnswer};

use crate::reading::{Tree, read};

/// Runs one input: the first byte chooses the code; the rest is cut into words.
pub(crate) fn run(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    let mut words = text.split('|').map(str::to_owned);
    let mut word = || words.next().unwrap_or_default();
    let codes = ErrorCode::ALL;
    let code = usize::from(*choice)
        .checked_rem(codes.len())
        .and_then(|at| codes.get(at))
        .copied()
        .unwrap_or(ErrorCode::InternalError);
    let detail = word();
    holds(
        &ApiError::new(code, detail.clone()).with_order(word()),
        Some(&detail),
    );
    holds(&ApiError::malformed_request(word()), None);
    let field = FieldError::new(word(), FieldCode::InvalidFormat, word());
    holds(
        &ApiError::validation_failed(vec![field.clone(), field]),
        None,
    );
    let answer = ProviderAnswer {
        code: word(),
        message: word(),
    };
    holds(&ApiError::provider_rejected(word(), answer), None);
    let inner = "what only the log may hold";
    let reply = holds(&ApiError::internal(inner.to_owned()), None);
    assert!(!reply.contains(inner), "{reply}");
}

/// Renders the error and checks the reply against the promise; returns its body.
pub(crate) fn holds(error: &ApiError, detail: Option<&str>) -> String {
    let reply: HttpResponse = error.error_response();
    let status = reply.status();
    assert!(status.is_client_error() || status.is_server_error());
    let kind = reply
        .headers()
        .get(CONTENT_TYPE)
        .map(|kind| kind.as_bytes());
    assert_eq!(kind, Some(b"application/problem+json".as_slice()));
    let Ok(bytes) = reply.into_body().try_into_bytes() else {
        panic!("a problem's body is there at once");
    };
    let Some(tree) = read(&bytes) else {
        panic!("a problem is no JSON: {bytes:?}");
    };
    assert!(tree.is_sound(), "{tree:?}");
    let text = |name: &str| tree.at(name).and_then(Tree::scalar);
    let code = error.code().as_str();
    assert_eq!(text("status"), Some(status.as_u16().to_string()));
    assert_eq!(text("code").as_deref(), Some(code));
    assert_eq!(text("type"), Some(format!("/docs/errors#{code}")));
    assert!(text("title").is_some());
    if let Some(detail) = detail {
        let whole = Tree::Text(Some(detail.to_owned()));
        assert_eq!(tree.at("detail"), Some(&whole));
    }
    for error in error.field_errors() {
        assert!(tree.at("errors").is_some(), "{error:?}");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
