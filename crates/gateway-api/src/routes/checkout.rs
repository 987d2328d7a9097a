//! `/pay/…`: the payer's pages. Without the link's token nothing about an order is told apart from
//! an order that does not exist.

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ayolinx_core::ids::OrderId;
use chrono::Utc;
use ledger::{CheckoutOrder, Claim, LedgerError};
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::pages::{
    CheckoutView, Language, Message, PageQuery, choices, html, picture_png, picture_svg,
    qr_png as draw_png, qr_svg as draw_svg, read_choice, render_checkout, render_message,
    status_json, token_matches,
};
use crate::params::OrderFacts;
use crate::state::Api;
use crate::usecases::add_payment::{AddPayment, add_payment};

/// What a visitor gets instead of an order.
struct Refused(Message);

struct Visit {
    query: PageQuery,
    language: Language,
}

impl Visit {
    fn of(request: &HttpRequest) -> Self {
        let query = PageQuery::parse(request.query_string());
        let accept = request
            .headers()
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        let language = query.language(accept);
        Self { query, language }
    }

    async fn order(&self, api: &Api, id: &str) -> Result<CheckoutOrder, Refused> {
        let id: OrderId = id.parse().map_err(|_| Refused(Message::NotFound))?;
        let found = api
            .ledger()
            .transact(move |tx| tx.checkout_order(id))
            .await
            .map_err(|error| {
                Refused(match error {
                    LedgerError::NotFound => Message::NotFound,
                    LedgerError::Conflict(_)
                    | LedgerError::Unavailable(_)
                    | LedgerError::Overloaded
                    | LedgerError::Corrupt(_) => Message::Unavailable,
                })
            })?;
        if token_matches(&found.order.checkout_token, self.query.token()) {
            Ok(found)
        } else {
            Err(Refused(Message::NotFound))
        }
    }

    fn refuse(&self, refused: &Refused) -> HttpResponse {
        let status = match refused.0 {
            Message::NotFound => StatusCode::NOT_FOUND,
            Message::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let mut reply = html(
            status,
            render_message(refused.0, self.language).unwrap_or_default(),
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = header::HeaderValue::from_static("2");
            reply.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        reply
    }
}

fn facts(found: &CheckoutOrder) -> OrderFacts<'_> {
    OrderFacts {
        amount: found.order.amount,
        customer: found.order.customer.as_ref(),
        return_url: found.order.return_url.as_deref(),
    }
}

fn view<'o>(api: &Api, found: &'o CheckoutOrder) -> CheckoutView<'o> {
    CheckoutView {
        shop: &found.shop,
        order: &found.order,
        choices: choices(api.channels(), facts(found)),
        now: Utc::now(),
    }
}

pub(super) async fn page(request: HttpRequest, id: Path<String>, api: Data<Api>) -> HttpResponse {
    let visit = Visit::of(&request);
    match visit.order(&api, &id).await {
        Ok(found) => match render_checkout(&view(&api, &found), visit.language) {
            Ok(page) => html(StatusCode::OK, page),
            Err(_impossible) => visit.refuse(&Refused(Message::Unavailable)),
        },
        Err(refused) => visit.refuse(&refused),
    }
}

pub(super) async fn qr_svg(request: HttpRequest, id: Path<String>, api: Data<Api>) -> HttpResponse {
    let visit = Visit::of(&request);
    let found = match visit.order(&api, &id).await {
        Ok(found) => found,
        Err(refused) => return visit.refuse(&refused),
    };
    match view(&api, &found).qr_text().map(draw_svg) {
        Some(Ok(svg)) => picture_svg(svg),
        Some(Err(_)) | None => visit.refuse(&Refused(Message::NotFound)),
    }
}

pub(super) async fn qr_png(request: HttpRequest, id: Path<String>, api: Data<Api>) -> HttpResponse {
    let visit = Visit::of(&request);
    let found = match visit.order(&api, &id).await {
        Ok(found) => found,
        Err(refused) => return visit.refuse(&refused),
    };
    let size = visit.query.size();
    let drawn = view(&api, &found)
        .qr_text()
        .map(|text| draw_png(text, size));
    match drawn {
        Some(Ok(png)) => picture_png(png),
        Some(Err(_)) | None => visit.refuse(&Refused(Message::NotFound)),
    }
}

pub(super) async fn status(request: HttpRequest, id: Path<String>, api: Data<Api>) -> HttpResponse {
    let visit = Visit::of(&request);
    match visit.order(&api, &id).await {
        Ok(found) => status_json(&view(&api, &found).status()),
        Err(refused) => visit.refuse(&refused),
    }
}

/// The payer chose a way to pay: open it and show the page again, whatever came of it.
pub(super) async fn choose(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> HttpResponse {
    let visit = Visit::of(&request);
    let found = match visit.order(&api, &id).await {
        Ok(found) => found,
        Err(refused) => return visit.refuse(&refused),
    };
    if let Err(error) = open(&api, &request, payload, &found).await {
        tracing::info!(order.id = %found.order.id, error = %error, "the payer's choice did not open");
    }
    let token = &found.order.checkout_token;
    HttpResponse::SeeOther()
        .insert_header((
            header::LOCATION,
            format!(
                "/pay/{}?t={token}&lang={}",
                found.order.id,
                visit.language.tag()
            ),
        ))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .finish()
}

async fn open(
    api: &Api,
    request: &HttpRequest,
    payload: Payload,
    found: &CheckoutOrder,
) -> Result<(), ApiError> {
    let choice = read_choice(request, payload, api.channels(), facts(found)).await?;
    let wanted = AddPayment {
        order_id: found.order.id,
        choice,
        order_expires_at: found.order.expires_at,
    };
    // Without a key: pressing the button twice finds the payment that is open already.
    let claim = Claim {
        endpoint: format!("POST /pay/{}/payments", found.order.id),
        key: None,
        fingerprint: Sha256::digest(found.order.id.to_string()).into(),
    };
    add_payment(api, found.merchant_id, wanted, claim, Utc::now()).await?;
    Ok(())
}

pub(super) async fn nowhere(request: HttpRequest) -> HttpResponse {
    Visit::of(&request).refuse(&Refused(Message::NotFound))
}
