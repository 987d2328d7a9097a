//! The provider's signatures under the magnifying glass (protocol 3): what exactly is signed, by
//! which key, and which known confusion explains a signature that does not hold.

mod body_forms;
mod difference;
mod keys;
mod kind;
mod readings;
mod search;
mod written;

pub(crate) use body_forms::BodyForms;
pub(crate) use difference::{caret, first_difference};
pub(crate) use keys::{KeySource, Keys, signing_key};
pub(crate) use kind::{Kind, Parts, known_origins};
pub(crate) use search::{Found, explain};
