//! The built-in table: channels, conservative limits and sandbox prefixes (protocol 7.1, 7.3).

use std::time::Duration;

use super::{AmountRule, Channel, Environment, PAYMENT_LINK_CHANNEL, QrCheck};
use crate::method::Method;
use crate::money::{Amount, Currency};

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

struct Row {
    code: &'static str,
    method: Method,
    offered: Offered,
    short_name: &'static str,
    sandbox_prefix: Option<&'static str>,
}

const fn row(code: &'static str, method: Method, short_name: &'static str) -> Row {
    Row {
        code,
        method,
        offered: Offered::Yes,
        short_name,
        sandbox_prefix: None,
    }
}

const fn bank(
    code: &'static str,
    short_name: &'static str,
    offered: Offered,
    sandbox_prefix: Option<&'static str>,
) -> Row {
    Row {
        code,
        method: Method::VirtualAccount,
        offered,
        short_name,
        sandbox_prefix,
    }
}

const ROWS: [Row; 14] = [
    row("BNC_QRIS", Method::Qris, "QRIS"),
    row("EMONEY_DANA_SNAP", Method::Ewallet, "DANA"),
    bank("VIRTUAL_ACCOUNT_BNI", "BNI", Offered::Yes, Some("98829172")),
    bank("VIRTUAL_ACCOUNT_CIMB", "CIMB", Offered::Yes, Some("2056")),
    bank(
        "VIRTUAL_ACCOUNT_MANDIRI",
        "MANDIRI",
        Offered::Yes,
        Some("87319"),
    ),
    bank("VIRTUAL_ACCOUNT_BRI", "BRI", Offered::Yes, Some("15574")),
    bank("VIRTUAL_ACCOUNT_BCA", "BCA", Offered::No, None),
    bank("VIRTUAL_ACCOUNT_PERMATA", "PERMATA", Offered::No, None),
    row("RETAIL_ALFAMART", Method::Retail, "ALFAMART"),
    row("RETAIL_ALFAMIDI", Method::Retail, "ALFAMIDI"),
    row("RETAIL_DANDAN", Method::Retail, "DANDAN"),
    row("RETAIL_PEGADAIAN", Method::Retail, "PEGADAIAN"),
    row("RETAIL_POS_INDONESIA", Method::Retail, "POS_INDONESIA"),
    row(PAYMENT_LINK_CHANNEL, Method::PaymentLink, "PAYMENT LINK"),
];

pub(super) fn channels(environment: Environment) -> Vec<Channel> {
    ROWS.iter().map(|row| channel(row, environment)).collect()
}

fn channel(row: &Row, environment: Environment) -> Channel {
    let mut channel = defaults(row.code, row.method, row.short_name);
    channel.enabled = row.offered == Offered::Yes;
    channel.partner_service_id = match environment {
        Environment::Production => None,
        Environment::NonProduction => row.sandbox_prefix.map(str::to_owned),
    };
    channel
}

/// A channel with the limits of its method.
pub(super) fn defaults(code: &str, method: Method, short_name: &str) -> Channel {
    let (min, max, max_expiry) = match method {
        Method::Qris => (1_000, 10_000_000, WEEK),
        Method::Ewallet => (1_000, 10_000_000, MONTH),
        Method::VirtualAccount => (10_000, 50_000_000, MONTH),
        Method::Retail => (10_000, 2_500_000, WEEK),
        Method::PaymentLink => (1_000, 50_000_000, MONTH),
    };
    Channel {
        code: code.to_owned(),
        method,
        enabled: true,
        min: rupiah(min),
        max: rupiah(max),
        default_expiry: DAY,
        max_expiry,
        partner_service_id: None,
        inquiries_per_second: INQUIRIES_PER_SECOND,
        redirect_hosts: Vec::new(),
        amount_rule: AmountRule::Exact,
        qr_check: QrCheck::Strict,
        short_name: short_name.to_owned(),
    }
}

fn rupiah(whole: u32) -> Amount {
    let minor = i64::from(whole).saturating_mul(100);
    Amount::from_minor(minor, Currency::Idr).unwrap_or(Amount::ZERO)
}
