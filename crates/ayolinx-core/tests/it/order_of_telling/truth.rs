//! What a provider may hold of an order, and all that it may truthfully say of it.

use ayolinx_core::channels::AmountRule;
use ayolinx_core::funds::{OrderFunds, PaymentFunds};
use ayolinx_core::ids::PaymentId;
use ayolinx_core::messages::{ProviderStatus, ReceivedAmount};
use ayolinx_core::reading::{Channelled, ProviderWord};
use ayolinx_core::receipt::ReceiptDetails;
use ayolinx_core::states::{OrderState, PaymentState};
use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::{ASKED, FEE, now, rupiah};

/// The payments of the order: 0 and 1 are virtual accounts, whose transfers are named; 2 is a QRIS.
pub(super) fn payment_id(place: usize) -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(
        0x0193_0000 + u128::try_from(place).unwrap(),
    ))
}

/// A sum that the provider holds, and what became of it there.
#[derive(Debug, Clone)]
pub(super) struct Held {
    payment: usize,
    key: String,
    pub(super) received: i64,
    /// Running totals that status 04 told, `None` for the whole without an amount.
    returned: Vec<Option<i64>>,
    minute: i64,
}

impl Held {
    pub(super) fn is_named(&self) -> bool {
        self.payment < 2
    }

    pub(super) fn gone(&self) -> i64 {
        (self.returned.iter())
            .map(|total| total.unwrap_or(self.received))
            .max()
            .unwrap_or(0)
    }

    pub(super) fn word(
        &self,
        status: ProviderStatus,
        amount: Option<i64>,
        door: Door,
    ) -> ProviderWord {
        ProviderWord {
            channelled: match door {
                Door::Notice | Door::Flat => Channelled::Callback,
                Door::Inquiry => Channelled::Inquiry,
            },
            status: Some(status),
            amount: amount.map_or(ReceivedAmount::Absent, |it| {
                ReceivedAmount::Read(rupiah(it))
            }),
            provider_reference: Some(self.key.clone()),
            payment_request_id: (door == Door::Notice && self.is_named()).then(|| self.key.clone()),
            finished_at: Some(now() - TimeDelta::minutes(60 - self.minute)),
            channel: None,
            details: ReceiptDetails {
                fee: Some(rupiah(FEE)),
                ..ReceiptDetails::default()
            },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// A callback that names the transfer by its own key where the method has one.
    Notice,
    /// A callback of the flat shape, which names it by the provider's number.
    Flat,
    /// The answer to an inquiry.
    Inquiry,
}

/// All that may be said of an order whose payer paid these sums.
#[derive(Debug, Clone)]
pub(super) struct Truth {
    pub(super) rule: AmountRule,
    pub(super) held: Vec<Held>,
    /// Payments of which the provider also says cancelled or failed.
    ended: Vec<(usize, bool)>,
    payer_chooses: bool,
}

pub(super) fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![3 => Just(0_i64), 1 => Just(-50_000), 1 => Just(-100_000), 1 => Just(7_000)]
}

pub(super) fn truth() -> impl Strategy<Value = Truth> {
    let held = (
        0_usize..3,
        amount(),
        prop_oneof![
            3 => Just(vec![]),
            2 => Just(vec![Some(100)]),
            2 => Just(vec![None]),
            1 => Just(vec![Some(40)]),
            2 => Just(vec![Some(40), Some(100)]),
            1 => Just(vec![Some(20), Some(40)]),
        ],
        prop_oneof![Just(1_i64), Just(2), Just(3)],
    );
    (
        prop_oneof![
            3 => Just(AmountRule::Exact),
            1 => Just(AmountRule::NetOfFee),
            1 => Just(AmountRule::PlusFee)
        ],
        prop::collection::vec(held, 1..=3),
        prop::collection::vec((0_usize..3, any::<bool>()), 0..=2),
        any::<bool>(),
    )
        .prop_map(|(rule, drawn, ended, payer_chooses)| {
            let base = match rule {
                AmountRule::Exact => ASKED,
                AmountRule::NetOfFee => ASKED - FEE,
                AmountRule::PlusFee => ASKED + FEE,
            };
            let mut held: Vec<Held> = Vec::new();
            for (place, (payment, off, returned, minute)) in drawn.into_iter().enumerate() {
                // A method that does not name its transfers has one.
                if payment == 2 && held.iter().any(|it| it.payment == 2) {
                    continue;
                }
                let received = base + off;
                held.push(Held {
                    payment,
                    key: format!("{}-{place}", ['c', 'a', 'b'][place]),
                    received,
                    returned: (returned.into_iter())
                        .map(|part| part.map(|percent: i64| received * percent / 100))
                        .collect(),
                    minute,
                });
            }
            Truth {
                rule,
                held,
                ended,
                payer_chooses,
            }
        })
}

impl Truth {
    /// Every word once, by the doors that `draw` chooses, and some of them again.
    pub(super) fn words(&self, draw: u64) -> Vec<(usize, ProviderWord)> {
        let mut draw = draw;
        let mut pick = |of: u64| {
            draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (draw >> 33) % of
        };
        let mut words = Vec::new();
        for held in &self.held {
            let alone = self
                .held
                .iter()
                .filter(|it| it.payment == held.payment)
                .count()
                == 1;
            let mut tell = |status: &ProviderStatus, amount: Option<i64>| {
                words.push((
                    held.payment,
                    held.word(status.clone(), amount, Door::Notice),
                ));
                // What names no transfer of its own key is said where it can mean one only.
                let again = match pick(4) {
                    0 => Some(Door::Notice),
                    1 if alone || amount.is_some() => Some(Door::Inquiry),
                    2 if !held.is_named() => Some(Door::Flat),
                    _ => None,
                };
                if let Some(door) = again {
                    words.push((held.payment, held.word(status.clone(), amount, door)));
                }
            };
            tell(&ProviderStatus::Success, Some(held.received));
            for total in &held.returned {
                tell(&ProviderStatus::Refunded, *total);
            }
        }
        for (payment, failed) in &self.ended {
            let status = match failed {
                true => ProviderStatus::Failed,
                false => ProviderStatus::Cancelled,
            };
            let nothing = Held {
                payment: *payment,
                key: "none".to_owned(),
                received: 0,
                returned: Vec::new(),
                minute: 1,
            };
            words.push((*payment, nothing.word(status, None, Door::Inquiry)));
        }
        words
    }

    pub(super) fn order(&self) -> OrderFunds {
        OrderFunds {
            state: OrderState::Pending,
            base: OrderState::Pending,
            payer_chooses: self.payer_chooses,
            is_in_time: true,
            payments: (0..3)
                .map(|place| PaymentFunds {
                    id: payment_id(place),
                    base: PaymentState::Pending,
                    asked: rupiah(ASKED),
                    amount_rule: self.rule,
                    can_inquire: true,
                    names_transfers: place < 2,
                    expires_at: now() + TimeDelta::days(1),
                    receipts: Vec::new(),
                    notices: Vec::new(),
                })
                .collect(),
        }
    }

    /// Whether a sum is the one that was asked for.
    pub(super) fn is_right(&self, held: &Held) -> bool {
        self.rule
            .matches(rupiah(ASKED), rupiah(held.received), Some(rupiah(FEE)))
    }
}
