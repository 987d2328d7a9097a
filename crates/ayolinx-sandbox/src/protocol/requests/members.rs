//! The members that several requests have: the channel, a time, and where to notify and return to.

use chrono::{DateTime, Utc};

use crate::protocol::calls::Product;
use crate::protocol::channels::{ChannelName, Channels};
use crate::protocol::clock::{parse_epoch, parse_jakarta};
use crate::protocol::fields::{FieldError, Fields};

pub(super) fn channel_of(
    info: &Fields<'_>,
    channels: &Channels,
    product: Option<Product>,
) -> Result<ChannelName, FieldError> {
    let name = info.text("channel", |_any| true)?;
    channels
        .find(name)
        .filter(|(_name, family)| Some(*family) == product)
        .map(|(known, _family)| known)
        .ok_or_else(|| info.format("channel"))
}

/// The permitted spellings of a time.
#[derive(Clone, Copy)]
pub(super) enum TimeForm {
    Jakarta,
    JakartaOrEpoch,
}

impl TimeForm {
    fn parse(self, text: &str) -> Option<DateTime<Utc>> {
        match self {
            Self::Jakarta => parse_jakarta(text),
            Self::JakartaOrEpoch => parse_jakarta(text).or_else(|| parse_epoch(text)),
        }
    }
}

pub(super) fn required_time(
    fields: &Fields<'_>,
    name: &str,
    form: TimeForm,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, FieldError> {
    fields.text(name, |_any| true)?;
    optional_time(fields, name, form, now)?.ok_or_else(|| fields.missing(name))
}

pub(super) fn optional_time(
    fields: &Fields<'_>,
    name: &str,
    form: TimeForm,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, FieldError> {
    let Some(text) = fields.optional_text(name, |_any| true)? else {
        return Ok(None);
    };
    form.parse(text)
        .filter(|time| *time > now)
        .map(Some)
        .ok_or_else(|| fields.format(name))
}

/// `urlParams`, as documented for QRIS, e-wallet, retail and links.
pub(super) struct Urls {
    pub(super) notification: Option<String>,
    pub(super) has_return: bool,
}

impl Urls {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, FieldError> {
        let mut urls = Self {
            notification: None,
            has_return: false,
        };
        for item in fields.list("urlParams")?.unwrap_or_default() {
            let item = fields.item("urlParams", item)?;
            let url = item.text("url", is_url)?;
            match item.text("type", |_any| true)? {
                "NOTIFICATION" if urls.notification.is_none() => {
                    urls.notification = Some(url.to_owned());
                }
                "PAY_RETURN" if !urls.has_return => urls.has_return = true,
                _ => return Err(item.format("type")),
            }
        }
        Ok(urls)
    }
}

fn is_url(text: &str) -> bool {
    text.len() <= 2048
        && url::Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
