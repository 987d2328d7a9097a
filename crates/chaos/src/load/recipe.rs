//! One order of the load and its fate; all drawn from the seed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{load::context::Request, tools::rng::Rng};

/// The behaviour of payer and shop once an order can be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// No act.
    Leave,
    /// Paid in time.
    Pay,
    /// Paid, without any callback.
    PaySilently,
    /// Paid after the order has expired.
    PayLate,
    /// Paid too much.
    PayWrongAmount,
    /// Paid, and reported many times at once, among forgeries.
    Storm,
    /// Cancelled by the shop.
    Cancel,
    /// Cancelled and paid at the same time.
    CancelAndPay,
    /// Paid another way; the old, the new, or both ways are paid.
    Switch,
    /// Fails at the provider.
    Fail,
    /// Paid, then refunded.
    Refund,
    /// One sum, of which parts or all go back, reported in a drawn order.
    Returns,
    /// Several transfers to one account, reported in a drawn order.
    Transfers,
}

/// One order of the load.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Running number.
    pub number: u64,
    /// The shop's index.
    pub shop: usize,
    /// The contract's spelling.
    pub method: &'static str,
    /// Whole rupiah.
    pub rupiah: u64,
    /// Seconds until it expires.
    pub expires_in: u64,
    /// Fate of the order.
    pub fate: Fate,
    /// True when the create is sent twice at the same time.
    pub has_twin: bool,
}

/// Life of an order whose payer comes late.
const SHORT: u64 = 6;
/// Wait of a late payer, beyond the expiry and its grace.
const LATE: Duration = Duration::from_secs(11);

impl Recipe {
    /// Draws an order.
    pub fn draw(number: u64, shops: usize, rng: &mut Rng) -> Self {
        let fate = match rng.below(1_000) {
            0..310 => Fate::Pay,
            310..350 => Fate::Returns,
            350..410 => Fate::Transfers,
            410..540 => Fate::PaySilently,
            540..600 => Fate::PayLate,
            600..640 => Fate::PayWrongAmount,
            640..740 => Fate::Storm,
            740..790 => Fate::Cancel,
            790..820 => Fate::CancelAndPay,
            820..890 => Fate::Switch,
            890..915 => Fate::Fail,
            915..935 => Fate::Refund,
            _ => Fate::Leave,
        };
        let method = match rng.below(100) {
            0..45 => "qris",
            45..62 => "ewallet",
            62..80 => "virtual_account",
            80..93 => "retail",
            _ => "payment_link",
        };
        let method = match fate {
            Fate::Transfers => "virtual_account",
            _ => method,
        };
        // A link's lost callback is lost: nobody can ask.
        let is_link = method == "payment_link";
        let fate = match fate {
            Fate::PaySilently | Fate::Storm | Fate::Refund | Fate::Returns if is_link => Fate::Pay,
            other => other,
        };
        let rupiah = amount(rng, is_link);
        // An order that pays itself is left to itself: a second payer would be a second receipt.
        let fate = match rupiah % 1_000 {
            903 | 905 => Fate::Leave,
            _ => fate,
        };
        let is_short = fate == Fate::PayLate
            || (fate == Fate::Leave && rupiah % 1_000 < 900 && rng.chance(600));
        let shops = u64::try_from(shops).unwrap_or(1);
        Self {
            number,
            shop: usize::try_from(number.checked_rem(shops).unwrap_or(0)).unwrap_or(0),
            method,
            rupiah,
            expires_in: if is_short { SHORT } else { 3_600 },
            fate,
            has_twin: rng.chance(60),
        }
    }

    /// Builds the create.
    #[must_use]
    pub fn request(&self) -> Request {
        let number = self.number;
        Request {
            op: format!("o-{number}"),
            what: "create",
            shop: self.shop,
            method: "POST",
            path: "/v1/orders".to_owned(),
            key: Some(format!("k-{number}")),
            body: Some(self.body().to_string()),
        }
    }

    fn body(&self) -> Value {
        let number = self.number;
        json!({
            "reference": format!("R-{number}"),
            "amount": {"value": format!("{}.00", self.rupiah), "currency": "IDR"},
            "payment": way(self.method),
            "expires_in": self.expires_in,
            "description": "Kopi susu",
            "customer": {
                "name": crate::CANARY_NAME,
                "email": crate::CANARY_EMAIL,
                "phone": crate::CANARY_PHONE,
            },
            "return_url": "https://shop.example.co.id/thanks",
            "metadata": {"n": number.to_string()},
        })
    }

    /// Builds the body for another payment of the same order.
    #[must_use]
    pub fn other_way(&self) -> Value {
        way(if self.method == "virtual_account" {
            "qris"
        } else {
            "virtual_account"
        })
    }

    /// Returns this payer's median wait.
    #[must_use]
    pub const fn median_wait_ms(&self) -> u64 {
        if self.expires_in == SHORT { 500 } else { 1_500 }
    }

    /// Returns the shortest wait of a late payer.
    #[must_use]
    pub const fn not_before(&self) -> Duration {
        match self.fate {
            Fate::PayLate => LATE,
            _ => Duration::ZERO,
        }
    }
}

fn way(method: &str) -> Value {
    match method {
        "virtual_account" => json!({"method": method, "channel": "VIRTUAL_ACCOUNT_BNI"}),
        "retail" => json!({"method": method, "channel": "RETAIL_ALFAMART"}),
        _ => json!({"method": method}),
    }
}

/// Draws an amount: mostly harmless; some endings make the sandbox act by itself (contract 7).
fn amount(rng: &mut Rng, is_link: bool) -> u64 {
    let thousands = rng.below(400).saturating_add(20).saturating_mul(1_000);
    let ending = match rng.below(100) {
        0..2 => 901,
        2..4 => 902,
        4..9 if !is_link => 903,
        9..11 if !is_link => 905,
        _ => rng.below(900),
    };
    thousands.saturating_add(ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_draws_the_same_orders() {
        let draw = |seed| {
            let one = |number| {
                let mut rng = Rng::fork(seed, &format!("order-{number}"));
                format!("{:?}", Recipe::draw(number, 3, &mut rng))
            };
            (1..50).map(one).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }
}
