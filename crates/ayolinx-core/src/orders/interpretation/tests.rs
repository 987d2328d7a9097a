//! Reports and their meaning.

use super::*;
use crate::channels::AmountRule;
use crate::values::ids::PaymentId;
use crate::values::money::Currency;
use crate::values::states::PaymentState;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn rupiah(text: &str) -> Amount {
    Amount::parse_decimal(text, Currency::Idr).unwrap()
}

fn known() -> PaymentFunds {
    PaymentFunds {
        id: PaymentId::from_uuid(uuid::Uuid::from_u128(1)),
        base: PaymentState::Pending,
        asked: rupiah("10000"),
        amount_rule: AmountRule::Exact,
        can_inquire: true,
        names_transfers: false,
        expires_at: at(3600),
        receipts: Vec::new(),
        notices: Vec::new(),
    }
}

fn paid() -> PaymentFunds {
    let mut payment = known();
    let success = word("00", ReceivedAmount::Read(rupiah("10000"))).success(rupiah("10000"));
    payment.learn_success(&success, false, (receipt_id(1), at(0)));
    payment
}

fn receipt_id(number: u128) -> ReceiptId {
    ReceiptId::from_uuid(uuid::Uuid::from_u128(number))
}

fn word(status: &str, amount: ReceivedAmount) -> ProviderWord {
    ProviderWord {
        channelled: Channelled::Callback,
        status: Some(ProviderStatus::from_code(status)),
        amount,
        provider_reference: None,
        payment_request_id: None,
        finished_at: None,
        channel: None,
        details: ReceiptDetails::default(),
    }
}

/// Returns a reading in a few letters.
fn told(reading: &Reading) -> String {
    match reading {
        Reading::Attempt(fact) => fact.as_str().to_owned(),
        Reading::Receipt(success) => format!("receipt {}", success.received.whole_rupiah()),
        Reading::Notice(name, NoticeSays::Paid) => format!("paid {name:?}"),
        Reading::Notice(name, NoticeSays::Returned(returned)) if returned.whole => {
            format!("returned all {name:?}")
        }
        Reading::Notice(name, NoticeSays::Returned(returned)) => {
            format!("returned {} {name:?}", returned.total.whole_rupiah())
        }
        Reading::Ask => "ask".to_owned(),
        Reading::Nothing => "nothing".to_owned(),
    }
}

#[test]
fn a_sum_is_taken_in_and_what_is_no_sum_of_ours_is_a_claim() {
    let right = ReceivedAmount::Read(rupiah("10000.00"));
    let zero = ReceivedAmount::Read(Amount::ZERO);
    let mut link = known();
    link.can_inquire = false;
    for (amount, payment, expected) in [
        (right, &known(), "receipt 10000"),
        (
            ReceivedAmount::Read(rupiah("9999")),
            &known(),
            "receipt 9999",
        ),
        (ReceivedAmount::Unreadable, &known(), "paid Nothing"),
        (ReceivedAmount::Absent, &known(), "ask"),
        (zero, &known(), "ask"),
        (ReceivedAmount::Absent, &link, "paid Nothing"),
        (zero, &link, "paid Nothing"),
        (ReceivedAmount::Absent, &paid(), "nothing"),
        (ReceivedAmount::Unreadable, &paid(), "nothing"),
    ] {
        assert_eq!(
            told(&read(&word("00", amount), payment, at(1))),
            expected,
            "{amount:?}"
        );
    }
    let mut inquiry = word("00", ReceivedAmount::Absent);
    inquiry.channelled = Channelled::Inquiry;
    assert_eq!(told(&read(&inquiry, &known(), at(1))), "paid Nothing");
    let mut other = word("00", ReceivedAmount::Absent);
    other.payment_request_id = Some("K".to_owned());
    assert_eq!(told(&read(&other, &paid(), at(1))), "ask");
}

#[test]
fn stale_words_are_hints_only() {
    let mut payment = known();
    let mut stale = word("00", ReceivedAmount::Read(rupiah("10000")));
    stale.channelled = Channelled::StaleCallback;
    assert_eq!(told(&read(&stale, &payment, at(1))), "ask");
    payment.can_inquire = false;
    assert_eq!(told(&read(&stale, &payment, at(1))), "paid Nothing");
    stale.status = Some(ProviderStatus::Failed);
    assert_eq!(told(&read(&stale, &payment, at(1))), "nothing");
}

#[test]
fn a_cancel_near_expiry_is_an_expiry() {
    let cancelled = word("05", ReceivedAmount::Absent);
    for (now, fact) in [
        (3539, "provider_cancelled"),
        (3540, "provider_expired"),
        (9999, "provider_expired"),
    ] {
        assert_eq!(told(&read(&cancelled, &known(), at(now))), fact);
    }
}

#[test]
fn what_went_back_is_said_of_the_receipt_that_is_named() {
    let mut refund = word("04", ReceivedAmount::Read(rupiah("4000")));
    assert_eq!(
        told(&read(&refund, &known(), at(1))),
        "returned 4000 Nothing"
    );
    refund.amount = ReceivedAmount::Absent;
    assert_eq!(
        told(&read(&refund, &known(), at(1))),
        "returned all Nothing"
    );
    refund.provider_reference = Some("R".to_owned());
    assert_eq!(
        told(&read(&refund, &known(), at(1))),
        "returned all Nothing"
    );
    let mut account = known();
    account.names_transfers = true;
    assert_eq!(
        told(&read(&refund, &account, at(1))),
        "returned all Reference(\"R\")"
    );
    refund.channelled = Channelled::Inquiry;
    assert_eq!(
        told(&read(&refund, &account, at(1))),
        "returned all Inquiry(\"R\")"
    );
    refund.payment_request_id = Some("K".to_owned());
    assert_eq!(
        told(&read(&refund, &account, at(1))),
        "returned all Key(\"K\")"
    );
}

#[test]
fn a_fee_that_the_rule_needs_is_asked_for_once() {
    let mut payment = known();
    payment.amount_rule = AmountRule::PlusFee;
    let mut notice = word("00", ReceivedAmount::Read(rupiah("10500")));
    assert_eq!(told(&read(&notice, &payment, at(1))), "ask");
    notice.channelled = Channelled::Inquiry;
    assert_eq!(told(&read(&notice, &payment, at(1))), "receipt 10500");
    notice.channelled = Channelled::Callback;
    notice.details.fee = Some(rupiah("500"));
    let Reading::Receipt(success) = read(&notice, &payment, at(1)) else {
        panic!("a sum");
    };
    let learnt = payment.learn_success(&success, false, (receipt_id(1), at(1)));
    assert_eq!(learnt.fact, MoneyFact::PaidInFull);
    notice.details.fee = None;
    assert_eq!(told(&read(&notice, &payment, at(1))), "receipt 10500");
}

#[test]
fn the_providers_time_counts_only_where_it_can_be_true() {
    assert_eq!(paid_at(Some(at(5)), at(0), at(10)), at(5));
    assert_eq!(paid_at(Some(at(0)), at(0), at(10)), at(0));
    assert_eq!(paid_at(Some(at(11)), at(0), at(10)), at(10));
    assert_eq!(paid_at(Some(at(-5)), at(0), at(10)), at(10));
    assert_eq!(paid_at(None, at(0), at(10)), at(10));
}
