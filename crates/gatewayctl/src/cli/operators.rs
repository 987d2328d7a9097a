//! What can be typed about operators of the console.

use clap::{Args, Subcommand};
use ledger::Role;

#[derive(Debug, Subcommand)]
pub(crate) enum Operators {
    /// Add an operator. On a terminal the password is asked for; without one, it is made and shown this
    /// once. One that is disabled is there again, with the new password.
    Add(AddOperator),
    /// All operators, oldest first.
    List,
    /// Disable an operator; every session of theirs ends at once.
    Disable {
        /// What one signs in with.
        email: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddOperator {
    /// What one signs in with.
    #[arg(long)]
    pub(crate) email: String,
    /// For people.
    #[arg(long)]
    pub(crate) name: String,
    /// viewer looks, operator acts too.
    #[arg(long, default_value_t = Role::Viewer)]
    pub(crate) role: Role,
    /// Read the password from the first line of stdin.
    #[arg(long, conflicts_with = "make_password")]
    pub(crate) password_stdin: bool,
    /// Make a password and show it this once, on a terminal too.
    #[arg(long)]
    pub(crate) make_password: bool,
}
