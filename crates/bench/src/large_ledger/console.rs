//! Pages of the operator's console: the overview, a search by each name of an order, every list, one order.

use std::net::SocketAddr;

use chaos::{rig::address, wire::Call};
use devstack::Trouble;

use crate::{
    dataset::{fill::Filled, row_cloner::Of},
    harness::ground::Ground,
    large_ledger::page_times::PageTimes,
    tools::figures::Row,
};

const EMAIL: &str = "bench@example.co.id";
/// Number of reads of each page.
const ROUNDS: usize = 20;
/// The bound of the pages that sum up, in microseconds.
const SUMS_MUST: u64 = 250_000;
const LISTS: [&str; 6] = ["review", "quarantine", "dead", "unknown", "late", "refunds"];

/// Pages that sum up the present state: 20,000 open payments and the newest payments are looked at.
const SUMS: [&str; 2] = ["/", "/channels"];

/// Reads the pages.
///
/// # Errors
/// Fails when nobody can sign in, or the console is away.
pub(crate) async fn measure(ground: &Ground, filled: &Filled) -> Result<[Row; 2], Trouble> {
    let to = address(&ground.stack.console_url())?;
    let cookie = sign_in(ground, to).await?;
    let middle = (filled.orders / 2).max(1);
    let order = format!("ord_{}", filled.batch.id(Of::Order, middle));
    let payment = filled.batch.id(Of::Payment, middle);
    let number = ground.sql(&format!(
        "SELECT reference FROM orders WHERE id = '{}'",
        filled.batch.id(Of::Order, middle)
    ))?;
    let provider = ground.sql(&format!(
        "SELECT coalesce(provider_reference, 'NONE') FROM payments WHERE id = '{payment}'"
    ))?;
    // A search for one order leads there at once.
    let mut asked: Vec<(String, u16)> = [&order, &payment, number.trim()]
        .map(|name| (format!("/search?q={name}"), 303))
        .to_vec();
    for name in ["NOBODY", "N-7", provider.trim()] {
        asked.push((format!("/search?q={name}"), 200));
    }
    for page in ["/endpoints", "/keys", "/log"] {
        asked.push((page.to_owned(), 200));
    }
    asked.extend(LISTS.map(|list| (format!("/lists/{list}"), 200)));
    asked.push((format!("/orders/{order}"), 200));
    let (mut times, mut sums) = (PageTimes::default(), PageTimes::default());
    let page = |path: &str| Call::new(to, "GET", path).header("Cookie", &cookie);
    for _ in 0..ROUNDS {
        for (path, status) in &asked {
            times.ask(path, &page(path), *status).await?;
        }
        for path in SUMS {
            sums.ask(path, &page(path), 200).await?;
        }
    }
    Ok([
        times.row("a search, list or order in the console, p99"),
        sums.row_within("the console's overview and channels, p99", SUMS_MUST),
    ])
}

/// Signs in as a new operator and returns the cookie.
async fn sign_in(ground: &Ground, to: SocketAddr) -> Result<String, Trouble> {
    let made = ground.stack.gatewayctl_json(&[
        "operators",
        "add",
        "--name",
        "Bench",
        "--email",
        EMAIL,
        "--role",
        "viewer",
    ])?;
    let password = made.get("password").and_then(|value| value.as_str());
    let password = password.ok_or_else(|| Trouble::new("gatewayctl printed no password"))?;
    let form = format!("email={}&password={password}", EMAIL.replace('@', "%40"));
    let call = Call::new(to, "POST", "/sign-in")
        .header("Origin", ground.stack.console_url())
        .form(form);
    let reply = call.send().await.map_err(Trouble::new)?;
    let cookie = reply
        .header("set-cookie")
        .and_then(|set| set.split(';').next());
    let cookie = cookie.filter(|_| reply.status == 303);
    let no_cookie = || Trouble::new(format!("the console gave no cookie ({})", reply.status));
    cookie.map(str::to_owned).ok_or_else(no_cookie)
}
