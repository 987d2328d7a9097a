//! Virtual account: create (protocol 4.7). The inquiry is in `inquiry`, the payment callback in `notification`.

use serde::{Deserialize, Serialize};

use super::{ChannelInfo, ReceivedAmount, WireMoney, lenient};

/// Longest name the provider is known to take (protocol 4.7).
const NAME_CHARS_MAX: usize = 50;

/// Body of the create. No `virtualAccountNo`: the provider makes the number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VaCreateRequest {
    /// The bank's prefix.
    pub partner_service_id: String,
    /// Prefix and digits, at most 20.
    pub customer_no: String,
    /// What the bank shows; see [`snap_name`].
    pub virtual_account_name: String,
    /// Our payment id.
    pub trx_id: String,
    /// `C`: closed amount.
    pub virtual_account_trx_type: String,
    /// Two decimals.
    pub total_amount: WireMoney,
    /// ISO, Jakarta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired_date: Option<String>,
    /// The channel.
    pub additional_info: ChannelInfo,
}

/// Success reply of the create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VaCreateResponse {
    /// The account.
    #[serde(deserialize_with = "lenient::object")]
    pub virtual_account_data: VaCreated,
}

/// `virtualAccountData` of the reply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VaCreated {
    /// The number to show, trimmed: the artefact.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub virtual_account_no: Option<String>,
    /// The name the bank shows.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub virtual_account_name: Option<String>,
    /// Echo of our id.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub trx_id: Option<String>,
    /// Echo.
    #[serde(
        deserialize_with = "lenient::amount",
        skip_serializing_if = "ReceivedAmount::is_absent"
    )]
    pub total_amount: ReceivedAmount,
    /// ISO; where it is earlier than ours the payment ends by it.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub expired_date: Option<String>,
}

/// Reduces a name to the SNAP character set `[A-Za-z0-9.\-/+,=_:'@% ]`, at most 50 characters,
/// runs of blanks made one. Common Latin letters lose their accents. Never empty: `CUSTOMER` stands in.
#[must_use]
pub fn snap_name(name: &str) -> String {
    let kept: String = name.chars().map(snap_letter).collect();
    let words: Vec<&str> = kept.split(' ').filter(|word| !word.is_empty()).collect();
    let reduced: String = words.join(" ").chars().take(NAME_CHARS_MAX).collect();
    match reduced.trim_end() {
        "" => "CUSTOMER".to_owned(),
        name => name.to_owned(),
    }
}

fn snap_letter(letter: char) -> char {
    match letter {
        'A'..='Z' | 'a'..='z' | '0'..='9' => letter,
        '.' | '-' | '/' | '+' | ',' | '=' | '_' | ':' | '\'' | '@' | '%' => letter,
        'À'..='Å' => 'A',
        'à'..='å' => 'a',
        'È'..='Ë' => 'E',
        'è'..='ë' => 'e',
        'Ì'..='Ï' => 'I',
        'ì'..='ï' => 'i',
        'Ò'..='Ö' | 'Ø' => 'O',
        'ò'..='ö' | 'ø' => 'o',
        'Ù'..='Ü' => 'U',
        'ù'..='ü' => 'u',
        'Ç' => 'C',
        'ç' => 'c',
        'Ñ' => 'N',
        'ñ' => 'n',
        '\u{2019}' => '\'',
        _ => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_reduced_to_what_the_banks_take() {
        for (name, reduced) in [
            ("BUDI SANTOSO", "BUDI SANTOSO"),
            ("  José  d’Arc & Söhne (PT)!", "Jose d'Arc Sohne PT"),
            ("渡辺", "CUSTOMER"),
            ("", "CUSTOMER"),
        ] {
            assert_eq!(snap_name(name), reduced);
        }
        let long = snap_name(&format!("{} {}", "A".repeat(49), "B".repeat(60)));
        assert_eq!(long, "A".repeat(49));
    }
}
