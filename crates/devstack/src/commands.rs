//! The commands of the program: `run`, `demo`, `stack` and `with-services`. The program calls them; they call every
//! other room, and nothing calls them.

pub(crate) mod demo;
pub(crate) mod run;
pub(crate) mod stack_command;
pub(crate) mod with_services;
