//! The settings of our programs: environment variables, read once at start into typed structs. Each
//! field's comment names its variable; the rules between variables are held here and nowhere else.

use std::collections::BTreeSet;

mod api;
mod ctl;
mod database;
mod keys;
mod listeners;
mod origin;
mod provider;
mod retention;
mod shared;
mod timings;
mod urls;
mod warnings;
mod webhook_rules;
mod worker;

pub use api::{ApiSettings, SendNotificationUrl};
pub use ctl::CtlSettings;
pub use database::DatabaseSettings;
pub use keys::{EncryptionKeys, Peppers};
pub use listeners::{ApiListeners, WorkerListeners};
pub use origin::Origin;
pub use provider::{ProviderPublicKeys, ProviderSettings};
pub use retention::Retention;
pub use service_shell::env::{Env, Problem, Problems};
pub use shared::Shared;
pub use timings::{InquirySchedules, Timings};
pub use urls::PublicUrls;
pub use warnings::Warnings;
pub use webhook_rules::WebhookRules;
pub use worker::WorkerSettings;

/// Returns the names of all variables that our programs read; a secret is named without its `_FILE`
/// form.
pub fn variables() -> BTreeSet<String> {
    let nothing = Env::from_pairs::<String, String>([]);
    let mut names = BTreeSet::new();
    let reader = nothing.reader();
    let api = ApiSettings::read(&reader);
    let worker = WorkerSettings::read(&reader);
    let ctl = CtlSettings::read(&reader, &nothing);
    debug_assert!(api.is_none() && worker.is_none() && ctl.is_some());
    names.extend(reader.asked());
    let all = names.clone();
    names.retain(|name| {
        let secret = name.strip_suffix("_FILE");
        secret.is_none_or(|secret| !all.contains(secret))
    });
    names
}
