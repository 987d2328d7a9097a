//! Orders as lines of CSV (RFC 4180), fit for a spreadsheet: no cell is taken for a formula there.

use ayolinx_core::money::Money;
use ayolinx_core::order_view::{OrderView, PaymentView, ReceiptStatus, ReceiptView};
use ayolinx_core::states::PaymentState;

/// The names of the columns.
pub const COLUMNS: [&str; 31] = [
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
    "fee",
    "net_amount",
    "rrn",
    "issuer",
    "settles_on",
    "settled_on",
    "settlement_id",
];

/// Writes the header line, after a byte order mark where one is wanted: without the mark Excel assumes its own code
/// page.
pub fn write_header(out: &mut String, with_byte_order_mark: bool) {
    if with_byte_order_mark {
        out.push('\u{feff}');
    }
    write_line(out, COLUMNS.iter().copied());
}

/// Writes the line of an order, with the payment that was paid, else its newest payment.
pub fn write_order(out: &mut String, order: &OrderView) {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let customer = order.customer.as_ref();
    let metadata = order
        .metadata
        .as_ref()
        .and_then(|pairs| serde_json::to_string(pairs).ok());
    let payment = shown(&order.payments);
    let receipt = payment.and_then(|payment| of_money(&payment.receipts));
    let of_receipt = |read: fn(&ReceiptView) -> String| receipt.map(read).unwrap_or_default();
    let sum = |money: &Option<Money>| {
        money
            .as_ref()
            .map(|it| it.value.clone())
            .unwrap_or_default()
    };
    let of_payment = |read: fn(&PaymentView) -> String| payment.map(read).unwrap_or_default();
    let cells: [String; 31] = [
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
        sum(&order.fee),
        sum(&order.net_amount),
        of_receipt(|receipt| text_of(&receipt.rrn)),
        of_receipt(|receipt| text_of(&receipt.issuer)),
        of_receipt(|receipt| text_of(&receipt.settles_on)),
        of_receipt(|receipt| {
            let settlement = receipt.settlement.as_ref();
            settlement
                .map(|it| it.settled_on.clone())
                .unwrap_or_default()
        }),
        of_receipt(|receipt| {
            let settlement = receipt.settlement.as_ref();
            settlement.map(|it| it.id.clone()).unwrap_or_default()
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

fn text_of(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

/// Returns the receipt that is the order's money, else the first.
fn of_money(receipts: &[ReceiptView]) -> Option<&ReceiptView> {
    receipts
        .iter()
        .find(|receipt| receipt.status == ReceiptStatus::Booked)
        .or_else(|| receipts.first())
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

/// The characters that begin a formula, in ASCII and full width; spreadsheets treat both alike.
const FORMULA_STARTS: [char; 9] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '−'];

/// Returns whether a spreadsheet could read the cell as a formula. Some spreadsheets skip invisible characters before
/// it, and some take a control character at the start for a new cell.
fn may_be_formula(cell: &str) -> bool {
    let seen = cell.trim_start_matches(is_unseen);
    cell.starts_with(char::is_control) || seen.starts_with(FORMULA_STARTS)
}

/// Returns whether a character is white space, a control, or without width: soft hyphens, joiners, marks of order and
/// direction.
fn is_unseen(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        )
}

/// Writes a cell, with an apostrophe before text that a spreadsheet would take for a formula.
fn write_cell(out: &mut String, cell: &str) {
    let guard = if may_be_formula(cell) { "'" } else { "" };
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
    use proptest::prelude::*;

    use super::*;

    /// Reads one cell as a CSV reader does.
    fn read_cell(written: &str) -> String {
        match written
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => written.to_owned(),
        }
    }

    fn read_back(cell: &str) -> String {
        let mut out = String::new();
        write_cell(&mut out, cell);
        read_cell(&out)
    }

    proptest! {
        #[test]
        fn a_formula_is_guarded_whatever_unseen_stands_before_it(
            before in "[ \\t\\r\\n\u{a0}\u{ad}\u{2003}\u{200b}\u{200e}\u{202f}\u{2060}\u{3000}\u{feff}\0]{0,4}",
            start in prop::sample::select(FORMULA_STARTS.to_vec()),
            rest in "[a-zA-Z0-9(),\"; \n]{0,12}",
        ) {
            let cell = format!("{before}{start}{rest}");
            prop_assert_eq!(read_back(&cell), format!("'{cell}"));
        }

        #[test]
        fn any_cell_comes_back_whole_behind_at_most_one_apostrophe(cell in any::<String>()) {
            let read = read_back(&cell);
            let whole = read == cell || read.strip_prefix('\'') == Some(&*cell);
            prop_assert!(whole, "{cell:?} is read as {read:?}");
        }

        #[test]
        fn a_cell_that_begins_with_a_letter_or_digit_stays_as_it_is(cell in "[a-zA-Z0-9é日][ -~é日]{0,20}") {
            prop_assert_eq!(read_back(&cell), cell);
        }
    }

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
        write_header(&mut out, false);
        assert!(out.starts_with("id,reference,status,"));
        assert!(out.ends_with(",settlement_id\r\n"));
        let mut marked = String::new();
        write_header(&mut marked, true);
        assert_eq!(marked, format!("\u{feff}{out}"));
    }
}
