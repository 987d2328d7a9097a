//! The arguments and settings that the commands about signatures read; the readings of what is signed are in
//! `signature-readings`. The commands `sign` and `verify` and the live check call it.
//! Invariant: a key is read, and never shown.

mod difference;
mod keys;
mod kind_name;
mod stored_headers;

use settings::Env;
pub(crate) use signature_readings::{BodyForms, Found, Keys, Kind, Parts, explain};

pub(crate) use difference::{caret, first_difference};
pub(crate) use keys::{KeySource, read_keys, signing_key};
pub(crate) use kind_name::KindName;
pub(crate) use stored_headers::headers_of;

/// Returns the origins that the settings name: the provider's, and ours toward it.
pub(crate) fn known_origins() -> Vec<String> {
    let env = Env::from_process();
    let reader = env.reader();
    ["AYOLINX_BASE_URL", "CALLBACK_PUBLIC_URL"]
        .into_iter()
        .filter_map(|name| reader.optional(name))
        .collect()
}
