//! Refunds: asked for and cancelled (`requests`), moved, completed and cancelled with the order's money
//! (`completion`). The API, the console and `gatewayctl` call the first, `payments` the second; both call the
//! transaction alone. A refund that a person completes moves money, so it stands in
//! `payments::refund_evidence`. Invariant: no more waits to go back than the shop has of a payment.

pub(crate) mod completion;
pub(crate) mod requests;
