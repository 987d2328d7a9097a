//! Everything a stack is made from, decided before anything is started.

use crate::{
    merchant::Merchant,
    receiver::WebhookReceiver,
    stack::{Database, Home, environment::Environment},
};

pub(crate) struct Blueprint {
    pub(crate) environment: Environment,
    pub(crate) database: Database,
    pub(crate) home: Home,
    /// A merchant of an earlier run, used again if the API still knows it.
    pub(crate) merchant: Option<Merchant>,
    /// A receiver that is there already.
    pub(crate) receiver: Option<WebhookReceiver>,
}
