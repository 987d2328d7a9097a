//! The token of a checkout link: a MAC of its order's id under a key derived from `ENCRYPTION_KEYS`, so
//! that a link proves itself before anybody is asked about its order.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac as _;

use crate::secrets::sealing::Keyring;
use crate::values::ids::OrderId;

/// 256 bit in base64url without padding.
const TOKEN_CHARS: usize = 43;
/// Tokens of before links were signed: 32 random bytes in hex. No signed token is so long.
const UNSIGNED_CHARS: usize = 64;

impl Keyring {
    /// Returns the token of an order's link, under the newest key.
    #[must_use]
    pub fn link_token(&self, order: OrderId) -> String {
        let mac = self.link_keys().next().and_then(|key| key.mac(order));
        mac.map(|mac| URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
            .unwrap_or_default()
    }

    /// Returns whether a key of the list signed this token for this order. The time it takes reveals nothing of the
    /// right token.
    #[must_use]
    pub fn signed_link(&self, order: OrderId, token: &str) -> bool {
        if token.len() != TOKEN_CHARS {
            return false;
        }
        let Ok(tag) = URL_SAFE_NO_PAD.decode(token) else {
            return false;
        };
        self.link_keys().any(|key| key.signed(order, &tag))
    }
}

/// Returns whether the text is spelt as the tokens of links were before they were signed.
#[must_use]
pub fn is_spelt_as_unsigned(token: &str) -> bool {
    token.len() == UNSIGNED_CHARS
        && token
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::secrets::secret::Secret;

    fn ring(texts: &[&str]) -> Keyring {
        let secrets: Vec<Secret> = texts.iter().map(|text| Secret::new(*text)).collect();
        Keyring::new(&secrets).unwrap()
    }

    proptest! {
        #[test]
        fn only_the_token_of_the_order_under_a_listed_key_is_right(
            order in any::<u128>(),
            another in any::<u128>(),
            wrong in ".{0,80}",
            at in 0_usize..TOKEN_CHARS,
            with in "[A-Za-z0-9_-]",
        ) {
            let of = |number| OrderId::from_uuid(Uuid::from_u128(number));
            let (old, new) = (ring(&["old"]), ring(&["new"]));
            let rotated = ring(&["new", "old"]);
            let token = old.link_token(of(order));
            prop_assert!(old.signed_link(of(order), &token));
            prop_assert!(rotated.signed_link(of(order), &token));
            prop_assert!(!new.signed_link(of(order), &token));
            prop_assert_eq!(rotated.link_token(of(order)), new.link_token(of(order)));
            prop_assert!(!old.signed_link(of(order), &wrong));
            prop_assert!(!is_spelt_as_unsigned(&token));
            if another != order {
                prop_assert!(!old.signed_link(of(another), &token));
            }
            let mut altered = token.clone();
            altered.replace_range(at..=at, &with);
            prop_assert_eq!(old.signed_link(of(order), &altered), altered == token);
        }
    }
}
