//! The handler of the four callback paths: read, verify, store, and only then say success.

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};

use crate::callbacks::body;
use crate::callbacks::callback_path::CallbackPath;
use crate::callbacks::edge::CallbackEdge;
use crate::callbacks::received_path;
use crate::callbacks::replies::{self, Caller, ReplyShape};
use crate::callbacks::store::CallbackStore;
use crate::callbacks::verify::{
    Received, RejectedCallback, TokenDigest, Verdict, VerifiedCallback,
};

pub(super) async fn receive<S: CallbackStore>(
    path: CallbackPath,
    request: HttpRequest,
    payload: Payload,
    edge: Data<CallbackEdge<S>>,
    received_at: DateTime<Utc>,
) -> HttpResponse {
    let caller = match request.headers().contains_key(AUTHORIZATION) {
        true => Caller::WithToken,
        false => Caller::WithoutToken,
    };
    let body = match body::read(&request, payload).await {
        Ok(body) => body,
        Err(why) => {
            return edge.answer(
                path,
                why.label(),
                replies::callback_body_refused(caller, why),
            );
        }
    };
    let query = request.uri().query();
    let headers = request.headers();
    let received = Received {
        path,
        received_path: &received_path::of(&request),
        query,
        headers,
        body,
        received_at,
    };
    match edge.verifier.verify(&received) {
        Verdict::Verified(callback) => edge.store_and_answer(callback).await,
        Verdict::NeedsToken(callback, token) => edge.check_token(callback, token, query).await,
        Verdict::Rejected(rejected) => edge.reject(*rejected, replies::bad_signature(caller)),
    }
}

impl<S: CallbackStore> CallbackEdge<S> {
    async fn check_token(
        &self,
        callback: Box<VerifiedCallback>,
        token: TokenDigest,
        query: Option<&str>,
    ) -> HttpResponse {
        match self.store.snap_token_is_valid(token).await {
            Ok(true) => self.store_and_answer(callback).await,
            Ok(false) => self.reject(callback.into_rejected(query), replies::bad_token()),
            Err(_away) => {
                let reply = replies::storage_away(&ReplyShape::of(&callback));
                self.answer(callback.path, "storage_away", reply)
            }
        }
    }

    async fn store_and_answer(&self, callback: Box<VerifiedCallback>) -> HttpResponse {
        self.metrics.count_signature(&callback);
        let path = callback.path;
        let shape = ReplyShape::of(&callback);
        match self.store.receive(callback).await {
            Ok(reception) => self.answer(path, reception.label(), replies::received(shape)),
            Err(_away) => self.answer(path, "storage_away", replies::storage_away(&shape)),
        }
    }

    fn reject(&self, rejected: RejectedCallback, reply: HttpResponse) -> HttpResponse {
        let (path, reason) = (rejected.path, rejected.reason);
        self.keep_rejected(rejected);
        self.answer(path, reason.label(), reply)
    }

    fn answer(
        &self,
        path: CallbackPath,
        outcome: &'static str,
        reply: HttpResponse,
    ) -> HttpResponse {
        self.metrics.count_callback(path, outcome);
        tracing::info!(
            callback.path = path.label(),
            callback.outcome = outcome,
            http.response.status_code = reply.status().as_u16(),
            "callback answered"
        );
        reply
    }
}
