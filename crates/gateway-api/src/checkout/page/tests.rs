//! The checkout page in every state an order can be in.

use std::sync::LazyLock;

use ayolinx_core::channels::{ChannelTable, Environment};
use ayolinx_core::ids::{OrderId, PaymentId};
use ayolinx_core::method::Method;
use ayolinx_core::money::Amount;
use chrono::TimeDelta;
use uuid::Uuid;

use super::*;
use crate::checkout::choices::choices;
use crate::orders::params::payment::OrderFacts;

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-21T14:00:00+07:00")
        .unwrap()
        .with_timezone(&Utc)
}

fn order(artefact: Option<Artefact>) -> OrderRecord {
    let expires_at = now() + TimeDelta::hours(1);
    let payments = artefact.map(|artefact| PaymentRecord {
        id: PaymentId::from_uuid(Uuid::from_u128(1)),
        method: Method::Qris,
        channel: None,
        state: PaymentState::Pending,
        provider_reference: None,
        artefact: Some(artefact),
        failure: None,
        created_at: now(),
        expires_at,
        paid_at: None,
        receipts: Vec::new(),
    });
    OrderRecord {
        id: OrderId::from_uuid(Uuid::from_u128(2)),
        reference: "INV-2026-0001".to_owned(),
        state: OrderState::Pending,
        version: 3,
        amount: Amount::rupiah(150_000).unwrap(),
        paid_amount: Amount::ZERO,
        paid_late: false,
        description: Some("Kopi susu 3x".to_owned()),
        customer: None,
        return_url: Some("https://shop.example.co.id/thanks".to_owned()),
        metadata: None,
        checkout_token: "tok".to_owned(),
        created_at: now(),
        updated_at: now(),
        expires_at,
        paid_at: None,
        payments: payments.into_iter().collect(),
    }
}

fn qr() -> Option<Artefact> {
    Some(Artefact::Qr {
        qr_string: "000201QR".to_owned(),
    })
}

fn table() -> &'static ChannelTable {
    static TABLE: LazyLock<ChannelTable> =
        LazyLock::new(|| ChannelTable::built_in(Environment::NonProduction));
    &TABLE
}

fn view(order: &OrderRecord) -> CheckoutView<'_> {
    CheckoutView {
        shop: "Kopi Kita",
        order,
        payer_chooses: false,
        choices: Vec::new(),
        channels: table(),
        was_refused: false,
        now: now(),
    }
}

/// Returns the view with every way to pay that suits the order.
fn choosing(order: &OrderRecord) -> CheckoutView<'_> {
    let facts = OrderFacts {
        amount: order.amount,
        customer: order.customer.as_ref(),
        return_url: order.return_url.as_deref(),
    };
    CheckoutView {
        payer_chooses: true,
        choices: choices(table(), facts),
        ..view(order)
    }
}

fn shown(view: &CheckoutView<'_>) -> String {
    render_checkout(view, Language::Indonesian).unwrap()
}

fn page(order: &OrderRecord) -> String {
    render_checkout(&view(order), Language::Indonesian).unwrap()
}

#[test]
fn a_qr_order_shows_its_picture_amount_and_time() {
    let order = order(qr());
    let page = page(&order);
    for text in [
        "Kopi Kita",
        "Rp150.000",
        "Kopi susu 3x",
        "INV-2026-0001",
        "qr.svg?t=tok",
        "21 November 2026 15.00 WIB",
        "/status?t=tok",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert_eq!(view(&order).qr_text(), Some("000201QR"));
    let english = render_checkout(&view(&order), Language::English).unwrap();
    assert!(english.contains("Scan to pay") && english.contains("<html lang=\"en\">"));
}

#[test]
fn every_kind_of_artefact_has_its_page() {
    let text = |text: &str| text.to_owned();
    for (artefact, shown) in [
        (
            Artefact::Redirect {
                url: text("https://dana.example/x"),
                link_code: None,
            },
            "href=\"https://dana.example/x\"",
        ),
        (
            Artefact::VirtualAccount {
                number: text("9882917212345678"),
                bank: text("BNI"),
                account_name: text("BUDI"),
            },
            "data-copy=\"9882917212345678\"",
        ),
        (
            Artefact::PaymentCode {
                code: text("021113791978"),
                store: text("ALFAMART"),
                instructions_url: None,
            },
            "data-copy=\"021113791978\"",
        ),
    ] {
        let page = page(&order(Some(artefact)));
        assert!(page.contains(shown), "{shown}: {page}");
    }
}

#[test]
fn a_finished_order_shows_nothing_to_pay_and_asks_no_more() {
    for state in OrderState::ALL
        .iter()
        .filter(|state| **state != OrderState::Pending)
    {
        let mut order = order(qr());
        order.state = *state;
        let page = page(&order);
        // Somebody still decides about one under review.
        let waits = *state == OrderState::Review;
        assert!(!page.contains("qr.svg"), "{state}");
        assert_eq!(page.contains("data-status"), waits, "{state}");
        assert_eq!(page.contains("<noscript>"), waits, "{state}");
        assert_eq!(view(&order).qr_text(), None, "{state}");
    }
}

#[test]
fn past_its_time_nothing_can_be_scanned() {
    let mut order = order(qr());
    order.expires_at = now();
    order.payments[0].expires_at = now();
    let page = page(&order);
    assert!(page.contains("Waktu habis"));
    assert!(
        page.contains("data-status"),
        "it may have been paid in time"
    );
    assert_eq!(view(&order).qr_text(), None);
}

#[test]
fn the_time_shown_is_that_of_the_payment_on_show() {
    let mut order = order(qr());
    order.payments[0].expires_at = now() + TimeDelta::minutes(15);
    assert!(page(&order).contains("datetime=\"2026-11-21T07:15:00Z\""));
    order.payments[0].state = PaymentState::Failed;
    assert!(page(&order).contains("datetime=\"2026-11-21T08:00:00Z\""));
}

#[test]
fn a_payment_in_the_making_says_so() {
    for state in [PaymentState::Creating, PaymentState::Unknown] {
        let mut order = order(qr());
        order.payments[0].state = state;
        assert!(page(&order).contains("Menyiapkan pembayaran"), "{state}");
    }
}

#[test]
fn the_payer_chooses_among_what_suits_the_order() {
    let order = order(None);
    let view = choosing(&order);
    let codes: Vec<_> = view
        .choices
        .iter()
        .map(|choice| choice.channel.as_str())
        .collect();
    assert_eq!(codes, ["BNC_QRIS", "EMONEY_DANA_SNAP"]);
    let page = shown(&view);
    assert!(
        page.contains("value=\"BNC_QRIS\"") && page.contains("/payments?t=tok"),
        "{page}"
    );
}

#[test]
fn who_chose_may_choose_again_and_whom_the_shop_told_may_not() {
    let order = order(qr());
    let again = "Bayar dengan cara lain";
    assert!(shown(&choosing(&order)).contains(again));
    let told = CheckoutView {
        payer_chooses: false,
        ..choosing(&order)
    };
    assert!(!shown(&told).contains(again));
    let late = CheckoutView {
        now: order.expires_at,
        ..choosing(&order)
    };
    assert!(!shown(&late).contains("<form"));
}

#[test]
fn after_a_failure_the_payer_may_try_again_in_time() {
    let mut order = order(qr());
    order.state = OrderState::Failed;
    order.payments[0].state = PaymentState::Failed;
    let told = CheckoutView {
        payer_chooses: false,
        ..choosing(&order)
    };
    let page = shown(&told);
    assert!(page.contains("Pembayaran gagal") && page.contains("value=\"BNC_QRIS\""));
    let late = CheckoutView {
        now: order.expires_at,
        ..told
    };
    assert!(!shown(&late).contains("<form"));

    order.state = OrderState::Pending;
    let page = shown(&choosing(&order));
    assert!(
        page.contains("Percobaan sebelumnya tidak berhasil"),
        "{page}"
    );
    while order.payments.len() < PAYMENTS_MAX {
        order.payments.push(order.payments[0].clone());
    }
    assert!(
        !shown(&choosing(&order)).contains("<form"),
        "ten are enough"
    );
}

#[test]
fn a_choice_that_could_not_be_opened_is_told_and_another_offered() {
    let mut order = order(qr());
    order.payments[0].state = PaymentState::Creating;
    let view = CheckoutView {
        was_refused: true,
        ..choosing(&order)
    };
    let page = shown(&view);
    assert!(page.contains("Cara itu sedang tidak dapat dipakai"));
    assert!(page.contains("<details class=\"again\" open>"), "{page}");
}

#[test]
fn money_that_came_late_is_told_as_such() {
    let mut order = order(qr());
    order.state = OrderState::Paid;
    order.paid_at = Some(now());
    assert!(page(&order).contains("Pembayaran berhasil"));
    assert!(page(&order).contains("21 November 2026 14.00 WIB"));
    order.paid_late = true;
    assert!(page(&order).contains("Pembayaran terlambat diterima"));
}

#[test]
fn only_web_addresses_without_a_user_become_links() {
    for good in ["https://shop.example/x?a=b#c", "http://127.0.0.1:8080/x"] {
        assert_eq!(web_link(good), Some(good));
    }
    for bad in [
        "javascript:alert(1)",
        "data:text/html,x",
        "//shop.example/x",
        "/x",
        "https://user@shop.example/",
        "https://user:word@shop.example/",
        "ftp://shop.example/",
        "https:",
        "",
    ] {
        assert_eq!(web_link(bad), None, "{bad}");
    }
}

#[test]
fn a_number_is_shown_in_fours_and_copied_whole() {
    let order = order(Some(Artefact::VirtualAccount {
        number: "9882917212345678".to_owned(),
        bank: "BNI".to_owned(),
        account_name: "BUDI".to_owned(),
    }));
    let page = page(&order);
    assert!(page.contains("<span>9882</span><span>9172</span><span>1234</span><span>5678</span>"));
    assert!(page.contains("data-copy=\"9882917212345678\""));
}

#[test]
fn what_a_shop_wrote_is_never_markup() {
    let mut order = order(Some(Artefact::Redirect {
        url: "javascript:alert(1)".to_owned(),
        link_code: None,
    }));
    order.description = Some("<script>alert(1)</script>\"'&".to_owned());
    order.return_url = Some("javascript:alert(2)".to_owned());
    let page = page(&order);
    assert!(
        !page.contains("<script>") && !page.contains("javascript:"),
        "{page}"
    );
    assert!(page.contains("&#60;script&#62;"), "{page}");
}

#[test]
fn nothing_on_the_page_needs_another_host_or_an_inline_script() {
    let order = order(qr());
    let page = page(&order);
    assert!(
        !page.contains(" style=") && !page.contains("onclick") && !page.contains("src=\"http"),
        "{page}"
    );
    assert_eq!(page.matches("<script").count(), 1);
}

#[test]
fn a_link_that_is_not_valid_tells_nothing() {
    let page = render_message(Message::NotFound, Language::English).unwrap();
    assert!(page.contains("This link is not valid"));
    assert!(!page.contains("ord_"));
}
