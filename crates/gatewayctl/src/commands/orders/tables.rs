//! An order, its payments and its history as tables. The payer's identity stays out of them.

use ayolinx_core::ids::PaymentId;
use ayolinx_core::money::Money;
use ayolinx_core::order_view::{
    NextAction, OrderView, PaymentView, ReceiptStatus, ReceiptView, jakarta_millis,
};
use ledger::HistoryLine;

use crate::output::{fields, table};

/// Number of digits of a payment's id that distinguish the payments of one order.
const SHORT_ID_CHARS: usize = 6;

pub(crate) fn list_table(orders: &[OrderView]) -> String {
    let rows: Vec<Vec<String>> = orders
        .iter()
        .map(|order| {
            vec![
                order.id.to_string(),
                order.reference.clone(),
                order.status.as_str().to_owned(),
                money(&order.amount),
                methods(order),
                order.created_at.clone(),
            ]
        })
        .collect();
    let head = ["ID", "REFERENCE", "STATUS", "AMOUNT", "BY", "CREATED"];
    table(&head, &rows)
}

pub(crate) fn order_tables(order: &OrderView, history: &[HistoryLine]) -> String {
    let late = if order.paid_late { " (late)" } else { "" };
    let head = fields(&[
        ("order", order.id.to_string()),
        ("reference", order.reference.clone()),
        (
            "status",
            format!("{}{late}, version {}", order.status.as_str(), order.version),
        ),
        ("amount", money(&order.amount)),
        ("paid", money(&order.paid_amount)),
        ("created", order.created_at.clone()),
        ("expires", order.expires_at.clone()),
        ("paid at", order.paid_at.clone().unwrap_or_default()),
        ("checkout", order.checkout_url.clone()),
    ]);
    let payments: Vec<Vec<String>> = order.payments.iter().map(payment_row).collect();
    let payments = table(
        &[
            "PAYMENT",
            "METHOD",
            "CHANNEL",
            "STATUS",
            "AT THE PROVIDER",
            "EXPIRES",
            "NOTE",
        ],
        &payments,
    );
    let lines: Vec<Vec<String>> = history.iter().map(history_row).collect();
    let lines = table(
        &[
            "WHEN",
            "FROM",
            "WHAT",
            "PAYMENT",
            "ITS STATE",
            "ORDER",
            "VERSION",
            "DETAIL",
        ],
        &lines,
    );
    format!("{head}\n{payments}\n{}{lines}", receipts(order))
}

/// Returns the table of the sums received, if there are any.
fn receipts(order: &OrderView) -> String {
    let rows: Vec<Vec<String>> = (order.payments.iter())
        .flat_map(|payment| {
            payment
                .receipts
                .iter()
                .map(move |it| receipt_row(payment, it))
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = [
        "RECEIPT",
        "PAYMENT",
        "MONEY IS",
        "AMOUNT",
        "RETURNED",
        "FEE",
        "RRN",
        "ISSUER",
        "SETTLES ON",
    ];
    format!("{}\n", table(&head, &rows))
}

fn receipt_row(payment: &PaymentView, receipt: &ReceiptView) -> Vec<String> {
    let place = match receipt.status {
        ReceiptStatus::Booked => "booked",
        ReceiptStatus::Suspense => "suspense",
        ReceiptStatus::Returned => "returned",
    };
    vec![
        receipt.id.to_string(),
        payment.id.to_string(),
        place.to_owned(),
        money(&receipt.amount),
        money(&receipt.returned_amount),
        receipt.fee.as_ref().map(money).unwrap_or_default(),
        receipt.rrn.clone().unwrap_or_default(),
        receipt.issuer.clone().unwrap_or_default(),
        receipt.settles_on.clone().unwrap_or_default(),
    ]
}

fn payment_row(payment: &PaymentView) -> Vec<String> {
    vec![
        payment.id.to_string(),
        payment.method.clone(),
        payment.channel.clone().unwrap_or_default(),
        payment.status.as_str().to_owned(),
        payment.provider_reference.clone().unwrap_or_default(),
        payment.expires_at.clone(),
        note(payment),
    ]
}

fn note(payment: &PaymentView) -> String {
    if let Some(failure) = &payment.failure {
        return format!("{}: {}", failure.code, failure.message);
    }
    match &payment.next_action {
        None => String::new(),
        Some(NextAction::ShowQr { .. }) => "QR shown".to_owned(),
        Some(NextAction::Redirect { .. }) => "payer is redirected".to_owned(),
        Some(NextAction::ShowVirtualAccount { bank, number, .. }) => format!("{bank} {number}"),
        Some(NextAction::ShowPaymentCode { store, code, .. }) => format!("{store} {code}"),
    }
}

fn history_row(line: &HistoryLine) -> Vec<String> {
    let version = line.order_version.map(|version| version.to_string());
    vec![
        jakarta_millis(line.at),
        line.source.clone(),
        line.fact.clone(),
        line.payment_id
            .map(|id| short(PaymentId::from_uuid(id)))
            .unwrap_or_default(),
        change(line.payment_from.as_deref(), line.payment_to.as_deref()),
        change(line.order_from.as_deref(), line.order_to.as_deref()),
        version.unwrap_or_default(),
        line.detail.clone().unwrap_or_default(),
    ]
}

fn change(from: Option<&str>, to: Option<&str>) -> String {
    match (from, to) {
        (Some(from), Some(to)) if from == to => to.to_owned(),
        (Some(from), Some(to)) => format!("{from} → {to}"),
        (None, Some(only)) | (Some(only), None) => only.to_owned(),
        (None, None) => String::new(),
    }
}

/// Returns the end of an id: the beginning is the time, alike for payments made together.
fn short(id: PaymentId) -> String {
    let text = id.to_string();
    let start = text.chars().count().saturating_sub(SHORT_ID_CHARS);
    format!("…{}", text.chars().skip(start).collect::<String>())
}

fn methods(order: &OrderView) -> String {
    let by: Vec<&str> = order
        .payments
        .iter()
        .map(|payment| payment.channel.as_deref().unwrap_or(&payment.method))
        .collect();
    by.join(",")
}

fn money(money: &Money) -> String {
    format!("{} {}", money.currency, money.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows_both_ends_and_no_change_only_one() {
        assert_eq!(change(Some("pending"), Some("paid")), "pending → paid");
        assert_eq!(change(Some("paid"), Some("paid")), "paid");
        assert_eq!(change(None, Some("creating")), "creating");
        assert_eq!(change(None, None), "");
    }
}
