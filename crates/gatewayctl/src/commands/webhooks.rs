//! Adds webhook endpoints; the same rules hold as in the API.

use ayolinx_core::event::EventType;
use ayolinx_core::ids::EndpointId;
use ayolinx_core::secret::Secret;
use ledger::{NewEndpoint, Urgency};
use serde_json::json;
use uuid::Uuid;
use webhooks::WebhookSecret;

use super::keys::{or_no_merchant, random};
use crate::cli::{AddWebhook, Webhooks};
use crate::connect;
use crate::failure::Failure;
use crate::output::{Output, fields};

pub(crate) async fn run(what: Webhooks) -> Result<Output, Failure> {
    match what {
        Webhooks::Add(new) => add(new).await,
    }
}

async fn add(new: AddWebhook) -> Result<Output, Failure> {
    let event_types = known_types(new.events)?;
    let settings = connect::settings()?;
    let guard = &settings.shared.webhooks.guard;
    let url = guard
        .check_at_registration(&new.url)
        .await
        .map_err(|refused| not_allowed(&refused.to_string()))?;
    let secret = WebhookSecret::generate(random()?).reveal();
    let merchant_id = new.merchant;
    let endpoint = NewEndpoint {
        id: EndpointId::from_uuid(Uuid::now_v7()),
        merchant_id,
        url: url.as_str().to_owned(),
        event_types: event_types.clone(),
        secret: Secret::new(secret.as_str()),
    };
    let id = endpoint.id;
    connect::books(&settings)?
        .at(Urgency::Write)
        .transact(move |tx| {
            tx.merchant_exists(merchant_id)?;
            tx.add_endpoint(&endpoint)
        })
        .await
        .map_err(|error| or_no_merchant(error, merchant_id))?;
    let human = fields(&[
        ("id", id.to_string()),
        ("url", url.as_str().to_owned()),
        ("secret", secret.as_str().to_owned()),
    ]);
    let json = json!({
        "id": id,
        "url": url.as_str(),
        "event_types": event_types,
        "secret": secret.as_str(),
    });
    Ok(Output::new(human, json))
}

fn not_allowed(refused: &str) -> Failure {
    Failure::new(format!(
        "the URL {refused}\n  webhooks go to public https addresses on port 443 or 8443, or to what \
         WEBHOOK_ALLOWED_HOSTS and WEBHOOK_ALLOWED_NETWORKS name"
    ))
}

fn known_types(events: Vec<String>) -> Result<Option<Vec<String>>, Failure> {
    let names: Vec<&str> = EventType::ALL.iter().map(|known| known.as_str()).collect();
    if let Some(unknown) = events.iter().find(|event| !names.contains(&event.as_str())) {
        return Err(Failure::usage(format!(
            "there is no event type {unknown:?}; known are {}",
            names.join(", ")
        )));
    }
    Ok((!events.is_empty()).then_some(events))
}
