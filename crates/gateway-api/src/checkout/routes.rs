//! `/pay/…`: the payer's pages. A link proves itself before its order is looked up; without its token
//! an existing order cannot be told from one that does not exist.

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ayolinx_core::ids::OrderId;
use chrono::Utc;
use ledger::{CheckoutOrder, Claim, LedgerError, Source, Urgency};
use sha2::{Digest, Sha256};

use super::choices::{choices, read_choice};
use super::events::{events as tell_events, no_events};
use super::language::Language;
use super::page::{CheckoutView, Message, render_checkout, render_message};
use super::query::PageQuery;
use super::reply::{page as checkout_page, status_json};
use super::token::token_matches;
use crate::admission::checkout_links::Proof;
use crate::http::error::ApiError;
use crate::orders::add_payment::{AddPayment, add_payment};
use crate::orders::params::payment::OrderFacts;
use crate::pages::pictures::{PictureError, Shape};
use crate::pages::reply::{picture_png, picture_svg, see_other};
use crate::state::Api;

/// The message a visitor gets instead of an order.
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

    async fn order(&self, api: &Api, id: &str, urgency: Urgency) -> Result<CheckoutOrder, Refused> {
        let id: OrderId = id.parse().map_err(|_| Refused(Message::NotFound))?;
        let token = self.query.token().unwrap_or_default().to_owned();
        let (urgency, _turn) = match api.links.prove(id, &token, Utc::now()).await {
            Proof::Signed => (urgency, None),
            Proof::Unsigned(turn) => (Urgency::Public, Some(turn)),
            Proof::Wrong => return Err(Refused(Message::NotFound)),
            Proof::Later => return Err(Refused(Message::Unavailable)),
        };
        let place = api.visits.read(id).await;
        let _place = place.ok_or(Refused(Message::Unavailable))?;
        api.ledger()
            .at(urgency)
            .transact(move |tx| tx.checkout_order(id, |right| token_matches(right, Some(&token))))
            .await
            .map_err(|error| {
                Refused(match error {
                    LedgerError::NotFound => Message::NotFound,
                    LedgerError::Conflict(_)
                    | LedgerError::Unavailable(_)
                    | LedgerError::Overloaded
                    | LedgerError::Corrupt(_) => Message::Unavailable,
                })
            })
    }

    fn refuse(&self, refused: &Refused) -> HttpResponse {
        let status = match refused.0 {
            Message::NotFound => StatusCode::NOT_FOUND,
            Message::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let mut reply = checkout_page(
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

fn view<'o>(api: &'o Api, found: &'o CheckoutOrder) -> CheckoutView<'o> {
    CheckoutView {
        shop: &found.shop,
        order: &found.order,
        payer_chooses: found.payer_chooses,
        choices: choices(api.channels(), facts(found)),
        channels: api.channels(),
        was_refused: false,
        now: Utc::now(),
    }
}

pub(crate) async fn page(request: HttpRequest, id: Path<String>, api: Data<Api>) -> HttpResponse {
    let visit = Visit::of(&request);
    match visit.order(&api, &id, Urgency::Public).await {
        Ok(found) => {
            let mut view = view(&api, &found);
            view.was_refused = visit.query.was_refused();
            match render_checkout(&view, visit.language) {
                Ok(page) => checkout_page(StatusCode::OK, page),
                Err(_impossible) => visit.refuse(&Refused(Message::Unavailable)),
            }
        }
        Err(refused) => visit.refuse(&refused),
    }
}

pub(crate) async fn qr_svg(request: HttpRequest, id: Path<String>, api: Data<Api>) -> HttpResponse {
    let visit = Visit::of(&request);
    let found = match visit.order(&api, &id, Urgency::Public).await {
        Ok(found) => found,
        Err(refused) => return visit.refuse(&refused),
    };
    picture(&api, &visit, &found, Shape::Svg).await
}

pub(crate) async fn qr_png(request: HttpRequest, id: Path<String>, api: Data<Api>) -> HttpResponse {
    let visit = Visit::of(&request);
    let found = match visit.order(&api, &id, Urgency::Public).await {
        Ok(found) => found,
        Err(refused) => return visit.refuse(&refused),
    };
    picture(&api, &visit, &found, Shape::Png(visit.query.size())).await
}

async fn picture(api: &Api, visit: &Visit, found: &CheckoutOrder, shape: Shape) -> HttpResponse {
    let Some(text) = view(api, found).qr_text().map(str::to_owned) else {
        return visit.refuse(&Refused(Message::NotFound));
    };
    let whose = (found.merchant_id, found.order.id);
    match (api.pictures.of(whose, &text, shape).await, shape) {
        (Ok(svg), Shape::Svg) => picture_svg(svg),
        (Ok(png), Shape::Png(_)) => picture_png(png),
        (Err(PictureError::Qr(_)), _) => visit.refuse(&Refused(Message::NotFound)),
        (Err(PictureError::Busy | PictureError::Broken), _) => {
            visit.refuse(&Refused(Message::Unavailable))
        }
    }
}

pub(crate) async fn status(request: HttpRequest, id: Path<String>, api: Data<Api>) -> HttpResponse {
    let visit = Visit::of(&request);
    match visit.order(&api, &id, Urgency::Public).await {
        Ok(found) => status_json(&view(&api, &found).status()),
        Err(refused) => visit.refuse(&refused),
    }
}

/// Streams news of the order as they come; without a slot for it the page polls.
pub(crate) async fn events(request: HttpRequest, id: Path<String>, api: Data<Api>) -> HttpResponse {
    let visit = Visit::of(&request);
    match visit.order(&api, &id, Urgency::Public).await {
        Ok(found) => match api.watching.open_page(found.merchant_id, found.order.id) {
            Some(watch) => tell_events(watch, view(&api, &found).status()),
            None => no_events(),
        },
        Err(refused) => visit.refuse(&refused),
    }
}

/// Opens the payment that the payer chose and shows the page again, whatever the outcome.
pub(crate) async fn choose(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    api: Data<Api>,
) -> HttpResponse {
    let visit = Visit::of(&request);
    let found = match visit.order(&api, &id, Urgency::Payer).await {
        Ok(found) => found,
        Err(refused) => return visit.refuse(&refused),
    };
    let Some(_place) = api.visits.choose(found.order.id) else {
        return visit.refuse(&Refused(Message::Unavailable));
    };
    let opened = open(&api, &request, payload, &found).await;
    if let Err(error) = &opened {
        tracing::info!(order.id = %found.order.id, error = %error, "the payer's choice did not open");
    }
    let (id, token) = (found.order.id, &found.order.checkout_token);
    let lang = visit.language.tag();
    let is_open = opened.is_ok_and(|status| status < 400);
    let tail = if is_open { "" } else { "&refused=1" };
    see_other(&format!("/pay/{id}?t={token}&lang={lang}{tail}"))
}

/// Opens the chosen payment and returns the status that a shop would have got.
async fn open(
    api: &Api,
    request: &HttpRequest,
    payload: Payload,
    found: &CheckoutOrder,
) -> Result<u16, ApiError> {
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
        source: Source::Payer,
    };
    let reply = add_payment(api, found.merchant_id, wanted, claim, Utc::now()).await?;
    Ok(reply.status)
}

pub(crate) async fn nowhere(request: HttpRequest) -> HttpResponse {
    Visit::of(&request).refuse(&Refused(Message::NotFound))
}
