//! Tests every error as a caller gets it: status, code, headers and body.

use actix_web::ResponseError;
use actix_web::body::to_bytes;
use actix_web::http::header;

use super::*;

fn example(code: ErrorCode) -> ApiError {
    match code {
        ErrorCode::ValidationFailed => ApiError::validation_failed(vec![
            FieldError::new(
                "amount.value",
                FieldCode::BelowMinimum,
                "at least 1000.00 for BNC_QRIS",
            ),
            FieldError::new("items[0].price", FieldCode::Required, "must be given"),
        ]),
        ErrorCode::ReferenceExists => {
            ApiError::reference_exists("ord_01934c5e7a107bbb8ccc0123456789ab")
        }
        ErrorCode::ProviderRejected => ApiError::provider_rejected(
            "ord_01934c5e7a107bbb8ccc0123456789ab",
            ProviderAnswer {
                code: "4034714".to_owned(),
                message: "Insufficient Funds".to_owned(),
            },
        ),
        other => ApiError::of(other),
    }
}

#[actix_web::test]
async fn the_problem_of_every_code() {
    let mut golden = String::new();
    for code in ErrorCode::ALL {
        let error = example(*code);
        let reply = render::respond(&error, Some("req-1"));
        golden.push_str(&format!("{} {}", reply.status().as_u16(), code.as_str()));
        for name in [
            header::CONTENT_TYPE,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
            header::CACHE_CONTROL,
        ] {
            if let Some(value) = reply.headers().get(&name) {
                golden.push_str(&format!("\n  {name}: {}", value.to_str().unwrap()));
            }
        }
        let body = to_bytes(reply.into_body()).await.unwrap();
        golden.push_str(&format!(
            "\n  {}\n",
            String::from_utf8(body.to_vec()).unwrap()
        ));
    }
    insta::assert_snapshot!("problems", golden);
}

#[test]
fn a_cause_is_kept_for_the_log_and_never_shown() {
    let error = ApiError::internal("diesel: relation orders does not exist");
    let body = serde_json::to_string(&error.problem(None)).unwrap();
    assert!(!body.contains("diesel"), "{body}");
    assert!(!error.to_string().contains("diesel"));
    assert_eq!(
        error.source().unwrap().to_string(),
        "diesel: relation orders does not exist"
    );
}

#[test]
fn a_retry_is_never_promised_for_at_once() {
    let error = ApiError::of(ErrorCode::RateLimited).retry_after_secs(0);
    let reply = error.error_response();
    assert_eq!(reply.headers().get(header::RETRY_AFTER).unwrap(), "1");
}

#[test]
fn the_count_of_fields_is_said_in_words() {
    let field = |name: &str| FieldError::new(name, FieldCode::Required, "must be given");
    let one = ApiError::validation_failed(vec![field("a")]);
    let two = ApiError::validation_failed(vec![field("a"), field("b")]);
    assert_eq!(one.detail(), "1 field is not right");
    assert_eq!(two.detail(), "2 fields are not right");
}
