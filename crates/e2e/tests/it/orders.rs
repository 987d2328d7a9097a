//! Orders: made once, paid by each method, replaced, cancelled, expired, found and exported; and how a request is
//! refused.

mod create_is_idempotent;
mod errors_are_problems;
mod first_reply_comes_again;
mod order_expires;
mod order_is_cancelled;
mod order_is_paid_another_way;
mod order_is_paid_by_each_method;
mod orders_are_exported;
mod orders_are_found;
