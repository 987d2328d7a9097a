//! The whole table of the product in one reviewable file: every state, every fact, every order.

use ayolinx_core::money::Amount;
use ayolinx_core::order::{Decision, OrderContext, PaymentContext, decide};
use ayolinx_core::payment::{Fact, Step, step};
use ayolinx_core::states::{OrderState, PaymentState};

fn payment(state: PaymentState) -> PaymentContext {
    let asked = Amount::rupiah(10_000).unwrap();
    PaymentContext {
        state,
        asked,
        held_for_merchant: if state == PaymentState::Paid {
            asked
        } else {
            Amount::ZERO
        },
        held_in_suspense: if state == PaymentState::Review {
            Amount::rupiah(9_000).unwrap()
        } else {
            Amount::ZERO
        },
    }
}

fn line(decision: &Decision) -> String {
    let bookings: Vec<String> = decision
        .bookings
        .iter()
        .map(|(booking, amount)| format!("{}:{}", booking.as_str(), amount.whole_rupiah()))
        .collect();
    format!(
        "payment={} order={}{} event={} books=[{}]{}{}",
        decision.payment,
        decision.order,
        if decision.paid_late { " late" } else { "" },
        decision.event.map_or("-", |event| event.as_str()),
        bookings.join(" "),
        if decision.close_others {
            " close_others"
        } else {
            ""
        },
        if decision.close_at_provider {
            " close_at_provider"
        } else {
            ""
        },
    )
}

#[test]
fn the_table_of_states_and_facts_is_the_golden_one() {
    let mut table = String::new();
    for fact in Fact::ALL {
        table.push_str(&format!("{}\n", fact.as_str()));
        for state in PaymentState::ALL {
            let next = match step(*state, *fact) {
                Step::To(next) => next.as_str(),
                Step::Note => "(note)",
                Step::Stay => "-",
            };
            table.push_str(&format!("  {:<10} {next}\n", state.as_str()));
        }
    }
    insta::assert_snapshot!("payment_transitions", table);
}

#[test]
fn the_decisions_for_every_order_are_the_golden_ones() {
    let mut table = String::new();
    for order_state in OrderState::ALL {
        for state in PaymentState::ALL {
            for fact in Fact::ALL {
                let order = OrderContext {
                    state: *order_state,
                    payer_chooses: false,
                    others_open: false,
                };
                let money = Some(Amount::rupiah(10_000).unwrap());
                let decision = decide(&payment(*state), &order, *fact, money);
                if decision.changed || decision.close_at_provider {
                    table.push_str(&format!(
                        "order={order_state} payment={state} {} -> {}\n",
                        fact.as_str(),
                        line(&decision)
                    ));
                }
            }
        }
    }
    insta::assert_snapshot!("order_decisions", table);
}

#[test]
fn money_always_wins_and_paid_is_left_only_by_refunds() {
    for state in PaymentState::ALL {
        let expected = match state {
            PaymentState::Paid | PaymentState::Refunded => Step::Stay,
            _ => Step::To(PaymentState::Paid),
        };
        assert_eq!(step(*state, Fact::PaidInFull), expected, "{state}");
    }
    for fact in Fact::ALL {
        if let Step::To(next) = step(PaymentState::Paid, *fact) {
            assert_eq!(next, PaymentState::Refunded, "{fact:?}");
        }
        assert!(
            !matches!(step(PaymentState::Refunded, *fact), Step::To(_)),
            "{fact:?}"
        );
    }
}

#[test]
fn an_order_fails_only_when_nothing_is_left_to_pay() {
    for (payer_chooses, others_open, expected) in [
        (false, false, OrderState::Failed),
        (true, false, OrderState::Pending),
        (false, true, OrderState::Pending),
    ] {
        let order = OrderContext {
            state: OrderState::Pending,
            payer_chooses,
            others_open,
        };
        let decision = decide(
            &payment(PaymentState::Pending),
            &order,
            Fact::ProviderFailed,
            None,
        );
        assert_eq!(decision.order, expected);
    }
}

#[test]
fn a_second_payment_of_a_paid_order_goes_to_suspense() {
    let order = OrderContext {
        state: OrderState::Paid,
        payer_chooses: false,
        others_open: false,
    };
    let decision = decide(
        &payment(PaymentState::Cancelled),
        &order,
        Fact::PaidInFull,
        Some(Amount::rupiah(10_000).unwrap()),
    );
    assert_eq!(
        line(&decision),
        "payment=paid order=paid event=order.overpaid books=[receive_into_suspense:10000]"
    );
}
