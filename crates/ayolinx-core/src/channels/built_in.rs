//! The built-in table: channels, their limits and sandbox prefixes (contract 9.2, protocol 7.1, 7.3).

use std::time::Duration;

use super::{AmountRule, Channel, Environment, FeeBearer, PAYMENT_LINK_CHANNEL, QrCheck};
use crate::values::method::Method;
use crate::values::money::{Amount, Currency};

const DAY: Duration = Duration::from_secs(24 * 3600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
const INQUIRIES_PER_SECOND: u32 = 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Offered {
    Yes,
    /// Unconfirmed at the provider (protocol 7.1).
    No,
}

/// The payer's freedom to send another amount than was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PayersAmount {
    /// It is inside the code or page, or the bank or store shows it.
    Fixed,
    /// The payer types it, as the bank does not show ours; or may choose a channel where it is typed.
    Typed,
}

struct Row {
    code: &'static str,
    method: Method,
    /// Whole rupiah.
    limits: (u32, u32),
    offered: Offered,
    short_name: &'static str,
    sandbox_prefix: Option<&'static str>,
    payers_amount: PayersAmount,
}

const fn row(
    code: &'static str,
    method: Method,
    short_name: &'static str,
    limits: (u32, u32),
) -> Row {
    Row {
        code,
        method,
        limits,
        offered: Offered::Yes,
        short_name,
        sandbox_prefix: None,
        payers_amount: payers_amount(method),
    }
}

const fn bank(
    code: &'static str,
    short_name: &'static str,
    limits: (u32, u32),
    sandbox_prefix: &'static str,
) -> Row {
    Row {
        sandbox_prefix: Some(sandbox_prefix),
        ..row(code, Method::VirtualAccount, short_name, limits)
    }
}

/// Creates the row of a bank that is off until the operator names its prefix.
const fn unconfirmed_bank(code: &'static str, short_name: &'static str, limits: (u32, u32)) -> Row {
    Row {
        offered: Offered::No,
        ..row(code, Method::VirtualAccount, short_name, limits)
    }
}

/// Marks a bank that shows the payer the amount of a closed account; a bank of which this is not
/// known does not.
const fn showing_the_amount(bank: Row) -> Row {
    Row {
        payers_amount: PayersAmount::Fixed,
        ..bank
    }
}

/// Returns the limits of a channel that has no row, by its method: the widest that are known of
/// any.
const fn limits_of(method: Method) -> (u32, u32) {
    match method {
        Method::Qris => (1, 10_000_000),
        Method::Ewallet => (1, 20_000_000),
        Method::VirtualAccount => (10_000, 50_000_000),
        Method::Retail => (10_000, 2_500_000),
        Method::PaymentLink => (1_000, 50_000_000),
    }
}

const fn payers_amount(method: Method) -> PayersAmount {
    match method {
        Method::Qris | Method::Ewallet | Method::Retail => PayersAmount::Fixed,
        Method::VirtualAccount | Method::PaymentLink => PayersAmount::Typed,
    }
}

/// Returns the longest life of a payment. DANA refuses what is to live longer than a week.
const fn longest_life_of(method: Method) -> Duration {
    match method {
        Method::Qris | Method::Ewallet | Method::Retail => WEEK,
        Method::VirtualAccount | Method::PaymentLink => MONTH,
    }
}

const ROWS: [Row; 14] = [
    row("BNC_QRIS", Method::Qris, "QRIS", (1, 10_000_000)),
    row("EMONEY_DANA_SNAP", Method::Ewallet, "DANA", (1, 20_000_000)),
    showing_the_amount(bank(
        "VIRTUAL_ACCOUNT_BNI",
        "BNI",
        (10_000, 500_000_000),
        "98829172",
    )),
    bank(
        "VIRTUAL_ACCOUNT_CIMB",
        "CIMB",
        (10_000, 500_000_000),
        "2056",
    ),
    showing_the_amount(bank(
        "VIRTUAL_ACCOUNT_MANDIRI",
        "MANDIRI",
        (10_000, 500_000_000),
        "87319",
    )),
    bank("VIRTUAL_ACCOUNT_BRI", "BRI", (10_000, 500_000_000), "15574"),
    showing_the_amount(unconfirmed_bank(
        "VIRTUAL_ACCOUNT_BCA",
        "BCA",
        (10_000, 50_000_000),
    )),
    unconfirmed_bank("VIRTUAL_ACCOUNT_PERMATA", "PERMATA", (10_000, 50_000_000)),
    row(
        "RETAIL_ALFAMART",
        Method::Retail,
        "ALFAMART",
        (10_000, 5_000_000),
    ),
    row(
        "RETAIL_ALFAMIDI",
        Method::Retail,
        "ALFAMIDI",
        (10_000, 2_500_000),
    ),
    row(
        "RETAIL_DANDAN",
        Method::Retail,
        "DANDAN",
        (10_000, 5_000_000),
    ),
    row(
        "RETAIL_PEGADAIAN",
        Method::Retail,
        "PEGADAIAN",
        (10_000, 2_500_000),
    ),
    row(
        "RETAIL_POS_INDONESIA",
        Method::Retail,
        "POS_INDONESIA",
        (10_000, 2_500_000),
    ),
    row(
        PAYMENT_LINK_CHANNEL,
        Method::PaymentLink,
        "PAYMENT LINK",
        limits_of(Method::PaymentLink),
    ),
];

pub(super) fn channels(environment: Environment) -> Vec<Channel> {
    ROWS.iter().map(|row| channel(row, environment)).collect()
}

/// Creates a channel that the operator adds: with the limits of its method.
pub(super) fn added(code: &str, method: Method, short_name: &str) -> Channel {
    Channel {
        code: code.to_owned(),
        method,
        enabled: true,
        min: rupiah(limits_of(method).0),
        max: rupiah(limits_of(method).1),
        default_expiry: DAY,
        max_expiry: longest_life_of(method),
        partner_service_id: None,
        inquiries_per_second: INQUIRIES_PER_SECOND,
        redirect_hosts: Vec::new(),
        amount_rule: AmountRule::Exact,
        qr_check: QrCheck::Strict,
        fee_percent: None,
        fee_fixed: None,
        fee_borne_by: FeeBearer::Merchant,
        settlement_days: None,
        amount_is_fixed: payers_amount(method) == PayersAmount::Fixed,
        short_name: short_name.to_owned(),
    }
}

fn channel(row: &Row, environment: Environment) -> Channel {
    Channel {
        enabled: row.offered == Offered::Yes,
        min: rupiah(row.limits.0),
        max: rupiah(row.limits.1),
        partner_service_id: match environment {
            Environment::Production => None,
            Environment::NonProduction => row.sandbox_prefix.map(str::to_owned),
        },
        amount_is_fixed: row.payers_amount == PayersAmount::Fixed,
        ..added(row.code, row.method, row.short_name)
    }
}

fn rupiah(whole: u32) -> Amount {
    let minor = i64::from(whole).saturating_mul(100);
    Amount::from_minor(minor, Currency::Idr).unwrap_or(Amount::ZERO)
}
