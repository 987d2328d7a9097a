//! The ledger over one connection, made when it is first asked for. A pool that still connects in a
//! thread of its own while the process ends takes the process down: what libpq uses (OpenSSL,
//! Kerberos) is cleaned up while that thread uses it.

use std::sync::Arc;
use std::time::Duration;

use ayolinx_core::method::Method;
use ayolinx_core::order_view::Links;
use ayolinx_core::schedule::Schedule;
use ayolinx_core::sealing::Keyring;
use chrono::TimeDelta;
use ledger::{Context, Ledger, LedgerSettings, Plans};
use settings::{DatabaseSettings, Shared};

const CONNECTIONS_MAX: u32 = 1;
const WAITING_MAX: usize = 64;

/// Opens the ledger of the settings' database, with a deadline of this length.
pub(crate) fn ledger_of(
    database: &DatabaseSettings,
    deadline: Duration,
    shared: &Shared,
    keyring: Arc<Keyring>,
    checkout_origin: &str,
) -> Ledger {
    let settings = LedgerSettings {
        database_url: database.url.expose().to_owned(),
        connections_max: CONNECTIONS_MAX,
        waiting_max: WAITING_MAX,
        deadline,
    };
    let context = Context {
        links: Links {
            checkout_origin: checkout_origin.to_owned(),
        },
        keyring,
        plans: plans(shared),
        channels: Arc::new(shared.channels.clone()),
    };
    Ledger::new(&settings, context)
}

/// Returns the services' plans: a cancel or an answer of the provider may make work due.
fn plans(shared: &Shared) -> Plans {
    let timings = &shared.timings;
    let delta = |duration| TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX);
    let inquiry = |method| -> Schedule {
        let schedule = timings.inquiry.of(method);
        schedule.unwrap_or(&timings.resolve).clone()
    };
    Plans {
        lease: delta(timings.lease),
        expiry_grace: delta(timings.expiry_grace),
        resolve: timings.resolve.clone(),
        inquiry: inquiry(Method::Qris),
        inquiry_slow: inquiry(Method::VirtualAccount),
    }
}
