//! Explains why the signature of a refused SNAP callback does not hold (protocol 3), while its token is still at
//! hand: the token is kept nowhere, and without it nobody can try the signature later.

use std::sync::Arc;

use actix_web::web;
use signature_readings::{Keys, Kind, Parts, explain};

use crate::callbacks::store::CallbackStore;
use crate::callbacks::verify::{RejectedCallback, TokenDigest};

const TOKEN_NOT_OURS: &str = "; and its token is none of ours, or has expired";

/// Adds the explanation to the callback and removes its token. The token is looked up only for a signature that was
/// made with a key of the provider's, or with our secret: no forgery reaches the database by this.
pub(crate) async fn explained<S: CallbackStore>(
    store: &S,
    keys: Arc<Keys>,
    mut rejected: RejectedCallback,
) -> RejectedCallback {
    let Some(token) = rejected.token.take() else {
        return rejected;
    };
    let digest = TokenDigest::of(token.expose());
    let Some(parts) = parts_of(&rejected, token) else {
        return rejected;
    };
    let Some(signature) = header(&rejected, "x-signature").map(str::to_owned) else {
        return rejected;
    };
    let tried = web::block(move || explain(&parts, &keys, &signature).map(|found| found.reasons()));
    let Ok(Some(mut text)) = tried.await else {
        return rejected;
    };
    if let Ok(false) = store.snap_token_is_valid(digest).await {
        text.push_str(TOKEN_NOT_OURS);
    }
    tracing::warn!(
        callback.path = rejected.path.label(),
        detail = text,
        "a refused callback is the provider's, signed otherwise than its rule says"
    );
    rejected.explanation = Some(text);
    rejected
}

fn parts_of(rejected: &RejectedCallback, token: ayolinx_core::secret::Secret) -> Option<Parts> {
    let host = header(rejected, "host").unwrap_or_default();
    Some(Parts {
        kind: Kind::SnapCallback,
        client_id: String::new(),
        path: rejected.path.as_str().to_owned(),
        origins: ["https", "http"]
            .map(|scheme| format!("{scheme}://{host}"))
            .into(),
        query: rejected.query.clone(),
        token,
        timestamp: header(rejected, "x-timestamp")?.to_owned(),
        body: rejected.body.to_vec(),
    })
}

fn header<'a>(rejected: &'a RejectedCallback, name: &str) -> Option<&'a str> {
    let mut headers = rejected.headers.iter();
    let found = headers.find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}
