//! Documents and rules: what is written is so, every link, example and named test is there, and the sources keep to
//! the rules of the repository.

mod docs_links;
mod docs_run;
mod documents_are_served;
mod examples_are_true;
mod examples_work;
mod rooms;
mod threats_are_met;
pub(crate) mod tidy;
pub(crate) mod traps_are_held;
