//! Has events sent again: one, or those of a merchant in a range. The worker sends them.

use ayolinx_core::ids::EventId;
use ayolinx_core::order_view::jakarta_millis;
use ledger::{
    LedgerError, REDELIVERY_DAYS_MAX, REDELIVERY_EVENTS_MAX, RangeBegun, RedeliveryRange, Source,
    Urgency,
};
use serde_json::json;

use super::keys::or_no_merchant;
use crate::cli::{Events, Redeliver};
use crate::connect;
use crate::failure::Failure;
use crate::output::Output;

pub(crate) async fn run(what: Events) -> Result<Output, Failure> {
    match what {
        Events::Redeliver(asked) => match asked.event {
            Some(event) => one(event).await,
            None => range(asked).await,
        },
    }
}

async fn one(event: EventId) -> Result<Output, Failure> {
    let settings = connect::settings()?;
    let deliveries = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(move |tx| {
            let merchant = tx.event_owner(event)?;
            tx.redeliver(merchant, event, Source::Operator)
        })
        .await
        .map_err(|error| match error {
            LedgerError::NotFound => Failure::new(format!("there is no event {event}")),
            other => other.into(),
        })?;
    Ok(Output::new(
        format!("{event} is due now at {deliveries} endpoints; the worker sends it"),
        json!({"event_id": event, "deliveries": deliveries}),
    ))
}

async fn range(asked: Redeliver) -> Result<Output, Failure> {
    let (Some(merchant), Some(from), Some(to)) = (asked.merchant, asked.from, asked.to) else {
        return Err(Failure::usage(
            "name an event, or a range by --merchant, --from and --to",
        ));
    };
    let range = RedeliveryRange {
        from,
        to,
        event_type: asked.event_type,
    };
    let settings = connect::settings()?;
    let begun = connect::books(&settings)?
        .at(Urgency::Write)
        .transact(move |tx| {
            tx.merchant_exists(merchant)?;
            tx.begin_redelivery(merchant, &range, Source::Operator)
        })
        .await
        .map_err(|error| or_no_merchant(error, merchant))?;
    match begun {
        RangeBegun::Accepted(events) => Ok(Output::new(
            format!("{events} events are being made due; the worker sends them"),
            json!({
                "merchant_id": merchant,
                "from": jakarta_millis(from),
                "to": jakarta_millis(to),
                "type": asked.event_type.map(|known| known.as_str()),
                "events": events,
            }),
        )),
        RangeBegun::OneIsRunning => Err(Failure::new(
            "a range of this merchant is being made due already; try again when the worker is done \
             with it",
        )),
        RangeBegun::BadRange => Err(Failure::usage(format!(
            "--to must be after --from, by at most {REDELIVERY_DAYS_MAX} days"
        ))),
        RangeBegun::TooMany => Err(Failure::new(format!(
            "there are more than {REDELIVERY_EVENTS_MAX} events in it; ask for a shorter range"
        ))),
    }
}
