//! Orders as lines of CSV (RFC 4180), fit for a spreadsheet: no cell is taken for a formula there.

use ayolinx_core::order_view::{OrderView, PaymentView};
use ayolinx_core::states::PaymentState;

/// The names of the columns.
pub const COLUMNS: [&str; 24] = [
    "id",
    "reference",
    "status",
    "version",
    "amount",
    "paid_amount",
    "currency",
    "paid_late",
    "description",
    "customer_name",
    "customer_email",
    "customer_phone",
    "return_url",
    "metadata",
    "created_at",
    "updated_at",
    "expires_at",
    "paid_at",
    "payment_id",
    "payment_method",
    "payment_channel",
    "payment_status",
    "provider_reference",
    "failure_code",
];

/// The first line.
pub fn write_header(out: &mut String) {
    write_line(out, COLUMNS.iter().copied());
}

/// The line of an order, with the payment that was paid, else its newest.
pub fn write_order(out: &mut String, order: &OrderView) {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let customer = order.customer.as_ref();
    let metadata = order
        .metadata
        .as_ref()
        .and_then(|pairs| serde_json::to_string(pairs).ok());
    let payment = shown(&order.payments);
    let of_payment = |read: fn(&PaymentView) -> String| payment.map(read).unwrap_or_default();
    let cells: [String; 24] = [
        order.id.to_string(),
        order.reference.clone(),
        order.status.as_str().to_owned(),
        order.version.to_string(),
        order.amount.value.clone(),
        order.paid_amount.value.clone(),
        order.amount.currency.clone(),
        order.paid_late.to_string(),
        text(&order.description),
        customer.map(|payer| text(&payer.name)).unwrap_or_default(),
        customer.map(|payer| text(&payer.email)).unwrap_or_default(),
        customer.map(|payer| text(&payer.phone)).unwrap_or_default(),
        text(&order.return_url),
        text(&metadata),
        order.created_at.clone(),
        order.updated_at.clone(),
        order.expires_at.clone(),
        text(&order.paid_at),
        of_payment(|payment| payment.id.to_string()),
        of_payment(|payment| payment.method.clone()),
        of_payment(|payment| payment.channel.clone().unwrap_or_default()),
        of_payment(|payment| payment.status.as_str().to_owned()),
        of_payment(|payment| payment.provider_reference.clone().unwrap_or_default()),
        of_payment(|payment| {
            let failure = payment.failure.as_ref();
            failure.map(|why| why.code.clone()).unwrap_or_default()
        }),
    ];
    write_line(out, cells.iter().map(String::as_str));
}

fn shown(newest_first: &[PaymentView]) -> Option<&PaymentView> {
    let brought_money = |payment: &&PaymentView| {
        matches!(payment.status, PaymentState::Paid | PaymentState::Refunded)
    };
    newest_first
        .iter()
        .find(brought_money)
        .or_else(|| newest_first.first())
}

fn write_line<'c>(out: &mut String, cells: impl Iterator<Item = &'c str>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_cell(out, cell);
    }
    out.push_str("\r\n");
}

/// What a spreadsheet would take for a formula gets an apostrophe before it.
fn write_cell(out: &mut String, cell: &str) {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if is_formula { "'" } else { "" };
    if cell.contains(['"', ',', '\r', '\n']) {
        out.push('"');
        out.push_str(guard);
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(guard);
        out.push_str(cell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_needed_and_never_a_formula() {
        for (cell, written) in [
            ("", ""),
            ("Kopi susu", "Kopi susu"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("=1+1", "'=1+1"),
            ("+62812", "'+62812"),
            ("-5", "'-5"),
            ("@sum", "'@sum"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            (
                "=HYPERLINK(\"x\",\"y\")",
                "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"",
            ),
            ("a=b", "a=b"),
        ] {
            let mut out = String::new();
            write_cell(&mut out, cell);
            assert_eq!(out, written, "{cell:?}");
        }
    }

    #[test]
    fn a_line_ends_as_the_standard_says() {
        let mut out = String::new();
        write_header(&mut out);
        assert!(out.starts_with("id,reference,status,"));
        assert!(out.ends_with(",failure_code\r\n"));
    }
}
