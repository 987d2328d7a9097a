//! The payer's artefacts: a valid EMVCo QRIS string, DANA link, VA number, counter code and link code.

use std::fmt::Write as _;

use ayolinx_core::money::Amount;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::protocol::calls::Product;
use crate::protocol::requests::Account;

const MERCHANT_NAME: &str = "TOKO CONTOH SANDBOX";
const MERCHANT_CITY: &str = "JAKARTA";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Returns a dynamic QRIS payload with amount (tag 54), the label in tag 62 and the CRC in tag 63.
pub(crate) fn qr_content(amount: Option<Amount>, label: &str) -> String {
    let account = [
        tag("00", "ID.CO.BANKNEOCOMMERCE.WWW"),
        tag("01", "936004900000000018"),
        tag("02", "SANDBOX00000001"),
        tag("03", "UMI"),
    ]
    .concat();
    let national = [
        tag("00", "ID.CO.QRIS.WWW"),
        tag("02", "ID1020000000001"),
        tag("03", "UMI"),
    ]
    .concat();
    let label: String = label.chars().take(25).collect();
    let mut payload = [
        tag("00", "01"),
        tag("01", "12"),
        tag("26", &account),
        tag("51", &national),
        tag("52", "5812"),
        tag("53", "360"),
        amount.map_or_else(String::new, |amount| {
            tag("54", &amount.whole_rupiah().to_string())
        }),
        tag("58", "ID"),
        tag("59", MERCHANT_NAME),
        tag("60", MERCHANT_CITY),
        tag("61", "10110"),
        tag("62", &tag("05", &label)),
        "6304".to_owned(),
    ]
    .concat();
    let crc = crc16(payload.as_bytes());
    write!(payload, "{crc:04X}").unwrap_or_default();
    payload
}

/// Returns a valid QR for this amount in rupiah, or one that names no amount.
pub(crate) fn other_qr(rupiah: Option<i64>) -> String {
    let amount = rupiah.and_then(|whole| Amount::rupiah(whole).ok());
    qr_content(amount, "another amount")
}

fn tag(id: &str, value: &str) -> String {
    format!("{id}{:02}{value}", value.len())
}

/// Computes CRC-16/CCITT-FALSE, as EMVCo demands.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _bit| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    })
}

/// Returns a DANA cashier link; longer than 700 characters, as documented.
pub(crate) fn redirect_url(host: &str, provider_reference: &str, now: DateTime<Utc>) -> String {
    let token = Uuid::new_v4().simple().to_string().repeat(20);
    format!(
        "https://{host}/m/portal/cashier/checkout?bizNo={provider_reference}&timestamp={}&mid=216620000000000000001&sign={token}",
        now.timestamp_millis()
    )
}

/// Returns the number to transfer to, in SNAP form: prefix left-padded to eight characters, never
/// repeated.
pub(crate) fn account_number(account: &Account) -> String {
    if let Some(number) = &account.number {
        return number.clone();
    }
    let prefix = account.partner_service_id.trim_start_matches(' ');
    let rest = account
        .customer_no
        .strip_prefix(prefix)
        .unwrap_or(&account.customer_no);
    format!("{}{rest}", padded_service_id(account))
}

/// Returns the bank prefix in SNAP form.
pub(crate) fn padded_service_id(account: &Account) -> String {
    format!("{:>8}", account.partner_service_id.trim_start_matches(' '))
}

/// Returns twelve digits to say at the counter.
pub(crate) fn counter_code(sequence: u64) -> String {
    format!("0211{:08}", sequence % 100_000_000)
}

/// Returns the URL of a page with instructions.
pub(crate) fn instructions_url(host: &str, provider_reference: &str) -> String {
    format!("https://{host}/topup/topupdirectv2.aspx?ref={provider_reference}")
}

/// Returns eleven letters and digits.
pub(crate) fn link_code() -> String {
    base62(11)
}

/// Returns the provider's own number, in the form its documents show per product.
pub(crate) fn provider_reference(product: Product, sequence: u64, now: DateTime<Utc>) -> String {
    let stamp = now.format("%Y%m%d%H%M%S");
    match product {
        Product::Qris | Product::PaymentLink => Uuid::new_v4().simple().to_string(),
        Product::Ewallet => format!("{stamp}{sequence:021}"),
        Product::VirtualAccount => format!("VA{stamp}{sequence:06}"),
        Product::Retail => format!("FT25{}", base62(15).to_ascii_uppercase()),
    }
}

fn base62(length: usize) -> String {
    let bytes = Uuid::new_v4().into_bytes();
    bytes
        .iter()
        .chain(Uuid::new_v4().as_bytes())
        .filter_map(|byte| BASE62.get(usize::from(*byte) % 62))
        .take(length)
        .copied()
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_the_emvco_one() {
        assert_eq!(crc16(b"123456789"), 0x29B1);
        let qr = qr_content(Amount::rupiah(15_000).ok(), "abc");
        assert!(qr.contains("540515000"), "{qr}");
        let (payload, crc) = qr.split_at(qr.len() - 4);
        assert_eq!(format!("{:04X}", crc16(payload.as_bytes())), crc);
    }

    #[test]
    fn va_numbers_take_the_snap_form_without_repeating_the_prefix() {
        let account = |prefix: &str, customer: &str| {
            account_number(&Account {
                partner_service_id: prefix.into(),
                customer_no: customer.into(),
                number: None,
                name: "A".into(),
                trx_type: "C".into(),
            })
        };
        assert_eq!(account("98829172", "9882917212345678"), "9882917212345678");
        assert_eq!(account("2056", "123"), "    2056123");
        assert_eq!(account("    2056", "2056123"), "    2056123");
    }
}
