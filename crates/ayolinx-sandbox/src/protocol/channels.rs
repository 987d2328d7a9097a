//! The channels that the provider serves: every one that any source names (protocol 7.1), and those that the operator's
//! channel file adds.

use ayolinx_core::channels::{ChannelTable, Environment};
use ayolinx_core::method::Method;

use crate::protocol::calls::Product;

const NAMED: [(&str, Product); 13] = [
    ("BNC_QRIS", Product::Qris),
    ("EMONEY_DANA_SNAP", Product::Ewallet),
    ("VIRTUAL_ACCOUNT_BNI", Product::VirtualAccount),
    ("VIRTUAL_ACCOUNT_CIMB", Product::VirtualAccount),
    ("VIRTUAL_ACCOUNT_MANDIRI", Product::VirtualAccount),
    ("VIRTUAL_ACCOUNT_BRI", Product::VirtualAccount),
    ("VIRTUAL_ACCOUNT_BCA", Product::VirtualAccount),
    ("VIRTUAL_ACCOUNT_PERMATA", Product::VirtualAccount),
    ("RETAIL_ALFAMART", Product::Retail),
    ("RETAIL_PEGADAIAN", Product::Retail),
    ("RETAIL_POS_INDONESIA", Product::Retail),
    ("RETAIL_ALFAMIDI", Product::Retail),
    ("RETAIL_DANDAN", Product::Retail),
];

/// A channel's name. It lives as long as the process: there are as many as the file has.
pub(crate) type ChannelName = &'static str;

/// The channels with their families.
#[derive(Debug, Clone)]
pub(crate) struct Channels(Vec<(ChannelName, Product)>);

impl Channels {
    /// Combines the named channels with those that this channel file (TOML) adds.
    ///
    /// # Errors
    /// Returns the problem of the file as an error.
    pub(crate) fn with_file(toml_text: Option<&str>) -> Result<Self, String> {
        let mut all = NAMED.to_vec();
        let Some(toml_text) = toml_text else {
            return Ok(Self(all));
        };
        let table = ChannelTable::built_in(Environment::NonProduction)
            .overlay(toml_text)
            .map_err(|error| error.to_string())?;
        for channel in table.iter() {
            let family = match channel.method {
                Method::Qris => Product::Qris,
                Method::Ewallet => Product::Ewallet,
                Method::VirtualAccount => Product::VirtualAccount,
                Method::Retail => Product::Retail,
                // A link offers channels; it is not one itself to the provider.
                Method::PaymentLink => continue,
            };
            if all.iter().all(|(known, _)| *known != channel.code) {
                all.push((channel.code.clone().leak(), family));
            }
        }
        Ok(Self(all))
    }

    /// Returns the channel of that name with its family.
    pub(crate) fn find(&self, name: &str) -> Option<(ChannelName, Product)> {
        self.0.iter().find(|(known, _)| *known == name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_file_adds_channels_and_takes_none_away() {
        let file = "[EMONEY_SHOPEE_PAY_SNAP]\nmethod = \"ewallet\"\n[BNC_QRIS]\nenabled = false\n";
        let channels = Channels::with_file(Some(file)).unwrap();
        let added = channels.find("EMONEY_SHOPEE_PAY_SNAP");
        assert_eq!(added, Some(("EMONEY_SHOPEE_PAY_SNAP", Product::Ewallet)));
        assert_eq!(channels.find("BNC_QRIS"), Some(("BNC_QRIS", Product::Qris)));
        assert_eq!(channels.find("PAYMENT_LINK"), None);
        let plain = Channels::with_file(None).unwrap();
        assert_eq!(plain.find("EMONEY_SHOPEE_PAY_SNAP"), None);
        assert!(Channels::with_file(Some("[X]\nmethod = \"cash\"\n")).is_err());
    }
}
