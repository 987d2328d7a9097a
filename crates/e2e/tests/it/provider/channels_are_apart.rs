//! One channel's trouble is no other's: whichever channel it is, and whatever its trouble, the others are opened and
//! looked after as on any day. Channels and delays are drawn; each test says which it drew.

use std::cell::Cell;
use std::time::Duration;

use devstack::{Stack, run_sql};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{CHANNELS, Http, Journal, Sandbox, Shop, an_order, quick, until};

/// Generous: what is asked for is that it comes at all.
const WITHIN: Duration = Duration::from_secs(120);
const PACE: Duration = Duration::from_millis(50);

/// A number below `bound`, another one in every run.
fn drawn(bound: u64) -> u64 {
    Uuid::new_v4().as_u64_pair().0 % bound
}

/// The channels that a fault can name, in an order of this run's own.
fn shuffled() -> Vec<&'static str> {
    let named = CHANNELS.iter().filter(|it| **it != "payment_link");
    let mut channels: Vec<_> = named.map(|it| (Uuid::new_v4(), *it)).collect();
    channels.sort_unstable();
    channels.into_iter().map(|(_, channel)| channel).collect()
}

fn hang() -> Value {
    json!({"kind": "delay", "ms": 60_000})
}

fn errs() -> Value {
    json!({"kind": "error", "http_status": 500, "response_code": "5005400"})
}

/// Creates in a troubled channel until its breaker has opened, let a call through and opened again.
async fn insists(shop: &Shop, channel: &str, trouble: &Value) {
    let wanted = [503, 202, 503];
    let (seen, statuses) = (Cell::new(0), Cell::new(Vec::new()));
    until(
        WITHIN,
        &format!("{channel} {trouble} {wanted:?}"),
        async || {
            let creates = (0..6).map(async |_| shop.create(&an_order(channel)).await.status);
            for status in join_all(creates).await {
                assert!(
                    [202, 503].contains(&status),
                    "{channel} {trouble}: {status}"
                );
                if wanted.get(seen.get()) == Some(&status) {
                    seen.set(seen.get() + 1);
                }
                let mut all = statuses.take();
                all.push(status);
                statuses.set(all);
            }
            tokio::time::sleep(PACE).await;
            seen.get() >= wanted.len()
        },
    )
    .await;
}

#[actix_rt::test]
async fn whatever_some_meet_every_create_of_the_others_is_made() {
    let stack = quick()
        .env("PROVIDER_TIMEOUT_MS", "5000")
        .env("CREATE_REPLY_MS", "4000")
        .env("LEASE_MS", "10000")
        .env("API_RATE_LIMIT", "0")
        .start();
    let stack = stack.await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let channels = shuffled();
    let troubles = [hang(), errs(), json!("reset_before_effect")];
    let (troubled, rest) = channels.split_at(troubles.len());
    let (slow, healthy) = rest.split_first().unwrap();
    for (channel, action) in troubled.iter().zip(&troubles) {
        let fault = json!({"channel": channel, "action": action});
        sandbox.fault(fault).await;
    }
    let late = json!({"channel": slow, "action": {"kind": "delay", "ms": 1_500}});
    sandbox.fault(late).await;
    let insisting = join_all(
        troubled
            .iter()
            .zip(&troubles)
            .map(|(channel, trouble)| insists(&shop, channel, trouble)),
    );
    let over = Cell::new(false);
    let victims = join_all(healthy.iter().chain([slow]).map(async |channel| {
        let mut made = 0_u32;
        while !over.get() || made < 3 {
            let answer = shop.create(&an_order(channel)).await;
            let told = format!("{channel} beside {troubled:?}: {}", answer.text());
            assert_eq!(answer.status, 201, "{told}");
            made += 1;
            tokio::time::sleep(PACE).await;
        }
    }));
    let insisting = async {
        insisting.await;
        over.set(true);
    };
    join(insisting, victims).await;
    let listed = shop.get("/v1/channels").await.expect(200).json.to_string();
    assert!(listed.contains("down"), "{listed}");
}

/// How many inquiries of a channel the worker has seen the end of.
async fn inquiries_ended(stack: &Stack, channel: &str) -> usize {
    let url = format!("{}/metrics", stack.ops_url("callback-worker-1").unwrap());
    let told = Http::new().get(&url).await.expect(200).text();
    let of_channel = format!("channel=\"{channel}\"");
    let calls = told.lines().filter(|line| {
        line.starts_with("gateway_provider_calls_total{call=")
            && line.contains("_inquiry")
            && line.contains(&of_channel)
    });
    calls
        .map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap())
        .sum()
}

/// Paid, and the shop's order says so though nobody told us.
async fn is_found(shop: &Shop, sandbox: &Sandbox, order: &Value, what: &str) {
    let unheard = json!({"callback": false});
    sandbox.settle(&order["payments"][0], "pay", unheard).await;
    let id = order["id"].as_str().unwrap();
    until(WITHIN, what, async || {
        shop.order(id).await["status"] == "paid"
    })
    .await;
}

/// So many orders of one channel, whose inquiries meet this trouble from now on.
async fn backlog(shop: &Shop, sandbox: &Sandbox, channel: &str, action: &Value) -> Vec<Value> {
    const MANY: usize = 160;
    // The trouble comes after their creates, which it would meet too.
    let made = (0..MANY).map(async |_| shop.made(&an_order(channel)).await);
    let made = join_all(made).await;
    let fault = json!({"channel": channel, "action": action});
    sandbox.fault(fault).await;
    made
}

/// More than there are places for, all of them due, of one channel that does not answer: the others are found before
/// a single one of its inquiries has come to an end.
#[actix_rt::test]
async fn inquiries_that_hang_delay_nobody_elses_healing() {
    let stack = quick()
        .env(
            "INQUIRY_SCHEDULE",
            "2s,3s,4s,5s,6s,8s,10s,12s,15s,20s,25s,30s,40s",
        )
        .env("PROVIDER_TIMEOUT_MS", "110000")
        .env("LEASE_MS", "120000")
        .env("API_RATE_LIMIT", "0")
        .start();
    let stack = stack.await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let channels = shuffled();
    let (troubled, healthy) = channels.split_first().unwrap();
    let hang = json!({"kind": "delay", "ms": 300_000});
    backlog(&shop, &sandbox, troubled, &hang).await;
    until(WITHIN, "its inquiries hang", async || {
        sandbox.fired().await.iter().sum::<u64>() >= 32
    })
    .await;
    // Those that were made before the trouble began.
    let before = inquiries_ended(&stack, troubled).await;
    let found = healthy.iter().take(5).map(async |channel| {
        let made = shop.made(&an_order(channel)).await;
        let what = format!("{channel} is found beside {troubled}");
        is_found(&shop, &sandbox, &made, &what).await;
    });
    join_all(found).await;
    assert_eq!(
        inquiries_ended(&stack, troubled).await,
        before,
        "{troubled}"
    );
}

/// Inquiries that fail at once, over and over: the others are found, and these too when it is over.
#[actix_rt::test]
async fn inquiries_that_fail_delay_nobody_elses_healing() {
    let stack = quick()
        .env(
            "INQUIRY_SCHEDULE",
            "1s,2s,3s,4s,5s,6s,8s,10s,12s,15s,20s,25s,30s,40s,50s",
        )
        .env("API_RATE_LIMIT", "0")
        .start();
    let stack = stack.await.unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let channels = shuffled();
    let (troubled, healthy) = channels.split_first().unwrap();
    let action = match drawn(2) {
        0 => json!("reset_before_effect"),
        _ => errs(),
    };
    let waiting = backlog(&shop, &sandbox, troubled, &action).await;
    let found = healthy.iter().take(5).map(async |channel| {
        let made = shop.made(&an_order(channel)).await;
        let what = format!("{channel} is found beside {troubled} {action}");
        is_found(&shop, &sandbox, &made, &what).await;
    });
    join_all(found).await;
    sandbox.heal().await;
    let what = format!("{troubled} is found after {action}");
    is_found(&shop, &sandbox, &waiting[0], &what).await;
}

/// Nothing could be sent for longer than the whole schedule: all of it is still to come.
#[actix_rt::test]
async fn what_was_not_sent_uses_up_no_step_of_the_schedule() {
    let stack = quick()
        .env("INQUIRY_SCHEDULE", "3s,4s,5s")
        .start()
        .await
        .unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let channel = shuffled()[0];
    let made = shop.made(&an_order(channel)).await;
    let refused = json!({"kind": "error", "http_status": 401, "response_code": "4017300"});
    sandbox
        .fault(json!({"call": "token", "action": refused}))
        .await;
    sandbox.revoke_tokens().await;
    sandbox
        .settle(&made["payments"][0], "pay", json!({"callback": false}))
        .await;
    let over = "SELECT count(*) FROM provider_work WHERE kind = 'inquire' \
        AND now() > began_at + interval '12 s' AND leased_until IS NULL";
    until(WITHIN, "the schedule would be over", async || {
        run_sql(&stack.database_url(), over).unwrap().trim() == "1"
    })
    .await;
    let steps = "SELECT steps FROM provider_work WHERE kind = 'inquire'";
    assert_eq!(
        run_sql(&stack.database_url(), steps).unwrap().trim(),
        "0",
        "{channel}"
    );
    sandbox.heal().await;
    let id = made["id"].as_str().unwrap();
    until(WITHIN, "it is found", async || {
        shop.order(id).await["status"] == "paid"
    })
    .await;
}

/// Three calls in a row, each answered within its time-out and all of them together long after the lease they began
/// under: asked, cancelled, asked again, and replaced.
#[actix_rt::test]
async fn a_lost_code_is_replaced_however_slowly_the_provider_answers() {
    let journal = Journal::new();
    let stack: Stack = quick()
        .sandbox_env("SANDBOX_JOURNAL", &journal.path())
        .env("CREATE_REPLY_MS", "1500")
        .env("PROVIDER_TIMEOUT_MS", "6000")
        .env("LEASE_MS", "11000")
        .env(
            "RESOLVE_SCHEDULE",
            "500ms,1500ms,2500ms,4s,5s,6s,7s,8s,10s,12s",
        )
        .start()
        .await
        .unwrap();
    let (shop, sandbox) = (Shop::of(&stack), Sandbox::of(&stack));
    let lost = json!({"call": "qris_generate", "times": 1, "action": "drop_after_effect"});
    sandbox.fault(lost).await;
    let delays = ["qris_query", "qris_cancel", "qris_generate"].map(|call| {
        let ms = 3_900 + drawn(900);
        json!({"call": call, "action": {"kind": "delay", "ms": ms}})
    });
    sandbox.fault(json!(delays)).await;
    let answer = shop.create(&an_order("BNC_QRIS")).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json["id"].as_str().unwrap();
    until(WITHIN, &format!("it is replaced: {delays:?}"), async || {
        let order = shop.order(id).await;
        order["payments"][0]["status"] == "pending"
            && order["payments"].as_array().unwrap().len() > 1
    })
    .await;
    sandbox.heal().await;
    let order = shop.order(id).await;
    let payments = order["payments"].as_array().unwrap();
    assert_eq!(payments.len(), 2, "{delays:?}: {order}");
    assert_eq!(payments[1]["failure"]["code"], "artefact_lost");
    sandbox.pay(&payments[0]).await;
    assert_eq!(shop.order(id).await["status"], "paid");
    journal.assert_nothing_was_accepted_twice();
}
