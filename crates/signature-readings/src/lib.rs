//! Explains the provider's signatures (protocol 3): the exact string that is signed, the key that
//! signs it, and the known confusion that explains a signature that does not hold. Pure; for the
//! operator's tool, and for the worker, which alone still holds the token of a callback that it
//! refuses.

mod body_forms;
mod keys;
mod kind;
mod readings;
mod search;
mod written;

pub use body_forms::BodyForms;
pub use keys::{Keys, Named};
pub use kind::{Kind, Parts};
pub use readings::Difference;
pub use search::{Found, explain};
