//! The way into the operator's console: it is not there without an operator, and lets nobody in who
//! should not be, nor a form that no page of its own made.

use std::io::Write as _;
use std::process::{Command, Stdio};

use devstack::run_sql;

use crate::operators::console::{EMAIL, PAGES, a_pending_order};
use crate::support::{Http, Operator, Shop, quick};

#[actix_rt::test]
async fn without_an_operator_there_is_no_console_and_a_key_opens_none() {
    let stack = quick().start().await.unwrap();
    let order = a_pending_order(&stack).await;
    let stranger = Operator::stranger(&stack);
    let mut seen = Vec::new();
    for page in PAGES
        .into_iter()
        .chain(["/sign-in", "/static/console.css", "/nowhere"])
    {
        let answer = stranger.get(&page.replace("{order}", &order)).await;
        assert_eq!(answer.status, 404, "{page}");
        seen.push(answer.text());
    }
    let posted = stranger.submit("/sign-in", &[("email", EMAIL)]).await;
    assert_eq!(posted.status, 404);
    seen.push(posted.text());
    seen.dedup();
    assert_eq!(seen.len(), 1, "nothing is told: {seen:?}");

    Operator::add(&stack, EMAIL, "operator");
    stranger.get("/sign-in").await.expect(200);
    let bearer = format!("Bearer {}", stack.merchant().api_key);
    for page in PAGES {
        let url = format!("{}{}", stack.console_url(), page.replace("{order}", &order));
        let headers = [("authorization", bearer.as_str())];
        let answer = Http::new().send("GET", &url, &headers, Vec::new()).await;
        assert_eq!(answer.status, 303, "{page}");
        assert_eq!(answer.header("location"), Some("/sign-in"));
    }
}

#[actix_rt::test]
async fn a_wrong_password_and_an_unknown_name_are_told_alike_and_then_slowed_down() {
    let stack = quick().start().await.unwrap();
    let password = Operator::add(&stack, EMAIL, "operator");
    let mut operator = Operator::stranger(&stack);
    let told = async |operator: &mut Operator, email: &str| {
        let answer = operator.sign_in(email, "wrong password").await;
        let text = answer.text().replace(email, "");
        (
            answer.status,
            text.replace(|c: char| c.is_ascii_digit(), ""),
        )
    };
    let nobody = "nobody@example.co.id";
    for _ in 0..5 {
        let known = told(&mut operator, EMAIL).await;
        assert_eq!(known.0, 401);
        assert_eq!(known, told(&mut operator, nobody).await);
    }
    let known = told(&mut operator, EMAIL).await;
    assert_eq!(known.0, 429);
    assert_eq!(known, told(&mut operator, nobody).await);
    let right = operator.sign_in(EMAIL, &password).await.expect(429);
    assert!(right.header("retry-after").is_some());
    assert_eq!(operator.cookie, None);
    run_sql(&stack.database_url(), "DELETE FROM sign_in_attempts").unwrap();
    operator.sign_in(EMAIL, &password).await.expect(303);
    operator.get("/").await.expect(200);
    let log = Operator::log(&stack);
    let refused = format!("{EMAIL}|sign_in|refused");
    assert_eq!(log.iter().filter(|row| **row == refused).count(), 5);
    assert_eq!(log.last(), Some(&format!("{EMAIL}|sign_in|done")));
}

#[actix_rt::test]
async fn a_session_ends_with_the_sign_out_and_with_its_operator() {
    let stack = quick().start().await.unwrap();
    let one = Operator::new(&stack, EMAIL, "operator").await;
    let stored = run_sql(
        &stack.database_url(),
        "SELECT encode(digest, 'hex') FROM operator_sessions",
    );
    let token = one.cookie.clone().unwrap();
    let token = token.strip_prefix("console=").unwrap().to_owned();
    assert!(!stored.unwrap().contains(&token), "only a digest is stored");
    let other = Operator::new(&stack, "budi@example.co.id", "viewer").await;
    one.press("/sign-out", &[]).await.expect(303);
    let gone = one.get("/").await.expect(303);
    assert_eq!(gone.header("location"), Some("/sign-in"));
    other.get("/").await.expect(200);
    Operator::add(&stack, "third@example.co.id", "viewer");
    stack
        .gatewayctl(&["operators", "disable", "budi@example.co.id"])
        .unwrap();
    other.get("/").await.expect(303);
    let listed = stack.gatewayctl_json(&["operators", "list"]).unwrap();
    let listed = listed["data"].as_array().unwrap();
    assert_eq!(listed.len(), 3);
    assert!(listed[1]["disabled_at"].is_string());
    assert!(!format!("{listed:?}").contains("argon2"));
}

#[actix_rt::test]
async fn a_form_that_no_page_of_the_session_made_is_refused() {
    let stack = quick().start().await.unwrap();
    let one = Operator::new(&stack, EMAIL, "operator").await;
    let other = Operator::new(&stack, "budi@example.co.id", "operator").await;
    let order = a_pending_order(&stack).await;
    let cancel = format!("/orders/{order}/cancel");
    let (own, foreign) = (one.form_token().await, other.form_token().await);
    assert_ne!(own, foreign);
    for token in ["", "x", &foreign] {
        one.submit(&cancel, &[("csrf", token)]).await.expect(403);
    }
    one.submit(&cancel, &[]).await.expect(403);
    let origin = one.console.clone();
    for headers in [
        &[][..],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[
            ("origin", origin.as_str()),
            ("sec-fetch-site", "cross-site"),
        ],
        &[("sec-fetch-site", "same-site")],
    ] {
        let answer = one.submit_with(&cancel, &[("csrf", &own)], headers).await;
        assert_eq!(answer.status, 403, "{headers:?}");
    }
    let mut stranger = Operator::stranger(&stack);
    let from_elsewhere = [("origin", "https://evil.example")];
    let sign_in = stranger
        .submit_with("/sign-in", &[("email", EMAIL)], &from_elsewhere)
        .await;
    assert_eq!(sign_in.status, 403);
    stranger.cookie = Some(format!("console={}", "0".repeat(64)));
    stranger
        .submit(&cancel, &[("csrf", &own)])
        .await
        .expect(303);
    let shop = Shop::of(&stack);
    assert_eq!(shop.order(&order).await["status"], "pending");
    one.submit(&cancel, &[("csrf", &own)]).await.expect(303);
    assert_eq!(shop.order(&order).await["status"], "cancelled");
}

#[actix_rt::test]
async fn a_password_is_read_from_stdin_and_a_short_one_is_not_taken() {
    let stack = quick().start().await.unwrap();
    let add = |password: &str| {
        let own = std::env::current_exe().unwrap();
        let programs = own.parent().unwrap().parent().unwrap();
        let arguments = "operators add --email SITI@example.co.id --name Siti --role operator";
        let mut child = Command::new(programs.join("gatewayctl"))
            .args(arguments.split(' ').chain(["--password-stdin"]))
            .env_clear()
            .envs(stack.settings())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{password}").unwrap();
        drop(stdin);
        child.wait_with_output().unwrap()
    };
    let short = add("elevenchars");
    assert_eq!(short.status.code(), Some(2), "{short:?}");
    let done = add("correct horse battery");
    assert!(done.status.success(), "{done:?}");
    assert!(!String::from_utf8_lossy(&done.stdout).contains("horse"));
    let again = add("correct horse battery");
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    let mut operator = Operator::stranger(&stack);
    operator
        .sign_in(EMAIL, "correct horse battery")
        .await
        .expect(303);
    operator.get("/").await.expect(200);
}
