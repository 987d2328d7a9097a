//! The parameters that a shop may send about an order: bodies and queries, parsed by hand from a strict tree, so that
//! every invalid field is named at once. The handlers call it; it stands on `http`, and the checkout asks it which ways
//! to pay suit an order. Invariant: its results satisfy the rules of the contract (4.1, 4.4).

pub mod create_order;
pub mod customer;
pub mod items;
pub mod list_orders;
pub mod named_payment;
pub mod payment;
pub mod requirements;
