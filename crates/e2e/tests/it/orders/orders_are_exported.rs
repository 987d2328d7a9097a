//! A shop takes all its orders away as one file: complete, each once, at constant memory; what breaks
//! off is not taken for whole. LONG=1: a million orders.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use devstack::{Stack, run_sql};
use serde_json::Value;

use crate::support::{Shop, an_order, quick, shared, unique};

/// What the service may grow by while it exports, however many orders there are.
const GROWTH_MAX_KIB: u64 = 48 * 1024;
const PATIENCE: Duration = Duration::from_secs(180);

/// So many orders with a payment each, made a millisecond after one another.
fn fill(stack: &Stack, merchant: &str, count: u32) {
    let merchant = merchant.trim_start_matches("mer_");
    let url = stack.database_url();
    for statement in [
        format!(
            "INSERT INTO orders (id, merchant_id, reference, state, version, amount_minor, currency, payer_chooses, \
                 description, checkout_token, created_at, updated_at, expires_at) \
             SELECT gen_random_uuid(), '{merchant}', 'N-' || n, 'expired', 2, 2500000, 'IDR', false, \
                 'Kopi susu ' || n, repeat('x', 32), at, at, at + interval '1 hour' \
             FROM (SELECT n, now() - interval '30 days' + n * interval '1 ms' AS at \
                   FROM generate_series(1, {count}) n) made"
        ),
        format!(
            "INSERT INTO payments (id, order_id, merchant_id, position, method, channel, state, amount_minor, currency, \
                 created_at, updated_at, expires_at) \
             SELECT gen_random_uuid(), id, merchant_id, 1, 'qris', 'BNC_QRIS', 'expired', amount_minor, 'IDR', \
                 created_at, updated_at, expires_at FROM orders WHERE merchant_id = '{merchant}' AND state = 'expired'"
        ),
        "ANALYZE orders, payments".to_owned(),
    ] {
        run_sql(&url, &statement).unwrap();
    }
}

fn resident_kib(stack: &Stack) -> u64 {
    let pid = stack.pid("gateway-api-1").unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.trim().parse().unwrap()
}

/// Asks for an export; what is read is left to the caller.
fn ask(shop: &Shop, query: &str) -> BufReader<TcpStream> {
    let address = shop.api.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "GET /v1/orders/export{query} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        shop.key
    );
    stream.write_all(request.as_bytes()).unwrap();
    BufReader::new(stream)
}

/// The head of the reply.
fn head(reply: &mut impl BufRead) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reply.read_line(&mut head).unwrap() > 0, "{head}");
    }
    head
}

/// Chunks as they come, until the last; whether there was one.
fn chunks(reply: &mut impl BufRead, mut taken: impl FnMut(&[u8])) -> bool {
    loop {
        let mut size = String::new();
        if reply.read_line(&mut size).unwrap_or(0) == 0 {
            return false;
        }
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else {
            return false;
        };
        let mut chunk = vec![0; size + 2];
        if reply.read_exact(&mut chunk).is_err() {
            return false;
        }
        if size == 0 {
            return true;
        }
        taken(&chunk[..size]);
    }
}

#[actix_rt::test]
async fn all_of_them_once_at_constant_memory() {
    let stack = quick().env("API_RATE_LIMIT", "0").start().await.unwrap();
    let is_long = std::env::var("LONG").is_ok_and(|long| long == "1");
    let count: u32 = if is_long { 1_000_000 } else { 30_000 };
    let merchant = stack.new_merchant("Exporting").unwrap();
    let shop = Shop::with_key(&stack, &merchant.api_key);
    fill(&stack, &merchant.id, count);
    // Once, for what it keeps of any request.
    shop.get("/v1/orders?limit=200").await.expect(200);
    let before = resident_kib(&stack);
    let began = Instant::now();
    let mut reply = ask(&shop, "?format=ndjson");
    let head = head(&mut reply);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let (mut rest, mut lines, mut bytes) = (Vec::new(), 0_u32, 0_usize);
    let (mut peak, mut expected) = (before, count);
    let whole = chunks(&mut reply, |chunk| {
        bytes += chunk.len();
        rest.extend_from_slice(chunk);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let order: Value = serde_json::from_slice(&line).unwrap();
            assert_eq!(order["reference"], format!("N-{expected}"));
            expected -= 1;
            lines += 1;
        }
        peak = peak.max(resident_kib(&stack));
    });
    assert!(whole && rest.is_empty());
    assert_eq!(lines, count);
    println!(
        "{count} orders, {} MB in {:.1} s; the service held {} KiB before and {} KiB at most",
        bytes / 1_000_000,
        began.elapsed().as_secs_f64(),
        before,
        peak
    );
    assert!(
        peak - before < GROWTH_MAX_KIB,
        "{before} KiB, then {peak} KiB"
    );
}

#[actix_rt::test]
async fn as_a_table_of_those_that_are_wanted() {
    let stack = shared();
    let merchant = stack.new_merchant("Exporting").unwrap();
    let shop = Shop::with_key(stack, &merchant.api_key);
    let mut order = an_order("qris");
    order["reference"] = unique("T").into();
    order["description"] = "=1+1, \"quoted\"".into();
    order["customer"]["phone"] = "+6281234567890".into();
    let made = shop.made(&order).await;
    shop.made(&an_order("VIRTUAL_ACCOUNT_BNI")).await;
    let reply = shop.get("/v1/orders/export?method=qris").await.expect(200);
    assert_eq!(
        reply.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    let name = reply.header("content-disposition").unwrap();
    assert!(
        name.starts_with("attachment; filename=\"orders-") && name.ends_with(".csv\""),
        "{name}"
    );
    let text = reply.text();
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 2, "{text}");
    let columns: BTreeSet<&str> = lines[0].split(',').collect();
    assert!(
        columns.contains("customer_email") && columns.len() == 31,
        "{columns:?}"
    );
    let id = made["id"].as_str().unwrap();
    assert!(lines[1].starts_with(&format!("{id},T-")), "{text}");
    assert!(
        lines[1].contains(
            ",\"'=1+1, \"\"quoted\"\"\",Budi Santoso,budi@example.co.id,'+6281234567890,"
        ),
        "{text}"
    );
    let none = shop
        .get("/v1/orders/export?format=ndjson&status=paid")
        .await;
    assert_eq!(none.expect(200).text(), "");
    shop.get("/v1/orders/export?limit=5")
        .await
        .problem(400, "malformed_request");
    shop.call("POST", "/v1/orders/export", None)
        .await
        .problem(405, "method_not_allowed");
}

#[actix_rt::test]
async fn who_does_not_read_is_cut_off_and_does_not_take_it_for_whole() {
    let stack = quick().start().await.unwrap();
    let merchant = stack.new_merchant("Stalling").unwrap();
    let shop = Shop::with_key(&stack, &merchant.api_key);
    // More than sockets and the service hold for a client.
    fill(&stack, &merchant.id, 20_000);
    let mut stalled = [ask(&shop, "?format=ndjson"), ask(&shop, "?format=ndjson")];
    for reply in &mut stalled {
        assert!(head(reply).starts_with("HTTP/1.1 200"));
    }
    let refused = shop.get("/v1/orders/export?reference=N-1").await;
    let refused = refused.problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), Some("10"));
    let deadline = Instant::now() + PATIENCE;
    while shop.get("/v1/orders/export?reference=N-1").await.status != 200 {
        assert!(Instant::now() < deadline, "the places are never given back");
        actix_rt::time::sleep(Duration::from_millis(500)).await;
    }
    for mut reply in stalled {
        let mut taken = 0;
        assert!(
            !chunks(&mut reply, |chunk| taken += chunk.len()),
            "taken for whole: {taken} bytes"
        );
    }
}
