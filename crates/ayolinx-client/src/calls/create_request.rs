//! Turns a payment into the body that its method wants (protocol 4.2, 4.5, 4.7, 4.9, 4.11).

use ayolinx_core::channels::Channel;
use ayolinx_core::email::ascii_email;
use ayolinx_core::json_style::JsonStyle;
use ayolinx_core::messages::ewallet::{EwalletInfo, EwalletPaymentRequest, order_title};
use ayolinx_core::messages::payment_link::{LinkItem, PaymentLinkRequest};
use ayolinx_core::messages::qris::QrisGenerateRequest;
use ayolinx_core::messages::retail::RetailCreateRequest;
use ayolinx_core::messages::virtual_account::{VaCreateRequest, snap_name};
use ayolinx_core::messages::{ChannelInfo, UrlParam, WireMoney, paths};
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use ayolinx_core::phone::Phone;
use ayolinx_core::provider_time::{format_jakarta, format_unix_seconds};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::session::provider_session::Call;

const CUSTOMER_NO_DIGITS_MAX: usize = 20;
/// Fewest digits of a virtual account's phone (protocol 4.7).
const VA_PHONE_DIGITS_MIN: usize = 9;
const DEFAULT_ITEM: &str = "Payment";

/// A payment to be opened at the provider. Which optional parts are needed depends on the channel's method.
#[derive(Debug, Clone)]
pub struct CreateRequest<'a> {
    /// Our payment id, 32 hex digits: `partnerReferenceNo` / `trxId`.
    pub our_reference: String,
    /// Whole rupiah.
    pub amount: Amount,
    /// End of the payment.
    pub expires_at: DateTime<Utc>,
    /// The channel through which it is opened.
    pub channel: &'a Channel,
    /// Our callback URL; `None` leaves it to the provider's portal (not possible for e-wallets).
    pub notification_url: Option<String>,
    /// The page that the payer's browser returns to; e-wallets need it, stores take it.
    pub return_url: Option<String>,
    /// The text that e-wallets and links show to the payer.
    pub description: Option<String>,
    /// Virtual accounts need the name; stores name and e-mail; links all three.
    pub customer: Option<Customer>,
    /// Links only; must add up to the amount. Empty: one item over the amount.
    pub items: Vec<Item>,
    /// Virtual accounts only: digits that follow the bank's prefix, from a sequence.
    pub customer_digits: Option<String>,
    /// Links only: the channels offered.
    pub link_channels: Vec<String>,
    /// E-wallets only: the shop as the wallet knows it.
    pub sub_merchant_id: Option<String>,
    /// E-wallets only: the shop's branch.
    pub external_store_id: Option<String>,
}

/// The payer.
#[derive(Debug, Clone, Default)]
pub struct Customer {
    /// Name.
    pub name: String,
    /// E-mail; may be empty where it is not needed.
    pub email: String,
    /// Phone as the shop gave it.
    pub phone: Option<String>,
}

/// One item of a payment link.
#[derive(Debug, Clone)]
pub struct Item {
    /// Shown to the payer.
    pub name: String,
    /// Whole rupiah, of one piece.
    pub price: Amount,
    /// Pieces.
    pub quantity: u32,
}

impl CreateRequest<'_> {
    /// Returns the call, or what is missing for it.
    pub(crate) fn call(&self, style: JsonStyle) -> Result<Call, &'static str> {
        match self.channel.method {
            Method::Qris => call(style, paths::QRIS_GENERATE, &self.qris()),
            Method::Ewallet => call(style, paths::EWALLET_PAYMENT, &self.ewallet()?),
            Method::VirtualAccount => call(style, paths::VA_CREATE, &self.virtual_account()?),
            Method::Retail => call(style, paths::RETAIL_CREATE, &self.retail()?),
            Method::PaymentLink => call(style, paths::PAYMENT_LINK_CREATE, &self.link()?),
        }
    }

    /// Returns the name a bank shows, reduced to what banks take.
    pub(crate) fn account_name(&self) -> Option<String> {
        let name = self.customer.as_ref()?.name.as_str();
        (!name.trim().is_empty()).then(|| snap_name(name))
    }

    fn qris(&self) -> QrisGenerateRequest {
        QrisGenerateRequest {
            partner_reference_no: self.our_reference.clone(),
            amount: WireMoney::from(self.amount),
            valid_up_to: Some(format_jakarta(self.expires_at)),
            url_params: self.notification(),
            additional_info: self.channel_info(),
        }
    }

    fn ewallet(&self) -> Result<EwalletPaymentRequest, &'static str> {
        let return_url = self.return_url.as_deref().ok_or("return_url")?;
        let notification_url = self.notification_url.as_deref().ok_or("notification_url")?;
        Ok(EwalletPaymentRequest {
            partner_reference_no: self.our_reference.clone(),
            valid_up_to: format_unix_seconds(self.expires_at),
            amount: WireMoney::from(self.amount),
            url_params: vec![
                UrlParam::pay_return(return_url),
                UrlParam::notification(notification_url),
            ],
            additional_info: EwalletInfo {
                channel: self.channel.code.clone(),
                order_title: self.description.as_deref().map(order_title),
                sub_merchant_id: self.sub_merchant_id.clone(),
                external_store_id: self.external_store_id.clone(),
            },
        })
    }

    fn virtual_account(&self) -> Result<VaCreateRequest, &'static str> {
        let prefix = self
            .channel
            .partner_service_id
            .as_deref()
            .ok_or("partner_service_id")?;
        let digits = self.customer_digits.as_deref().ok_or("customer_digits")?;
        let customer_no = format!("{}{digits}", prefix.trim());
        let only_digits = customer_no.bytes().all(|byte| byte.is_ascii_digit());
        if customer_no.len() > CUSTOMER_NO_DIGITS_MAX || !only_digits {
            return Err("customer_digits");
        }
        Ok(VaCreateRequest {
            partner_service_id: prefix.to_owned(),
            customer_no,
            virtual_account_name: self.account_name().ok_or("customer.name")?,
            virtual_account_email: self.email(),
            virtual_account_phone: self
                .phone()
                .map(|phone| phone.digits())
                .filter(|digits| digits.len() >= VA_PHONE_DIGITS_MIN),
            trx_id: self.our_reference.clone(),
            virtual_account_trx_type: "C".to_owned(),
            total_amount: WireMoney::from(self.amount),
            expired_date: Some(format_jakarta(self.expires_at)),
            additional_info: self.channel_info(),
        })
    }

    fn retail(&self) -> Result<RetailCreateRequest, &'static str> {
        let customer = self.customer.as_ref().ok_or("customer")?;
        Ok(RetailCreateRequest {
            partner_reference_no: self.our_reference.clone(),
            valid_up_to: format_jakarta(self.expires_at),
            customer_name: given(&customer.name, "customer.name")?,
            customer_email: self.email().ok_or("customer.email")?,
            customer_phone: self.phone().map(|phone| phone.digits()),
            amount: WireMoney::from(self.amount),
            url_params: self.return_and_notification(),
            additional_info: self.channel_info(),
        })
    }

    fn link(&self) -> Result<PaymentLinkRequest, &'static str> {
        let customer = self.customer.as_ref().ok_or("customer")?;
        let phone = self.phone().ok_or("customer.phone")?;
        if self.link_channels.is_empty() {
            return Err("link_channels");
        }
        Ok(PaymentLinkRequest {
            partner_reference_no: self.our_reference.clone(),
            customer_name: given(&customer.name, "customer.name")?,
            customer_email: self.email().ok_or("customer.email")?,
            customer_phone_number: phone.national().to_owned(),
            customer_phone_number_country_code: format!("+{}", phone.country_code()),
            list_item: self.link_items()?,
            list_payment_channel: self.link_channels.clone(),
            description: self.description.clone().unwrap_or_default(),
            expiry_time: format_jakarta(self.expires_at),
            url_params: self.notification(),
        })
    }

    /// Returns the items of a link. The link has no amount of its own, so they must add up to
    /// exactly the amount.
    fn link_items(&self) -> Result<Vec<LinkItem>, &'static str> {
        if !self.amount.is_whole_rupiah() {
            return Err("amount");
        }
        if self.items.is_empty() {
            let name = self.description.as_deref().unwrap_or(DEFAULT_ITEM);
            return Ok(vec![link_item(name, self.amount, 1)]);
        }
        let mut sum: i64 = 0;
        for item in &self.items {
            let minor = item.price.minor().checked_mul(i64::from(item.quantity));
            sum = minor
                .and_then(|minor| sum.checked_add(minor))
                .ok_or("items")?;
        }
        let whole = self.items.iter().all(|item| item.price.is_whole_rupiah());
        if sum != self.amount.minor() || !whole {
            return Err("items");
        }
        let items = self.items.iter();
        Ok(items
            .map(|item| link_item(&item.name, item.price, item.quantity))
            .collect())
    }

    fn notification(&self) -> Vec<UrlParam> {
        let url = self.notification_url.as_deref();
        url.map(UrlParam::notification).into_iter().collect()
    }

    fn return_and_notification(&self) -> Vec<UrlParam> {
        let back = self.return_url.as_deref().map(UrlParam::pay_return);
        back.into_iter().chain(self.notification()).collect()
    }

    /// Returns the payer's e-mail as mail servers take it; an unreadable address is nobody's.
    fn email(&self) -> Option<String> {
        ascii_email(&self.customer.as_ref()?.email)
    }

    /// Returns the payer's phone with its country; an unreadable number could be a stranger's.
    fn phone(&self) -> Option<Phone> {
        Phone::parse(self.customer.as_ref()?.phone.as_deref()?).ok()
    }

    fn channel_info(&self) -> ChannelInfo {
        ChannelInfo {
            channel: self.channel.code.clone(),
        }
    }
}

fn link_item(name: &str, price: Amount, quantity: u32) -> LinkItem {
    LinkItem {
        name: name.to_owned(),
        price: price.whole_rupiah().to_string(),
        qty: quantity.to_string(),
    }
}

fn given(text: &str, what: &'static str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        return Err(what);
    }
    Ok(text.to_owned())
}

pub(crate) fn call<T: Serialize>(
    style: JsonStyle,
    path: &'static str,
    body: &T,
) -> Result<Call, &'static str> {
    let body = style.serialise(body).map_err(|_unserialisable| "body")?;
    Ok(Call { path, body })
}
