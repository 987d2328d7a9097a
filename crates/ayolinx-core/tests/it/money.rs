//! What single words of the provider, and single decisions of a person, do to an order's money.

use ayolinx_core::channels::AmountRule;
use ayolinx_core::intake::{Input, ReviewVerdict};
use ayolinx_core::money::Amount;
use ayolinx_core::order::{Close, decide};
use ayolinx_core::states::{OrderState, PaymentState};

use crate::story::{Story, payment_id, word};

#[test]
fn what_went_back_before_it_came_is_not_the_shops() {
    let mut story = Story::new();
    assert_eq!(story.hear(2, "04 - 150"), "review order.review_required []");
    assert_eq!(
        story.hear(2, "00 - 150"),
        "refunded order.refunded [receive_for_merchant:150 refund_from_merchant:150]"
    );
    assert_eq!(story.hear(2, "04 - 150"), "refunded - []");
    let mut story = Story::new();
    story.hear(2, "04 - 50");
    assert_eq!(
        story.hear(2, "00 - 150"),
        "paid order.paid [receive_for_merchant:150 refund_from_merchant:50]"
    );
}

#[test]
fn another_transfer_is_other_money_in_every_state() {
    let mut story = Story::new();
    assert_eq!(
        story.hear(0, "00 K1 100"),
        "review order.review_required [receive_into_suspense:100]"
    );
    assert_eq!(
        story.hear(0, "00 K2 150"),
        "paid order.paid [receive_for_merchant:150]"
    );
    assert_eq!(story.holds(), (150, 100));
    assert_eq!(
        story.hear(0, "00 K3 50"),
        "paid order.overpaid [receive_into_suspense:50]"
    );
    assert_eq!(story.hear(0, "04 K1 100"), "paid - [release_suspense:100]");
    let mut story = Story::new();
    story.hear(0, "00 K1 100");
    assert_eq!(
        story.hear(0, "00 K2 50"),
        "review order.review_required [receive_into_suspense:50]"
    );
    assert_eq!(
        story.resolve(ReviewVerdict::Accept),
        "paid order.paid [suspense_to_merchant:100 suspense_to_merchant:50]"
    );
    // Found by an inquiry, which names no transfer: it takes the name of its own sum only.
    let mut story = Story::new();
    story.hear(0, "00 - 150");
    assert_eq!(
        story.hear(0, "00 K2 50"),
        "paid order.overpaid [receive_into_suspense:50]"
    );
    assert_eq!(story.hear(0, "00 K1 150"), "paid - []");
    assert_eq!(story.holds(), (150, 50));
}

#[test]
fn a_correction_of_one_receipt_leaves_nothing_of_the_first_sum() {
    let mut story = Story::new();
    story.hear(2, "00 - 149");
    assert_eq!(
        story.hear(2, "00 - 150"),
        "paid order.paid [release_suspense:149 receive_for_merchant:150]"
    );
    assert_eq!(story.hear(2, "00 - 149"), "paid - []");
}

#[test]
fn of_two_wrong_sums_told_for_one_receipt_the_larger_counts_whichever_comes_first() {
    for told in [["00 - 100", "00 - 120"], ["00 - 120", "00 - 100"]] {
        let mut story = Story::new();
        for word in told {
            story.hear(2, word);
        }
        assert_eq!(story.holds(), (0, 120), "{told:?}");
    }
}

#[test]
fn what_ends_a_review_puts_the_order_where_it_would_be_without_it() {
    // Another payment is open.
    for verdict in [ReviewVerdict::Refund, ReviewVerdict::Reject] {
        let mut story = Story::new();
        story.funds.payments[1].base = PaymentState::Pending;
        story.hear(0, "00 K1 15");
        let ended = story.resolve(verdict);
        assert!(ended.starts_with("pending"), "{ended}");
        assert!(story.hear(1, "00 K2 150").starts_with("paid order.paid "));
    }
    // It had ended before.
    for base in [
        OrderState::Cancelled,
        OrderState::Expired,
        OrderState::Failed,
    ] {
        for verdict in [ReviewVerdict::Refund, ReviewVerdict::Reject] {
            let mut story = Story::new();
            (story.funds.state, story.funds.base) = (base, base);
            story.funds.payments[0].base = PaymentState::Cancelled;
            assert!(story.hear(0, "00 K1 15").starts_with("review"));
            story.resolve(verdict);
            assert_eq!(story.funds.state, base, "{verdict:?}");
        }
    }
    // Nothing is open, nothing was before.
    let mut story = Story::new();
    story.hear(0, "00 K1 15");
    assert_eq!(
        story.resolve(ReviewVerdict::Refund),
        "refunded order.refunded [release_suspense:15]"
    );
    assert_eq!(story.resolve(ReviewVerdict::Refund), "nothing");
    assert!(story.funds.was_decided(ReviewVerdict::Refund));
    let mut story = Story::new();
    story.hear(0, "00 K1 15");
    assert_eq!(
        story.resolve(ReviewVerdict::Reject),
        "failed order.failed [release_suspense:15]"
    );
    assert_eq!(
        story.hear(0, "00 K1 15"),
        "failed - []",
        "it stays struck out"
    );
    assert!(
        story
            .hear(0, "00 K1 150")
            .starts_with("paid late order.paid_late"),
        "money wins"
    );
    // The payer can still choose.
    let mut story = Story::new();
    story.funds.payer_chooses = true;
    story.hear(0, "00 K1 15");
    assert!(story.resolve(ReviewVerdict::Refund).starts_with("pending"));
}

#[test]
fn a_claim_without_a_sum_is_decided_too() {
    for (verdict, expected) in [
        (
            ReviewVerdict::Accept,
            "paid order.paid [receive_for_merchant:150]",
        ),
        (ReviewVerdict::Refund, "refunded order.refunded []"),
        (ReviewVerdict::Reject, "failed order.failed []"),
    ] {
        let mut story = Story::new();
        story.funds.payments[0].can_inquire = false;
        assert_eq!(story.hear(0, "00 - all"), "review order.review_required []");
        assert_eq!(story.resolve(verdict), expected);
        assert_eq!(story.hear(0, "00 - all").split(' ').nth(1), Some("-"));
    }
}

#[test]
fn of_two_right_sums_one_is_the_orders_and_the_other_takes_its_place() {
    let mut story = Story::new();
    story.hear(0, "00 K2 150");
    assert_eq!(
        story.hear(0, "00 K1 150"),
        "paid order.overpaid [merchant_to_suspense:150 receive_for_merchant:150]",
        "the smaller key"
    );
    assert_eq!(
        story.hear(0, "04 K1 150"),
        "paid - [suspense_to_merchant:150 refund_from_merchant:150]",
        "the shop has what it had"
    );
    assert_eq!(story.holds(), (150, 0));
    assert_eq!(
        story.hear(0, "04 K2 all"),
        "refunded order.refunded [refund_from_merchant:150]"
    );
    assert!(story.hear(0, "00 K3 150").starts_with("paid order.paid "));
}

#[test]
fn what_a_transfer_not_heard_of_gave_back_takes_no_others_money() {
    for amount in ["100", "150"] {
        let mut story = Story::new();
        story.hear(0, "00 b 150");
        assert_eq!(story.hear(0, &format!("04 a {amount}")), "paid - []");
        story.hear(0, &format!("00 a {amount}"));
        assert_eq!(story.holds(), (150, 0), "{amount}");
        assert_eq!(story.funds.state, OrderState::Paid);
    }
}

#[test]
fn while_only_wrong_sums_wait_the_order_is_under_review() {
    let mut story = Story::new();
    story.hear(0, "00 K1 150");
    story.hear(0, "00 K2 70");
    assert!(
        story
            .hear(0, "04 K1 150")
            .starts_with("review order.review_required")
    );
    assert!(
        story
            .hear(0, "04 K2 70")
            .starts_with("refunded order.refunded")
    );
}

#[test]
fn the_amount_rule_holds_for_what_goes_back() {
    for (rule, received) in [(AmountRule::NetOfFee, 149), (AmountRule::PlusFee, 151)] {
        let mut story = Story::new();
        story.funds.payments[2].amount_rule = rule;
        let before = story.before();
        let id = story.id();
        let mut success = word(&format!("00 - {received}"));
        success.details.fee = Some(Amount::rupiah(1000).unwrap());
        (story.funds)
            .take(payment_id(2), &Input::Word(&success), id)
            .unwrap();
        assert_eq!(
            story.is_decided(&before, payment_id(2)),
            "paid order.paid [receive_for_merchant:150]"
        );
        assert_eq!(
            story.hear(2, &format!("04 - {received}")),
            "refunded order.refunded [refund_from_merchant:150]",
            "{rule:?}"
        );
    }
}

#[test]
fn refunds_are_completed_in_parts_and_a_total_told_later_is_not_added() {
    let mut story = Story::new();
    story.hear(2, "00 - 150");
    assert_eq!(
        story.refund(2, 50),
        "paid order.refunded [refund_from_merchant:50]"
    );
    assert_eq!(story.hear(2, "04 - 50"), "paid - []");
    assert_eq!(
        story.hear(2, "04 - 80"),
        "paid order.refunded [refund_from_merchant:30]"
    );
    assert_eq!(story.hear(2, "04 - 60"), "paid - []", "it never falls");
    assert_eq!(
        story.refund(2, 70),
        "refunded order.refunded [refund_from_merchant:70]"
    );
}

#[test]
fn money_that_comes_after_the_end_is_late() {
    for base in [
        OrderState::Cancelled,
        OrderState::Expired,
        OrderState::Failed,
    ] {
        let mut story = Story::new();
        (story.funds.state, story.funds.base) = (base, base);
        assert_eq!(
            story.hear(2, "00 - 150"),
            "paid late order.paid_late [receive_for_merchant:150]"
        );
    }
}

#[test]
fn a_later_transfer_takes_no_return_away_from_the_one_before() {
    for first in [100, 150] {
        for told in ["all".to_owned(), first.to_string()] {
            for second in [50, 100, 150, 200] {
                let mut story = Story::new();
                story.hear(0, &format!("00 K1 {first}"));
                story.hear(0, &format!("04 - {told}"));
                assert_eq!(story.holds(), (0, 0), "{first} {told}");
                story.hear(0, &format!("00 K2 {second}"));
                let (booked, suspense) = story.holds();
                assert_eq!(booked + suspense, second, "{first} {told} {second}");
            }
        }
    }
}

#[test]
fn a_part_that_persons_gave_back_is_a_part_of_what_is_booked() {
    for (rule, received) in [(AmountRule::NetOfFee, 140), (AmountRule::PlusFee, 160)] {
        for part in 1..150 {
            let mut story = Story::new();
            story.funds.payments[2].amount_rule = rule;
            let before = story.before();
            let id = story.id();
            let mut success = word(&format!("00 - {received}"));
            success.details.fee = Some(Amount::rupiah(10_000).unwrap());
            (story.funds)
                .take(payment_id(2), &Input::Word(&success), id)
                .unwrap();
            story.is_decided(&before, payment_id(2));
            assert_eq!(
                story.refund(2, part),
                format!("paid order.refunded [refund_from_merchant:{part}]"),
                "{rule:?}"
            );
            let rest = 150 - part;
            assert_eq!(
                story.refund(2, rest),
                format!("refunded order.refunded [refund_from_merchant:{rest}]"),
                "{rule:?}"
            );
        }
    }
}

#[test]
fn a_return_that_was_struck_out_counts_when_it_is_told_again_beside_its_money() {
    for returned in [50, 100, 150] {
        let mut story = Story::new();
        story.hear(2, &format!("04 - {returned}"));
        story.resolve(ReviewVerdict::Reject);
        story.hear(2, "00 - 150");
        assert_eq!(story.holds(), (150, 0), "{returned}");
        story.hear(2, &format!("04 - {returned}"));
        assert_eq!(story.holds(), (150 - returned, 0), "{returned}");
    }
}

#[test]
fn a_return_of_another_number_takes_nothing_of_a_numbered_receipt() {
    for returned in [50, 150] {
        for (number, left) in [("R1", 150 - returned), ("R2", 150)] {
            let mut story = Story::new();
            for (text, number) in [
                ("00 - 150".to_owned(), "R1"),
                (format!("04 - {returned}"), number),
            ] {
                let mut told = word(&text);
                told.provider_reference = Some(number.to_owned());
                let before = story.before();
                let id = story.id();
                (story.funds)
                    .take(payment_id(0), &Input::Word(&told), id)
                    .unwrap();
                story.is_decided(&before, payment_id(0));
            }
            assert_eq!(story.holds(), (left, 0), "{number} {returned}");
        }
    }
}

#[test]
fn money_that_had_gone_back_when_it_came_closes_the_other_payments_too() {
    for (first, second) in [("04 - 150", "00 - 150"), ("00 - 150", "04 - 150")] {
        let mut story = Story::new();
        story.funds.payments[1].base = PaymentState::Pending;
        let mut closes = Vec::new();
        for text in [first, second] {
            let before = story.before();
            let id = story.id();
            (story.funds)
                .take(payment_id(2), &Input::Word(&word(text)), id)
                .unwrap();
            closes.push(decide(&before, &story.funds, payment_id(2)).unwrap().close);
            story.is_decided(&before, payment_id(2));
        }
        assert_eq!(story.funds.state, OrderState::Refunded, "{first}");
        assert!(closes.contains(&Close::Others), "{first}: {closes:?}");
    }
}
