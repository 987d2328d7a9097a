//! Everything a stack is made from, decided before anything is started.

use crate::{
    shop::{merchant::Merchant, webhook_receiver::WebhookReceiver},
    stack::{database::Database, environment::Environment, home::Home},
};

/// The chooser of the ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortChoice {
    /// Ours, who may choose others.
    Ours,
    /// Somebody who wants these.
    Given,
}

pub(crate) struct Blueprint {
    pub(crate) environment: Environment,
    pub(crate) choice: PortChoice,
    pub(crate) database: Database,
    pub(crate) home: Home,
    /// A merchant of an earlier run, used again if the API still knows it.
    pub(crate) merchant: Option<Merchant>,
    /// A receiver that exists already.
    pub(crate) receiver: Option<WebhookReceiver>,
}
