//! The life of an attempt in one reviewable file.

use ayolinx_core::order::{Siblings, attempt};
use ayolinx_core::payment::{Fact, Step, step};
use ayolinx_core::states::{OrderState, PaymentState};

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
fn an_order_fails_only_when_nothing_is_left_to_pay() {
    for (siblings, expected) in [
        (Siblings::None, OrderState::Failed),
        (Siblings::Payable, OrderState::Pending),
    ] {
        let states = (PaymentState::Pending, OrderState::Pending);
        let after = attempt(states, siblings, Fact::ProviderFailed);
        assert_eq!(after.order, expected);
    }
}
