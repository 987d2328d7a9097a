//! The fields that a method needs of an order, and whether they can be sent to the provider
//! (contract 4.1).

use ayolinx_core::email::ascii_email;
use ayolinx_core::method::Method;
use ayolinx_core::order_view::Customer;
use ayolinx_core::phone::Phone;

use crate::http::error::FieldCode;
use crate::http::field_errors::FieldErrors;
use crate::http::fields::is_blank;

const EMAIL_RULE: &str = "must be an e-mail address that a mail server takes";

/// Returns the fields that a method needs of an order besides its amount (contract 4.1).
pub(super) const fn needed_by(method: Method) -> &'static [&'static str] {
    match method {
        Method::Qris => &[],
        Method::Ewallet => &["return_url"],
        Method::VirtualAccount => &["customer.name"],
        Method::Retail => &["customer.name", "customer.email"],
        Method::PaymentLink => &["customer.name", "customer.email", "customer.phone"],
    }
}

/// Returns one of the payer's details, by its path; `None` when absent.
pub(super) fn particular<'c>(customer: Option<&'c Customer>, field: &str) -> Option<&'c str> {
    let customer = customer?;
    match field {
        "customer.name" => customer.name.as_deref(),
        "customer.email" => customer.email.as_deref(),
        "customer.phone" => customer.phone.as_deref(),
        _ => None,
    }
}

/// Records the payer's details that the method needs and that cannot be sent to the provider.
pub(super) fn judge_formats(method: Method, customer: Option<&Customer>, errors: &mut FieldErrors) {
    for field in needed_by(method) {
        let Some(given) = particular(customer, field).filter(|text| !is_blank(text)) else {
            continue;
        };
        let rule = match *field {
            "customer.email" if ascii_email(given).is_none() => Some(EMAIL_RULE.to_owned()),
            "customer.phone" => Phone::parse(given).err().map(|error| error.to_string()),
            _ => None,
        };
        if let Some(rule) = rule {
            errors.add(*field, FieldCode::InvalidFormat, rule);
        }
    }
}
