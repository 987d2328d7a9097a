//! The payer as the shop names them. What a method needs of it is decided in [`super::payment`].

use ayolinx_core::order_view::Customer;

use crate::error::FieldCode;

use super::field_errors::FieldErrors;
use super::fields::Fields;
use super::formats::{is_email, is_phone};

pub(crate) const FIELDS: &[&str] = &["name", "email", "phone"];

const NAME_CHARS_MAX: usize = 100;
const EMAIL_CHARS_MAX: usize = 254;

/// The object `customer`; `None` when absent.
pub(crate) fn read_customer(fields: &Fields<'_>, errors: &mut FieldErrors) -> Option<Customer> {
    let customer = fields.object("customer", FIELDS, errors)?;
    let name = customer.short_text("name", NAME_CHARS_MAX, errors);
    let email = customer.short_text("email", EMAIL_CHARS_MAX, errors);
    if email.is_some_and(|email| !is_email(email)) {
        let message = "must be an e-mail address in ASCII";
        errors.add(customer.path("email"), FieldCode::InvalidFormat, message);
    }
    let phone = customer.text("phone", errors);
    if phone.is_some_and(|phone| !is_phone(phone)) {
        let message = "must be 8 to 15 digits, optionally behind a plus";
        errors.add(customer.path("phone"), FieldCode::InvalidFormat, message);
    }
    Some(Customer {
        name: name.map(str::to_owned),
        email: email.map(str::to_owned),
        phone: phone.map(str::to_owned),
    })
}
