//! The invariants by their numbers, in one list each: what always holds, and what holds after healing.

use super::checked::Check;
use super::{
    delivery_invariants, lease_invariants, liveness_invariants, money_invariants,
    receipt_invariants,
};

/// Number, rule, check.
pub(super) const INVARIANTS: [(u8, &str, Check); 26] = [
    (
        1,
        "acknowledged notifications are stored",
        money_invariants::acknowledged_is_stored,
    ),
    (
        2,
        "promised orders exist as promised",
        money_invariants::promised_order_exists,
    ),
    (
        3,
        "one create accepted per reference",
        money_invariants::one_create_accepted,
    ),
    (
        4,
        "one open payment per order",
        money_invariants::one_open_payment,
    ),
    (
        5,
        "asked before sent again",
        money_invariants::asked_before_again,
    ),
    (
        6,
        "paid is left only by what went back",
        money_invariants::paid_once,
    ),
    (
        7,
        "paid means the provider has it",
        receipt_invariants::paid_is_true,
    ),
    (
        8,
        "sums agree with the provider",
        receipt_invariants::sums_agree,
    ),
    (
        9,
        "no money on dead orders",
        receipt_invariants::no_money_on_the_dead,
    ),
    (
        10,
        "change, booking, event: one transaction",
        money_invariants::one_transaction,
    ),
    (
        11,
        "webhooks are ours and were taken",
        delivery_invariants::webhooks_are_ours,
    ),
    (
        12,
        "webhooks verify, each for its shop",
        delivery_invariants::webhooks_verify,
    ),
    (
        13,
        "forgeries do nothing",
        delivery_invariants::forgeries_do_nothing,
    ),
    (
        14,
        "token calls are few",
        delivery_invariants::tokens_are_few,
    ),
    (15, "leases are fenced", lease_invariants::leases_are_fenced),
    (
        16,
        "replies repeat byte for byte",
        delivery_invariants::replies_repeat,
    ),
    (
        17,
        "money columns are sane",
        money_invariants::money_is_sane,
    ),
    (
        18,
        "versions are whole",
        money_invariants::versions_are_whole,
    ),
    (
        19,
        "tenants are apart",
        delivery_invariants::tenants_are_apart,
    ),
    (
        20,
        "canaries are silent",
        delivery_invariants::canaries_are_silent,
    ),
    (
        21,
        "errors are the contract's",
        delivery_invariants::errors_are_right,
    ),
    (
        22,
        "receipts, payments, books agree",
        receipt_invariants::books_agree,
    ),
    (
        23,
        "nothing panicked",
        delivery_invariants::nothing_panicked,
    ),
    (24, "nothing hangs", liveness_invariants::nothing_hangs),
    (
        30,
        "one right sum is an order's money",
        receipt_invariants::one_right_sum,
    ),
    (31, "no dead ends", receipt_invariants::no_dead_ends),
];

/// Liveness after healing.
pub(super) const LIVENESS: [(u8, &str, Check); 3] = [
    (25, "everything is told", liveness_invariants::all_is_told),
    (
        26,
        "the expired are over",
        liveness_invariants::the_expired_are_over,
    ),
    (
        27,
        "all works again at once",
        liveness_invariants::all_works_again,
    ),
];
