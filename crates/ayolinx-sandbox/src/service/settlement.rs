//! Settling a transaction: its new state, and the notice about it that a callback will carry.

use ayolinx_core::money::Amount;
use chrono::{DateTime, Utc};

use crate::protocol::behaviours::Reading;
use crate::protocol::calls::Product;
use crate::protocol::channels::ChannelName;
use crate::provider::jobs::Notice;
use crate::provider::sandbox::Sandbox;
use crate::provider::settings::CallbackMode;
use crate::provider::transaction::{CallbackRecord, Status, Transaction};

/// The change of a transaction, with everything a test may want to be different from the truth.
#[derive(Debug, Clone)]
pub(crate) struct Settlement {
    /// New status.
    pub(crate) status: Status,
    /// Amount paid, or refunded up to now; default the transaction's.
    pub(crate) amount: Option<Amount>,
    /// Channel the payer chose on a link; default the first offered.
    pub(crate) channel: Option<ChannelName>,
    /// Overrides the setting.
    pub(crate) mode: Option<CallbackMode>,
    /// A transfer of this number beside others: callback and inquiry name it.
    pub(crate) transfer: Option<String>,
    /// The callback names this instead of the merchant's reference.
    pub(crate) said_reference: Option<String>,
    /// The callback names this instead of the provider's number.
    pub(crate) said_provider_reference: Option<String>,
    /// `additionalInfo.feeMoney` (QRIS).
    pub(crate) fee: Option<Amount>,
    /// The callback carries no amount.
    pub(crate) without_amount: bool,
}

impl Settlement {
    /// Creates a settlement with only a status.
    pub(crate) const fn of(status: Status) -> Self {
        Self {
            status,
            amount: None,
            channel: None,
            mode: None,
            transfer: None,
            said_reference: None,
            said_provider_reference: None,
            fee: None,
            without_amount: false,
        }
    }
}

/// Applies a settlement; returns nothing when the transaction is unknown.
pub(crate) fn settle(
    sandbox: &Sandbox,
    reference: &str,
    settlement: &Settlement,
    now: DateTime<Utc>,
) -> Option<Notice> {
    sandbox.store.change(reference, |transaction| {
        apply(transaction, settlement, now);
        let mut notice = notice(sandbox, transaction, settlement, now);
        notice.number = transaction.open_callback(CallbackRecord {
            number: 0,
            url: notice.url.clone(),
            mode: notice.mode.as_str(),
            status: notice.status.code().to_owned(),
            state: "sending",
            body: String::new(),
            attempts: Vec::new(),
        });
        notice
    })
}

fn apply(transaction: &mut Transaction, settlement: &Settlement, now: DateTime<Utc>) {
    transaction.status = settlement.status.clone();
    let transfer = settlement.transfer.as_deref();
    if settlement.status == Status::success() {
        let paid = settlement.amount.or(transaction.create.amount);
        transaction.receive(transfer, paid);
    } else if settlement.status == Status::refunded() {
        transaction.give_back(transfer, settlement.amount);
    }
    if transaction.status.is_open() {
        transaction.finished_at = None;
    } else if transaction.finished_at.is_none() || settlement.status == Status::success() {
        transaction.finished_at = Some(now);
    }
}

fn notice(
    sandbox: &Sandbox,
    transaction: &Transaction,
    settlement: &Settlement,
    now: DateTime<Utc>,
) -> Notice {
    let create = &transaction.create;
    let chosen = settlement.channel.unwrap_or(create.channel);
    let product = (sandbox.channels.find(chosen)).map_or(create.product, |(_name, family)| family);
    let account = create
        .account
        .clone()
        .map(|account| (account, transaction.artefact.clone()));
    let requested = settlement.mode.or_else(|| {
        (create.product != Product::PaymentLink).then_some(sandbox.settings.callback_mode)
    });
    let has_snap_form = match product {
        Product::Qris => true,
        Product::VirtualAccount => account.is_some() && settlement.status == Status::success(),
        Product::Ewallet | Product::Retail | Product::PaymentLink => false,
    };
    let amount = settlement.amount.or_else(|| transaction.amount());
    let asked_url = create.notification_url.clone();
    let asked_url = asked_url.filter(|_url| !sandbox.reads(Reading::PortalUrl));
    Notice {
        key: create.reference.clone(),
        number: 0,
        product,
        channel: chosen,
        status: settlement.status.clone(),
        amount: amount.filter(|_amount| !settlement.without_amount),
        transfer: settlement.transfer.clone(),
        reference: settlement
            .said_reference
            .clone()
            .unwrap_or_else(|| create.reference.clone()),
        provider_reference: settlement
            .said_provider_reference
            .clone()
            .or_else(|| settlement.transfer.clone())
            .unwrap_or_else(|| transaction.provider_reference.clone()),
        link_code: transaction.link_code.clone(),
        fee: settlement.fee,
        finished_at: transaction.finished_at.unwrap_or(now),
        account,
        mode: requested.filter(|_mode| has_snap_form).unwrap_or_default(),
        url: asked_url.unwrap_or_else(|| {
            let origin = sandbox.portal_origin();
            let origin = origin.as_str().trim_end_matches('/');
            format!("{origin}{}", create.product.callback_path())
        }),
        sequence: transaction.sequence,
    }
}
