//! The operator's channel file: TOML, one table per channel (`[BNC_QRIS]` or `[channels.BNC_QRIS]`), only what differs.
//! Anything not understood stops the start and is named.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use toml::{Table, Value};

use super::{Channel, FeePercent, built_in};
use crate::values::method::Method;
use crate::values::money::{Amount, Currency};

/// The fault of the channel file, naming channel and key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ChannelFileError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Overlay {
    method: Option<String>,
    enabled: Option<bool>,
    min: Option<Value>,
    max: Option<Value>,
    default_expiry: Option<Value>,
    max_expiry: Option<Value>,
    partner_service_id: Option<String>,
    inquiries_per_second: Option<u32>,
    redirect_hosts: Option<Vec<String>>,
    amount_rule: Option<String>,
    qr_check: Option<String>,
    fee_percent: Option<Value>,
    fee_fixed: Option<Value>,
    fee_borne_by: Option<String>,
    settlement_days: Option<Value>,
}

/// Most days that are taken for a time of settlement and not for a slip.
const SETTLEMENT_DAYS_MAX: u16 = 366;

pub(super) fn apply(channels: &mut Vec<Channel>, toml_text: &str) -> Result<(), ChannelFileError> {
    let mut file: Table = toml_text
        .parse()
        .map_err(|error: toml::de::Error| ChannelFileError(format!("not TOML: {error}")))?;
    if let Some(nested) = file.remove("channels") {
        let Value::Table(nested) = nested else {
            return Err(ChannelFileError("channels: must be a table".to_owned()));
        };
        file.extend(nested);
    }
    for (code, value) in file {
        apply_one(channels, &code, value)
            .map_err(|reason| ChannelFileError(format!("channel {code}: {reason}")))?;
    }
    Ok(())
}

fn apply_one(channels: &mut Vec<Channel>, code: &str, value: Value) -> Result<(), String> {
    let overlay = Overlay::deserialize(value).map_err(|error| error.message().to_owned())?;
    let method = overlay
        .method
        .as_deref()
        .map(|text| {
            text.parse::<Method>()
                .map_err(|error| format!("method: {error}"))
        })
        .transpose()?;
    let position = channels.iter().position(|channel| channel.code == code);
    let mut channel = match (position.and_then(|at| channels.get(at)), method) {
        (Some(known), Some(method)) if known.method != method => {
            return Err(format!("method: it is {}", known.method));
        }
        (Some(known), _) => known.clone(),
        (None, Some(method)) => built_in::added(code, method, short_name(code)),
        (None, None) => return Err("unknown channel (a new one must name its method)".to_owned()),
    };
    overlay.lay_over(&mut channel)?;
    check(&channel)?;
    match position.and_then(|at| channels.get_mut(at)) {
        Some(known) => *known = channel,
        None => channels.push(channel),
    }
    Ok(())
}

impl Overlay {
    fn lay_over(self, channel: &mut Channel) -> Result<(), String> {
        set(&mut channel.enabled, self.enabled);
        set(&mut channel.inquiries_per_second, self.inquiries_per_second);
        set(&mut channel.redirect_hosts, self.redirect_hosts);
        set(&mut channel.min, read("min", self.min, rupiah)?);
        set(&mut channel.max, read("max", self.max, rupiah)?);
        let expiry = read("default_expiry", self.default_expiry, duration)?;
        set(&mut channel.default_expiry, expiry);
        let expiry = read("max_expiry", self.max_expiry, duration)?;
        set(&mut channel.max_expiry, expiry);
        set(
            &mut channel.amount_rule,
            word("amount_rule", self.amount_rule)?,
        );
        if self.qr_check.is_some() && channel.method != Method::Qris {
            return Err("qr_check: goes with qris only".to_owned());
        }
        set(&mut channel.qr_check, word("qr_check", self.qr_check)?);
        let percent = self.fee_percent.map(|value| fee_percent(&value));
        channel.fee_percent = percent.transpose()?.or(channel.fee_percent);
        let fixed = self.fee_fixed.map(|value| fee_fixed(&value)).transpose()?;
        channel.fee_fixed = fixed.or(channel.fee_fixed);
        set(
            &mut channel.fee_borne_by,
            word("fee_borne_by", self.fee_borne_by)?,
        );
        let days = self.settlement_days.map(|value| settlement_days(&value));
        channel.settlement_days = days.transpose()?.or(channel.settlement_days);
        if let Some(prefix) = self.partner_service_id {
            channel.partner_service_id = Some(prefix).filter(|prefix| !prefix.is_empty());
        }
        Ok(())
    }
}

fn check(channel: &Channel) -> Result<(), String> {
    if channel.min.minor() > channel.max.minor() {
        return Err("min: above max".to_owned());
    }
    if channel.default_expiry > channel.max_expiry {
        return Err("default_expiry: longer than max_expiry".to_owned());
    }
    if channel.inquiries_per_second == 0 {
        return Err("inquiries_per_second: at least 1".to_owned());
    }
    if let Some(prefix) = &channel.partner_service_id {
        let digits = prefix.trim_start_matches(' ');
        let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        if digits.is_empty() || !only_digits || prefix.len() > 8 {
            return Err("partner_service_id: up to 8 digits".to_owned());
        }
    }
    let host_is_odd = |host: &String| host.is_empty() || host.contains(['/', '@', ' ']);
    if channel.redirect_hosts.iter().any(host_is_odd) {
        return Err("redirect_hosts: host names only".to_owned());
    }
    Ok(())
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn read<T>(
    key: &str,
    value: Option<Value>,
    reader: fn(&Value) -> Option<T>,
) -> Result<Option<T>, String> {
    match value {
        None => Ok(None),
        Some(value) => match reader(&value) {
            Some(read) => Ok(Some(read)),
            None => Err(format!(
                "{key}: not understood (amounts are whole rupiah, times 15m or 24h)"
            )),
        },
    }
}

/// Reads one of the permitted values of a key.
fn word<T: FromStr<Err: Display>>(key: &str, text: Option<String>) -> Result<Option<T>, String> {
    text.map(|text| text.parse::<T>())
        .transpose()
        .map_err(|error| format!("{key}: {error}"))
}

/// Reads a text such as `"0.7"`: a number would have been a float before it gets here.
fn fee_percent(value: &Value) -> Result<FeePercent, String> {
    let text = value.as_str().unwrap_or_default();
    text.parse()
        .map_err(|error| format!("fee_percent: {error}"))
}

/// Reads a text such as `"4000.00"`; sen are possible.
fn fee_fixed(value: &Value) -> Result<Amount, String> {
    let text = value.as_str().unwrap_or_default();
    Amount::parse_decimal(text, Currency::Idr)
        .map_err(|_| "fee_fixed: must be a text of rupiah, as \"4000.00\"".to_owned())
}

fn settlement_days(value: &Value) -> Result<u16, String> {
    value
        .as_integer()
        .and_then(|days| u16::try_from(days).ok())
        .filter(|days| *days <= SETTLEMENT_DAYS_MAX)
        .ok_or_else(|| format!("settlement_days: a number from 0 to {SETTLEMENT_DAYS_MAX}"))
}

/// Reads whole rupiah: `1000`, `"1000"` or `"1000.00"`.
fn rupiah(value: &Value) -> Option<Amount> {
    let amount = match value.as_integer() {
        Some(whole) => Amount::rupiah(whole),
        None => Amount::parse_decimal(value.as_str()?, Currency::Idr),
    };
    amount.ok().filter(|amount| amount.is_whole_rupiah())
}

/// Reads seconds, or text with one unit: `90s`, `15m`, `24h`, `7d`.
fn duration(value: &Value) -> Option<Duration> {
    let secs = match value.as_integer() {
        Some(secs) => u64::try_from(secs).ok()?,
        None => {
            let text = value.as_str()?;
            let (unit, secs_per_unit) = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)]
                .into_iter()
                .find(|(unit, _)| text.ends_with(*unit))?;
            let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
            number.checked_mul(secs_per_unit)?
        }
    };
    (secs > 0).then(|| Duration::from_secs(secs))
}

fn short_name(code: &str) -> &str {
    ["VIRTUAL_ACCOUNT_", "RETAIL_", "EMONEY_"]
        .into_iter()
        .find_map(|prefix| code.strip_prefix(prefix))
        .unwrap_or(code)
}
