//! The payer as the shop names them, kept as it came. The fields that a method needs are decided in
//! [`super::payment`].

use ayolinx_core::order_view::Customer;

use crate::http::field_errors::FieldErrors;
use crate::http::fields::Fields;

pub(crate) const FIELDS: &[&str] = &["name", "email", "phone"];

const NAME_CHARS_MAX: usize = 100;
const EMAIL_CHARS_MAX: usize = 254;
/// The most characters of a phone number in any spelling.
const PHONE_CHARS_MAX: usize = 64;

/// Reads the object `customer`; `None` when absent or empty.
pub(crate) fn read_customer(fields: &Fields<'_>, errors: &mut FieldErrors) -> Option<Customer> {
    let customer = fields
        .object("customer", FIELDS, errors)?
        .with_optional(FIELDS);
    let mut text = |name: &str, chars_max: usize| {
        let text = customer.short_text(name, chars_max, errors);
        text.map(str::to_owned)
    };
    let customer = Customer {
        name: text("name", NAME_CHARS_MAX),
        email: text("email", EMAIL_CHARS_MAX),
        phone: text("phone", PHONE_CHARS_MAX),
    };
    let is_said = customer.name.is_some() || customer.email.is_some() || customer.phone.is_some();
    is_said.then_some(customer)
}
