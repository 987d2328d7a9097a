//! The command line: everything that can be typed, with its help. `main` parses it and the commands read it; it calls
//! `signatures` for the names of keys. Invariant: words only, no work.

pub(crate) mod live_check;
pub(crate) mod operators;
pub(crate) mod reconcile;
pub(crate) mod signatures;

use std::path::PathBuf;

use ayolinx_core::event::EventType;
use ayolinx_core::ids::{EventId, MerchantId, RefundId};
use ayolinx_core::states::OrderState;
use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

use self::operators::Operators;
use self::signatures::{Sign, Verify};

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
    Migrate {
        /// Give this role, which the services log in as, exactly the rights they need.
        #[arg(long, value_name = "ROLE")]
        grant_to: Option<String>,
    },
    /// Merchants: the shops.
    #[command(subcommand)]
    Merchants(Merchants),
    /// API keys of a merchant.
    #[command(subcommand)]
    Keys(Keys),
    /// Webhook endpoints of a merchant.
    #[command(subcommand)]
    Webhooks(Webhooks),
    /// Operators of the console.
    #[command(subcommand)]
    Operators(Operators),
    /// Orders of all merchants.
    #[command(subcommand)]
    Orders(Orders),
    /// What merchants are told by webhooks.
    #[command(subcommand)]
    Events(Events),
    /// Money that goes back to payers.
    #[command(subcommand)]
    Refunds(Refunds),
    /// Ask the provider about an order now and apply what it says.
    Sync(NamedOrder),
    /// Look at everything the services need; says what to do about what is not well.
    Doctor,
    /// Show what is signed, and sign it: any of the provider's five signature kinds.
    Sign(Sign),
    /// Check a signature and, where it does not hold, find out what was signed instead.
    Verify(Verify),
    /// Hold our payments of a time against what the provider says about each; reads only. Exit codes: 0 all
    /// agree, 1 something differs, 2 not everything could be asked.
    Reconcile(reconcile::Reconcile),
    /// Find out, with real credentials at the provider's sandbox, which reading of each contradiction in its
    /// documents holds, and which setting to change. Exit codes: 0 all decided and right, 1 something must
    /// change, 2 something is not decided.
    LiveCheck(live_check::LiveCheck),
    /// Prove the books: exit code 1 and the rows when a rule is broken.
    Audit,
    /// Verified notifications that could not be placed.
    #[command(subcommand)]
    Quarantine(Quarantine),
    /// The monthly tables of history, inbox and outbox, and how large they are.
    Partitions(Partitions),
    /// Erase a payer's data; the order, its money and its history stay. Without --yes: says what would go.
    Erase(Erase),
    /// Once after a restore from a backup, before the services start: leaves out numbers that were handed
    /// out since, and has payments asked about at once.
    AfterRestore {
        /// Numbers of virtual accounts to leave out: more than were handed out since the moment that was
        /// restored.
        #[arg(long, value_name = "N", default_value_t = 100_000,
              value_parser = clap::value_parser!(i64).range(1..=100_000_000))]
        skip: i64,
    },
    /// Print the manual, all pages one after the other (`gatewayctl man | man -l -`), or write its files.
    Man {
        /// Write a file for each page into this folder.
        #[arg(long, value_name = "FOLDER")]
        dir: Option<PathBuf>,
    },
    /// Print the completion script of a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
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
    /// Say how e-wallets know a merchant, which payers see there. An empty text takes it away.
    #[command(group = clap::ArgGroup::new("said").required(true).multiple(true))]
    Set {
        /// Whose.
        #[arg(long, value_name = "ID")]
        merchant: MerchantId,
        /// The shop at the wallet, at most 32 characters.
        #[arg(long, value_name = "ID", group = "said")]
        sub_merchant_id: Option<String>,
        /// Its branch at the wallet, at most 64 characters.
        #[arg(long, value_name = "ID", group = "said")]
        external_store_id: Option<String>,
    },
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
        #[arg(long, value_name = "ID", required_unless_present = "old_pepper")]
        merchant: Option<MerchantId>,
        /// Of all merchants: the keys that would not work with the newest pepper alone.
        #[arg(long, conflicts_with = "merchant")]
        old_pepper: bool,
    },
    /// Seal everything at rest anew that is not under the newest of `ENCRYPTION_KEYS`. Services may run
    /// meanwhile; begun again, it goes on.
    Reseal(Reseal),
    /// Make a key useless at once.
    Revoke {
        /// Whose key.
        #[arg(long, value_name = "ID")]
        merchant: MerchantId,
        /// The key's id, or how the key begins (both are shown by `keys list`).
        key: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Reseal {
    /// Only count what is under which key.
    #[arg(long)]
    pub(crate) dry_run: bool,
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

#[derive(Debug, Subcommand)]
pub(crate) enum Events {
    /// Send one event, or the events of a merchant in a range, again to all endpoints that want them.
    Redeliver(Redeliver),
}

#[derive(Debug, Args)]
pub(crate) struct Redeliver {
    /// The event.
    #[arg(value_name = "ID", conflicts_with_all = ["merchant", "from", "to", "event_type"])]
    pub(crate) event: Option<EventId>,
    /// Whose events.
    #[arg(long, value_name = "ID")]
    pub(crate) merchant: Option<MerchantId>,
    /// Those made at or after this time, such as 2026-11-21T00:00:00+07:00.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) from: Option<DateTime<Utc>>,
    /// Those made before this time; at most 31 days after --from.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) to: Option<DateTime<Utc>>,
    /// Only those of this type, such as order.paid. Default: all but tests.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<EventType>,
}

fn time(text: &str) -> Result<DateTime<Utc>, chrono::ParseError> {
    DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Orders {
    /// One order with its payments and all that happened to it. With --json: as the API shows it.
    Show(NamedOrder),
    /// A merchant's orders, newest first.
    List(ListOrders),
    /// Cancel an order, at the provider too where that can be.
    Cancel(NamedOrder),
}

#[derive(Debug, Args)]
pub(crate) struct NamedOrder {
    /// The merchant's reference, the order's id, the id of one of its payments, or a receipt's RRN.
    #[arg(value_name = "REF|ID")]
    pub(crate) order: String,
    /// Whose reference it is, where several merchants use the same.
    #[arg(long, value_name = "ID")]
    pub(crate) merchant: Option<MerchantId>,
}

#[derive(Debug, Args)]
pub(crate) struct ListOrders {
    /// Whose orders.
    #[arg(long, value_name = "ID")]
    pub(crate) merchant: MerchantId,
    /// Only those in this state, such as paid.
    #[arg(long)]
    pub(crate) status: Option<OrderState>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) limit: i64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Refunds {
    /// The refunds of an order, oldest first.
    List(NamedOrder),
    /// Complete a refund that was paid out: books it and notifies the shop.
    Complete {
        /// The refund's id.
        #[arg(value_name = "ID")]
        id: RefundId,
        /// What shows it, such as the number of the transfer.
        #[arg(long, value_name = "TEXT")]
        evidence: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Quarantine {
    /// What waits, newest first.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
    },
    /// Have the worker match everything of unknown reference again now.
    Retry,
    /// Take one out that was looked at and needs nothing more. Sent again by the provider, it is judged anew.
    Dismiss {
        /// Its id, as `quarantine list` shows it.
        id: uuid::Uuid,
        /// Why; it is kept with the notification.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Partitions {
    /// First make those ahead and drop those whose time is over, as the worker does every hour.
    #[arg(long)]
    pub(crate) apply: bool,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("whom").required(true).multiple(true).args(["order", "email", "phone"])))]
pub(crate) struct Erase {
    /// The payer of one order: the merchant's reference, the order's id, or the id of one of its payments.
    #[arg(value_name = "REF|ID", conflicts_with_all = ["email", "phone"])]
    pub(crate) order: Option<String>,
    /// Whose orders; where several merchants use the same reference, or with --email and --phone.
    #[arg(long, value_name = "ID")]
    pub(crate) merchant: Option<MerchantId>,
    /// Of every order of the merchant whose payer has this e-mail address.
    #[arg(long, requires = "merchant")]
    pub(crate) email: Option<String>,
    /// Of every order of the merchant whose payer has this telephone number, in whatever spelling.
    #[arg(long, requires = "merchant")]
    pub(crate) phone: Option<String>,
    /// Also the merchant's free text (description, metadata, items, return address) where it does not
    /// hold the payer's name, address or number.
    #[arg(long)]
    pub(crate) free_text: bool,
    /// Who erases, for the order's history: a role or a ticket, no person's name.
    #[arg(long, value_name = "WHO", default_value = "gatewayctl", value_parser = role)]
    pub(crate) by: String,
    /// Do it. There is no way back.
    #[arg(long)]
    pub(crate) yes: bool,
}

fn role(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '#');
    if text.is_empty() || text.len() > 64 || !text.chars().all(fits) {
        return Err("1 to 64 of A-Z a-z 0-9 . _ - #".to_owned());
    }
    Ok(text.to_owned())
}
