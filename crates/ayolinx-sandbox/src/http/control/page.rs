//! The page for people: transactions with buttons. Plain forms, no script, everything escaped.

use actix_web::HttpResponse;
use ayolinx_core::money::Amount;

use crate::protocol::clock::jakarta;
use crate::provider::transaction::Transaction;

const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#1b1f24;background:#fff}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.45rem .6rem;border-bottom:1px solid #d8dee4;vertical-align:top}\
td.amount{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}code{font-size:.85em;word-break:break-all}\
form{display:inline}button{font:inherit;padding:.15rem .6rem;margin:.1rem;border:1px solid #8c959f;border-radius:6px;background:#f6f8fa;color:inherit;cursor:pointer}\
.paid{color:#116329}.failed,.cancelled{color:#a40e26}.note{color:#57606a}\
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}button{background:#21262d;border-color:#6e7681}th,td{border-color:#30363d}.paid{color:#56d364}.failed,.cancelled{color:#ff7b72}.note{color:#8d96a0}}";

/// Serves the style sheet.
pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css").body(STYLE)
}

/// Renders the page.
pub(super) fn show(count: usize, newest: &[Transaction]) -> HttpResponse {
    let rows: String = newest.iter().map(row).collect();
    let table = if rows.is_empty() {
        "<p>Nothing has been created yet.</p>".to_owned()
    } else {
        format!(
            "<table><thead><tr><th>Reference</th><th>Channel</th><th>Amount</th><th>Status</th>\
             <th>Valid until</th><th>Callbacks</th><th>Do</th></tr></thead><tbody>{rows}</tbody></table>"
        )
    };
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Payment sandbox</title><link rel=\"stylesheet\" href=\"/_sandbox/style.css\"></head><body><h1>Payment sandbox</h1>\
         <p class=\"note\">Stands in for the provider: {count} transactions, the newest {} below. No money moves here.</p>\
         {table}</body></html>",
        newest.len()
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Content-Security-Policy", POLICY))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .body(html)
}

fn row(transaction: &Transaction) -> String {
    let reference = escaped(&transaction.create.reference);
    let word = transaction.status.word();
    let amount = transaction
        .amount()
        .map_or_else(|| "open".to_owned(), Amount::to_decimal_string);
    let callbacks: String = transaction
        .callbacks
        .iter()
        .map(|callback| {
            let answer = callback.attempts.last().map_or_else(String::new, |last| {
                match (&last.response_code, &last.error) {
                    (Some(code), _) => escaped(code),
                    (None, Some(error)) => escaped(error),
                    (None, None) => last
                        .http_status
                        .map_or_else(String::new, |http| http.to_string()),
                }
            });
            format!(
                "{} {} {answer}<br>",
                escaped(&callback.status),
                callback.state
            )
        })
        .collect();
    let buttons: String = ["pay", "fail", "cancel", "refund"]
        .into_iter()
        .map(|verb| {
            format!(
                "<form method=\"post\" action=\"/_sandbox/transactions/{reference}/{verb}\">\
                 <button type=\"submit\" name=\"from\" value=\"page\">{verb}</button></form>"
            )
        })
        .collect();
    format!(
        "<tr><td><a href=\"/_sandbox/transactions/{reference}\"><code>{reference}</code></a><br>\
         <code class=\"note\">{}</code></td><td>{}</td><td class=\"amount\">{amount}</td><td class=\"{word}\">{word}</td>\
         <td>{}</td><td>{callbacks}</td><td>{buttons}</td></tr>",
        escaped(&shortened(&transaction.artefact)),
        escaped(transaction.create.channel),
        jakarta(transaction.valid_until),
    )
}

fn shortened(text: &str) -> String {
    if text.chars().count() > 60 {
        text.chars().take(60).chain(['…']).collect()
    } else {
        text.to_owned()
    }
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            other => other.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_escaped() {
        assert_eq!(escaped("<a b='\"&'>"), "&lt;a b=&#39;&quot;&amp;&#39;&gt;");
    }
}
