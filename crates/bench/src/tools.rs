//! Tools: options, figures and their table rows, HTTP for a load, errors. Every other room stands on them; they know
//! nothing of the gateway. Invariant: figures are whole numbers.

pub(crate) mod errors;
pub(crate) mod figures;
pub(crate) mod http;
pub(crate) mod options;
