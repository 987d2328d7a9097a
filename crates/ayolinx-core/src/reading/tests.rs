//! Words and what they mean.

use super::*;
use crate::money::Currency;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn rupiah(text: &str) -> Amount {
    Amount::parse_decimal(text, Currency::Idr).unwrap()
}

fn known(state: PaymentState) -> Known {
    let asked = rupiah("10000");
    Known {
        state,
        asked,
        amount_rule: AmountRule::Exact,
        can_inquire: true,
        expires_at: at(3600),
        held_for_merchant: if state == PaymentState::Paid {
            asked
        } else {
            Amount::ZERO
        },
        held_in_suspense: Amount::ZERO,
        refunded: Amount::ZERO,
        receipt_keys: Vec::new(),
        suspense_keys: Vec::new(),
        returned_keys: Vec::new(),
    }
}

fn word(status: &str, amount: ReceivedAmount) -> ProviderWord {
    ProviderWord {
        channelled: Channelled::Callback,
        status: Some(ProviderStatus::from_code(status)),
        amount,
        fee: None,
        provider_reference: None,
        payment_request_id: None,
        finished_at: None,
    }
}

#[test]
fn only_the_right_amount_is_paid() {
    let pending = known(PaymentState::Pending);
    let right = ReceivedAmount::Read(rupiah("10000.00"));
    let wrong = ReceivedAmount::Read(rupiah("9999.00"));
    assert_eq!(
        read(&word("00", right), &pending, at(1)),
        Reading::Apply(Fact::PaidInFull, Some(rupiah("10000")))
    );
    assert_eq!(
        read(&word("00", wrong), &pending, at(1)),
        Reading::Apply(Fact::PaidOtherAmount, Some(rupiah("9999")))
    );
    assert_eq!(
        read(&word("00", ReceivedAmount::Unreadable), &pending, at(1)),
        Reading::Apply(Fact::PaidOtherAmount, None)
    );
}

#[test]
fn an_amount_that_is_not_there_is_asked_for_and_reviewed_where_nobody_can_be_asked() {
    let mut payment = known(PaymentState::Pending);
    let absent = word("00", ReceivedAmount::Absent);
    assert_eq!(read(&absent, &payment, at(1)), Reading::Ask);
    payment.can_inquire = false;
    assert_eq!(
        read(&absent, &payment, at(1)),
        Reading::Apply(Fact::PaidUnproven, None)
    );
    payment.can_inquire = true;
    let mut inquiry = absent;
    inquiry.channelled = Channelled::Inquiry;
    assert_eq!(
        read(&inquiry, &payment, at(1)),
        Reading::Apply(Fact::PaidUnproven, None)
    );
}

#[test]
fn stale_words_are_hints_only() {
    let mut payment = known(PaymentState::Pending);
    let mut stale = word("00", ReceivedAmount::Read(rupiah("10000")));
    stale.channelled = Channelled::StaleCallback;
    assert_eq!(read(&stale, &payment, at(1)), Reading::Ask);
    payment.can_inquire = false;
    assert_eq!(
        read(&stale, &payment, at(1)),
        Reading::Apply(Fact::PaidUnproven, None)
    );
    stale.status = Some(ProviderStatus::Failed);
    assert_eq!(read(&stale, &payment, at(1)), Reading::Nothing);
}

#[test]
fn a_second_request_id_is_a_second_receipt_and_the_first_one_names_the_first() {
    let mut paid = known(PaymentState::Paid);
    let mut notice = word("00", ReceivedAmount::Read(rupiah("10000")));
    notice.payment_request_id = Some("B".to_owned());
    assert_eq!(
        read(&notice, &paid, at(1)),
        Reading::Apply(Fact::PaidInFull, Some(rupiah("10000")))
    );
    paid.receipt_keys = vec!["A".to_owned()];
    assert_eq!(
        read(&notice, &paid, at(1)),
        Reading::Apply(Fact::PaidAgain, Some(rupiah("10000")))
    );
}

#[test]
fn a_cancel_near_expiry_is_an_expiry() {
    let pending = known(PaymentState::Pending);
    let cancelled = word("05", ReceivedAmount::Absent);
    for (now, fact) in [
        (3539, Fact::ProviderCancelled),
        (3540, Fact::ProviderExpired),
        (9999, Fact::ProviderExpired),
    ] {
        assert_eq!(
            read(&cancelled, &pending, at(now)),
            Reading::Apply(fact, None)
        );
    }
}

#[test]
fn a_refund_names_a_part_the_whole_or_nothing_we_know() {
    let paid = known(PaymentState::Paid);
    let refund = |text: &str| word("04", ReceivedAmount::Read(rupiah(text)));
    assert_eq!(
        read(&refund("10000"), &paid, at(1)),
        Reading::Apply(Fact::ProviderRefunded, None)
    );
    assert_eq!(
        read(&refund("4000"), &paid, at(1)),
        Reading::Apply(Fact::ProviderPartlyRefunded, Some(rupiah("4000")))
    );
    let mut partly = paid.clone();
    partly.refunded = rupiah("4000");
    partly.held_for_merchant = rupiah("6000");
    assert_eq!(read(&refund("4000"), &partly, at(1)), Reading::Nothing);
    assert_eq!(
        read(&refund("4000"), &known(PaymentState::Pending), at(1)),
        Reading::Apply(Fact::RefundWithoutReceipt, Some(rupiah("4000")))
    );
}

#[test]
fn fees_are_reckoned_by_the_channels_rule() {
    let mut payment = known(PaymentState::Pending);
    payment.amount_rule = AmountRule::PlusFee;
    let mut notice = word("00", ReceivedAmount::Read(rupiah("10500")));
    assert_eq!(read(&notice, &payment, at(1)), Reading::Ask);
    notice.fee = Some(rupiah("500"));
    assert_eq!(
        read(&notice, &payment, at(1)),
        Reading::Apply(Fact::PaidInFull, Some(rupiah("10000")))
    );
}

#[test]
fn the_providers_time_counts_only_where_it_can_be_true() {
    assert_eq!(paid_at(Some(at(5)), at(0), at(10)), at(5));
    assert_eq!(paid_at(Some(at(0)), at(0), at(10)), at(0));
    assert_eq!(paid_at(Some(at(11)), at(0), at(10)), at(10));
    assert_eq!(paid_at(Some(at(-5)), at(0), at(10)), at(10));
    assert_eq!(paid_at(None, at(0), at(10)), at(10));
}

#[test]
fn a_refund_concerns_the_receipt_it_names_and_counts_once() {
    let mut paid = known(PaymentState::Paid);
    paid.receipt_keys = vec!["A".to_owned(), "B".to_owned()];
    paid.suspense_keys = vec!["B".to_owned()];
    paid.held_in_suspense = rupiah("10000");
    let mut refund = word("04", ReceivedAmount::Read(rupiah("10000")));
    refund.payment_request_id = Some("B".to_owned());
    let further = Reading::Apply(Fact::FurtherReceiptRefunded, Some(rupiah("10000")));
    assert_eq!(read(&refund, &paid, at(1)), further);
    let mut refunded = paid.clone();
    refunded.state = PaymentState::Refunded;
    refunded.held_for_merchant = Amount::ZERO;
    assert_eq!(read(&refund, &refunded, at(1)), further);
    paid.suspense_keys.clear();
    paid.held_in_suspense = Amount::ZERO;
    paid.returned_keys = vec!["B".to_owned()];
    assert_eq!(read(&refund, &paid, at(1)), Reading::Nothing);
}
