//! What can be typed.

use ayolinx_core::ids::MerchantId;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// The operator's tool of the payment gateway.
///
/// Settings come from the environment, as those of the services do. Exit codes: 0 done, 1 failed or
/// a problem was found, 2 not understood.
#[derive(Debug, Parser)]
#[command(name = "gatewayctl", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// Print JSON for programs instead of tables for people.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring the database's schema up to this program's.
    Migrate,
    /// Merchants: the shops.
    #[command(subcommand)]
    Merchants(Merchants),
    /// API keys of a merchant.
    #[command(subcommand)]
    Keys(Keys),
    /// Webhook endpoints of a merchant.
    #[command(subcommand)]
    Webhooks(Webhooks),
    /// Print the completion script of a shell.
    Completions { shell: clap_complete::Shell },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Merchants {
    /// Add a merchant with a key of all scopes. The key is shown this once.
    Create {
        /// The shop's name.
        #[arg(long)]
        name: String,
    },
    /// All merchants, oldest first.
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Add a key. It is shown this once.
    Create {
        /// Whose key it is.
        #[arg(long, value_name = "ID")]
        merchant: MerchantId,
        /// What the key allows; may be repeated. Default: everything.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<Scope>,
    },
    /// The keys of a merchant, oldest first.
    List {
        /// Whose keys.
        #[arg(long, value_name = "ID")]
        merchant: MerchantId,
    },
    /// Make a key useless at once.
    Revoke {
        /// Whose key.
        #[arg(long, value_name = "ID")]
        merchant: MerchantId,
        /// The key's id, or how the key begins (both are shown by `keys list`).
        key: String,
    },
}

/// What a key may allow (contract 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    Orders,
    Refunds,
    Webhooks,
    Read,
}

impl Scope {
    /// Every scope.
    pub(crate) const ALL: [Self; 4] = [Self::Orders, Self::Refunds, Self::Webhooks, Self::Read];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Refunds => "refunds",
            Self::Webhooks => "webhooks",
            Self::Read => "read",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Webhooks {
    /// Send a merchant's events to a URL. The secret is shown this once.
    Add(AddWebhook),
}

#[derive(Debug, Args)]
pub(crate) struct AddWebhook {
    /// Whose events.
    #[arg(long, value_name = "ID")]
    pub(crate) merchant: MerchantId,
    /// Where to. Public https, or allowed by `WEBHOOK_ALLOWED_HOSTS` / `WEBHOOK_ALLOWED_NETWORKS`.
    #[arg(long)]
    pub(crate) url: String,
    /// Which type of event, such as order.paid; may be repeated. Default: all.
    #[arg(long = "event", value_name = "TYPE")]
    pub(crate) events: Vec<String>,
}
