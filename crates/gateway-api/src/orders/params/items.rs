//! The line items of an order; only a payment link shows them (contract 4.1).

use ayolinx_core::card_numbers::mask_card_numbers;
use ayolinx_core::money::Amount;

use crate::http::error::FieldCode;
use crate::http::field_errors::FieldErrors;
use crate::http::fields::Fields;
use crate::http::json::JsonTree;
use crate::http::money::{accept, parse_whole_rupiah};

pub(crate) const FIELDS: &[&str] = &["name", "price", "quantity"];

const ITEMS_MAX: usize = 50;
const NAME_CHARS_MAX: usize = 255;
const QUANTITY_MAX: i64 = 999;

/// One line item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The name of the goods.
    pub name: String,
    /// The price of one piece, in whole rupiah.
    pub price: Amount,
    /// The number of pieces, 1 to 999.
    pub quantity: u16,
}

/// Reads the array `items`; `None` when absent or not right (recorded).
pub(crate) fn read_items(fields: &Fields<'_>, errors: &mut FieldErrors) -> Option<Vec<Item>> {
    let values = fields.array("items", errors)?;
    if values.len() > ITEMS_MAX {
        let message = format!("at most {ITEMS_MAX} items");
        errors.add(fields.path("items"), FieldCode::TooLong, message);
        return None;
    }
    let read = values.iter().enumerate();
    let items: Vec<_> = read
        .map(|(index, value)| read_item(value, fields.path(&format!("items[{index}]")), errors))
        .collect();
    items.into_iter().collect()
}

fn read_item(value: &JsonTree, path: String, errors: &mut FieldErrors) -> Option<Item> {
    let item = Fields::inside(value, path, FIELDS, errors)?;
    item.require("name", errors);
    let name = item.short_text("name", NAME_CHARS_MAX, errors);
    if name.is_some_and(|name| name.trim().is_empty()) {
        errors.add(item.path("name"), FieldCode::Required, "must not be blank");
    }
    item.require("price", errors);
    let price = item
        .text("price", errors)
        .and_then(|text| accept(&item, "price", parse_whole_rupiah(text), errors));
    item.require("quantity", errors);
    let quantity = item.integer("quantity", (1, QUANTITY_MAX), errors);
    Some(Item {
        name: mask_card_numbers(name?),
        price: price?,
        quantity: u16::try_from(quantity?).ok()?,
    })
}

/// Returns whether the lines come to exactly `amount`.
pub(crate) fn add_up_to(items: &[Item], amount: Amount) -> bool {
    let sum = items.iter().try_fold(0_i64, |sum, item| {
        let line = item.price.minor().checked_mul(i64::from(item.quantity))?;
        sum.checked_add(line)
    });
    sum == Some(amount.minor())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(price: i64, quantity: u16) -> Item {
        Item {
            name: "x".to_owned(),
            price: Amount::rupiah(price).unwrap(),
            quantity,
        }
    }

    #[test]
    fn lines_add_up_exactly_or_not_at_all() {
        let amount = Amount::rupiah(150_000).unwrap();
        assert!(add_up_to(&[item(50_000, 3)], amount));
        assert!(add_up_to(
            &[item(50_000, 2), item(50_000, 1), item(0, 9)],
            amount
        ));
        assert!(!add_up_to(&[item(50_000, 2)], amount));
        assert!(!add_up_to(&[], amount));
        let most = item(9_999_999_999_999_999, 999);
        assert!(!add_up_to(&[most.clone(), most], amount));
    }
}
