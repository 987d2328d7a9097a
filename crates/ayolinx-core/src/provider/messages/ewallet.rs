//! E-wallet: get payment URL (protocol 4.5). The status call is in `inquiry`.

use serde::{Deserialize, Serialize};

use super::{ReceivedAmount, UrlParam, WireMoney, lenient, received};

/// Body of the create; both URLs are mandatory here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EwalletPaymentRequest {
    /// Our payment id.
    pub partner_reference_no: String,
    /// Unix seconds as text.
    pub valid_up_to: String,
    /// Two decimals.
    pub amount: WireMoney,
    /// `PAY_RETURN` and `NOTIFICATION`.
    pub url_params: Vec<UrlParam>,
    /// Channel and title.
    pub additional_info: EwalletInfo,
}

/// Longest title that DANA takes (contract 9.2).
const TITLE_CHARS_MAX: usize = 64;

/// Shortens a text to an order's title: at most 64 characters, cut between words where there is a
/// gap to cut at.
#[must_use]
pub fn order_title(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= TITLE_CHARS_MAX {
        return words;
    }
    let head: String = words.chars().take(TITLE_CHARS_MAX).collect();
    let ends_a_word = words.chars().nth(TITLE_CHARS_MAX) == Some(' ');
    match head.rsplit_once(' ') {
        Some((whole_words, _part)) if !ends_a_word => whole_words.to_owned(),
        _ => head.trim_end().to_owned(),
    }
}

/// `additionalInfo` of the create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EwalletInfo {
    /// The channel.
    pub channel: String,
    /// Shown to the payer; see [`order_title`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_title: Option<String>,
    /// The shop as the wallet knows it, shown on its page (protocol 4.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_merchant_id: Option<String>,
    /// The shop's branch, beside the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_store_id: Option<String>,
}

/// Success reply of the create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EwalletPaymentResponse {
    /// Echo.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub partner_reference_no: Option<String>,
    /// Echo, where one comes.
    #[serde(
        deserialize_with = "received::amount",
        skip_serializing_if = "ReceivedAmount::is_absent"
    )]
    pub amount: ReceivedAmount,
    /// The wallet's page: the artefact. May exceed 700 characters.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub web_redirect_url: Option<String>,
    /// Not documented, read when there.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub reference_no: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_title_is_cut_between_words() {
        let long = "Kopi susu gula aren dua botol dan roti bakar cokelat keju tiga porsi";
        assert_eq!(long.chars().count(), 68);
        assert_eq!(
            order_title(long),
            "Kopi susu gula aren dua botol dan roti bakar cokelat keju tiga"
        );
        let exactly = format!("{} {}", "a".repeat(31), "b".repeat(32));
        assert_eq!(order_title(&exactly), exactly);
        assert_eq!(order_title(&format!("{exactly} more")), exactly);
        assert_eq!(order_title(&"ö".repeat(65)), "ö".repeat(64));
        assert_eq!(order_title("INV/2026/11/0001"), "INV/2026/11/0001");
    }

    proptest! {
        #[test]
        fn a_title_is_the_beginning_of_its_text(text in "[a-zé ]{1,200}") {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let title = order_title(&text);
            prop_assert!(title.chars().count() <= TITLE_CHARS_MAX);
            let rest = words.strip_prefix(title.as_str());
            prop_assert!(rest.is_some());
            let has_a_place = words.chars().take(TITLE_CHARS_MAX).any(|letter| letter == ' ');
            let between_words = rest.is_none_or(|rest| rest.is_empty() || rest.starts_with(' '));
            prop_assert!(between_words || !has_a_place, "{}", title);
        }
    }
}
