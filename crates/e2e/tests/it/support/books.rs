//! The books, looked at from outside.

use devstack::{Stack, run_sql};

/// Every journal and every account adds up, and every order says what its payments say.
#[track_caller]
pub(crate) fn assert_books_balance(stack: &Stack) {
    if let Err(trouble) = stack.gatewayctl(&["audit"]) {
        panic!("{trouble}");
    }
}

/// What an order's payments hold in suspense, in minor units.
#[track_caller]
pub(crate) fn suspense_minor(stack: &Stack, order_id: &str) -> i64 {
    let id = order_id.trim_start_matches("ord_");
    let statement =
        format!("SELECT coalesce(sum(suspense_minor), 0) FROM payments WHERE order_id = '{id}'");
    let sum = run_sql(&stack.database_url(), &statement).unwrap();
    sum.trim().parse().unwrap()
}
