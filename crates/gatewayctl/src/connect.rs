//! Connections: from the environment to the settings, the ledger and the provider. Every command that needs one of them
//! calls it; it calls `payment-flows`, as the services do. Invariant: what a command does, it does with their settings.

pub(crate) mod single_connection;

use std::time::Duration;

use ayolinx_client::AyolinxClient;
use ledger::Ledger;
use payment_flows::{FlowChoices, FlowParts, Flows, SendNotificationUrl, keyring_of};
use settings::{CtlSettings, Env};

use self::single_connection::ledger_of;
use crate::failure::Failure;
use crate::terminal::say;

/// Deadline of statements that may rightly take long: an operator waits longer than a shop.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);
/// Maximum number of provider calls under way: a tool asks about one payment after the other.
const PROVIDER_CALLS_MAX: usize = 64;
const ORIGIN_NOBODY_CALLS: &str = "http://127.0.0.1";

/// Reads the settings; what is allowed but should be known is reported on stderr.
pub(crate) fn settings() -> Result<CtlSettings, Failure> {
    let settings = CtlSettings::from_env(&Env::from_process())?;
    for warning in settings.warnings.iter() {
        say(&format!("warning: {warning}"));
    }
    Ok(settings)
}

/// Opens the ledger, with the deadline of a request.
pub(crate) fn books(settings: &CtlSettings) -> Result<Ledger, Failure> {
    open(settings, settings.database()?.deadline)
}

/// Opens the ledger, for statements that read all of it.
pub(crate) fn patient_books(settings: &CtlSettings) -> Result<Ledger, Failure> {
    open(settings, PATIENCE)
}

fn open(settings: &CtlSettings, deadline: Duration) -> Result<Ledger, Failure> {
    let keyring = keyring_of(settings.encryption_keys()?)?;
    let checkout = settings.checkout_public_url()?;
    let (database, shared) = (settings.database()?, &settings.shared);
    Ok(ledger_of(
        database,
        deadline,
        shared,
        keyring,
        checkout.as_str(),
    ))
}

/// Creates the flows that ask the provider about payments of this ledger. They open none, so no callback address
/// is needed.
pub(crate) fn flows(settings: &CtlSettings, ledger: Ledger) -> Result<Flows, Failure> {
    Ok(parts(settings, ledger)?.flows()?)
}

/// Creates a client that only asks the provider.
pub(crate) fn client(settings: &CtlSettings, ledger: Ledger) -> Result<AyolinxClient, Failure> {
    Ok(parts(settings, ledger)?.client()?)
}

fn parts(settings: &CtlSettings, ledger: Ledger) -> Result<FlowParts, Failure> {
    let choices = FlowChoices {
        send_notification_url: SendNotificationUrl::Required,
        callback_origin: ORIGIN_NOBODY_CALLS.to_owned(),
        redis_url: settings.redis_url.clone(),
        provider_calls_max: PROVIDER_CALLS_MAX,
    };
    Ok(FlowParts::new(
        ledger,
        settings.provider()?,
        &settings.shared,
        choices,
        &prometheus::Registry::new(),
    )?)
}
