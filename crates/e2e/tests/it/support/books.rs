//! The books, looked at from outside.

use std::process::Command;

use devstack::{Stack, run_sql};

/// What a run of `gatewayctl` came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `gatewayctl` on this stack, whatever comes of it.
pub(crate) fn gatewayctl(stack: &Stack, arguments: &[&str]) -> Ran {
    let own = std::env::current_exe().unwrap();
    let programs = own.parent().unwrap().parent().unwrap();
    let ran = Command::new(programs.join("gatewayctl"))
        .args(arguments)
        .env_clear()
        .envs(stack.settings())
        .output()
        .unwrap();
    Ran {
        code: ran.status.code(),
        stdout: String::from_utf8(ran.stdout).unwrap(),
        stderr: String::from_utf8(ran.stderr).unwrap(),
    }
}

/// Every journal and every account adds up, and every order says what its payments say.
#[track_caller]
pub(crate) fn assert_books_balance(stack: &Stack) {
    let audit = gatewayctl(stack, &["audit"]);
    assert_eq!(audit.code, Some(0), "{}{}", audit.stdout, audit.stderr);
}

/// The one number that a statement gives.
#[track_caller]
pub(crate) fn number(stack: &Stack, statement: &str) -> i64 {
    let found = run_sql(&stack.database_url(), statement).unwrap();
    found.trim().parse().unwrap()
}

/// What an order's payments hold in suspense, in minor units.
#[track_caller]
pub(crate) fn suspense_minor(stack: &Stack, order_id: &str) -> i64 {
    let id = order_id.trim_start_matches("ord_");
    let sum = "SELECT coalesce(sum(suspense_minor), 0) FROM payments WHERE order_id";
    number(stack, &format!("{sum} = '{id}'"))
}
