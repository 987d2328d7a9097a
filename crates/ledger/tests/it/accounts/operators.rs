//! Operators: sessions that end, sign-ins that are slowed down, and a log that only grows.

use ledger::{NewAction, NewOperator, NewSession, Role, SignIn, Urgency, Visit};
use uuid::Uuid;

use crate::support::Books;

const EMAIL: &str = "siti@example.co.id";
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";
const ADDRESS: &str = "10.0.0.7";

async fn operator(books: &Books, role: Role) -> Uuid {
    let new = NewOperator {
        email: EMAIL.to_owned(),
        name: "Siti".to_owned(),
        role,
        password_hash: HASH.to_owned(),
    };
    books.run(move |tx| tx.add_operator(&new)).await
}

async fn try_as(books: &Books, email: &'static str, address: &'static str) -> SignIn {
    books.run(move |tx| tx.begin_sign_in(email, address)).await
}

async fn session(books: &Books, operator: Uuid, byte: u8) -> bool {
    let new = NewSession {
        digest: [byte; 32],
        operator,
        address: ADDRESS.to_owned(),
    };
    books.run(move |tx| tx.signed_in(EMAIL, &new)).await
}

async fn visit(books: &Books, byte: u8) -> Visit {
    books.run(move |tx| tx.visit(Some([byte; 32]))).await
}

async fn is_known(books: &Books, byte: u8) -> bool {
    matches!(visit(books, byte).await, Visit::Known(_))
}

#[tokio::test]
async fn there_is_no_console_without_an_operator() {
    let books = Books::open().await;
    assert!(matches!(visit(&books, 1).await, Visit::Closed));
    let one = operator(&books, Role::Viewer).await;
    assert!(matches!(visit(&books, 1).await, Visit::Stranger));
    assert!(session(&books, one, 1).await);
    let Visit::Known(visitor) = visit(&books, 1).await else {
        panic!("not known");
    };
    assert_eq!((visitor.operator, visitor.role), (one, Role::Viewer));
    books.run(|tx| tx.disable_operator(EMAIL)).await;
    assert!(matches!(visit(&books, 1).await, Visit::Closed));
    assert_eq!(books.count("operator_sessions"), 0);
    assert!(!session(&books, one, 2).await, "nor can a new one begin");
}

#[tokio::test]
async fn an_address_is_taken_once_and_again_after_it_was_disabled() {
    let books = Books::open().await;
    let one = operator(&books, Role::Viewer).await;
    let new = NewOperator {
        email: EMAIL.to_owned(),
        name: "Other".to_owned(),
        role: Role::Operator,
        password_hash: HASH.to_owned(),
    };
    let again = new.clone();
    let twice = books
        .ledger
        .at(Urgency::Write)
        .transact(move |tx| tx.add_operator(&again));
    assert!(twice.await.is_err());
    books.run(|tx| tx.disable_operator(EMAIL)).await;
    assert_eq!(books.run(move |tx| tx.add_operator(&new)).await, one);
    let all = books.run(|tx| tx.list_operators()).await;
    assert_eq!((all[0].role, all[0].disabled_at), (Role::Operator, None));
}

#[tokio::test]
async fn a_session_ends_when_it_rests_when_it_is_old_and_when_it_is_closed() {
    let books = Books::open().await;
    let one = operator(&books, Role::Operator).await;
    for byte in 1..=3 {
        assert!(session(&books, one, byte).await);
    }
    books.sql("UPDATE operator_sessions SET seen_at = now() - interval '29 min'");
    assert!(is_known(&books, 1).await, "and is used now");
    books.sql("UPDATE operator_sessions SET seen_at = seen_at - interval '2 min'");
    assert!(is_known(&books, 1).await);
    assert!(!is_known(&books, 2).await, "it rested for 31 minutes");
    books.sql(
        "UPDATE operator_sessions SET seen_at = now(), expires_at = expires_at - interval '12 h'",
    );
    assert!(!is_known(&books, 1).await, "it is 12 hours old");
    assert!(session(&books, one, 4).await);
    assert_eq!(
        books.count("operator_sessions"),
        1,
        "what is old is deleted"
    );
    books
        .run(move |tx| tx.close_session([4; 32], one, ADDRESS))
        .await;
    assert!(!is_known(&books, 4).await);
}

#[tokio::test]
async fn an_operator_has_ten_sessions_at_most() {
    let books = Books::open().await;
    let one = operator(&books, Role::Operator).await;
    for byte in 1..=12 {
        assert!(session(&books, one, byte).await);
    }
    assert_eq!(books.count("operator_sessions"), 10);
    assert!(!is_known(&books, 1).await);
    assert!(is_known(&books, 12).await);
}

#[tokio::test]
async fn wrong_passwords_cost_time_and_a_name_that_nobody_has_costs_the_same() {
    let books = Books::open().await;
    let one = operator(&books, Role::Operator).await;
    let nobody = "nobody@example.co.id";
    for _ in 0..5 {
        let found = try_as(&books, EMAIL, "10.0.0.1").await;
        assert_eq!(found, SignIn::Check(Some((one, HASH.to_owned()))));
        assert_eq!(
            try_as(&books, nobody, "10.0.0.2").await,
            SignIn::Check(None)
        );
    }
    for _ in 0..2 {
        for (email, address) in [(EMAIL, "10.0.0.3"), (nobody, "10.0.0.4")] {
            let refused = try_as(&books, email, address).await;
            let SignIn::Wait(seconds) = refused else {
                panic!("{refused:?}");
            };
            assert!((1..=11).contains(&seconds), "{seconds}");
        }
    }
    // The wait over, one more is let in and doubles it.
    books.sql("UPDATE sign_in_attempts SET last_at = last_at - interval '10 s'");
    assert!(matches!(
        try_as(&books, EMAIL, "10.0.0.5").await,
        SignIn::Check(_)
    ));
    let SignIn::Wait(seconds) = try_as(&books, EMAIL, "10.0.0.5").await else {
        panic!("let in");
    };
    assert!((12..=21).contains(&seconds), "{seconds}");
    // Whoever is in has no failures.
    assert!(session(&books, one, 1).await);
    assert!(matches!(
        try_as(&books, EMAIL, "10.0.0.5").await,
        SignIn::Check(_)
    ));
    assert_eq!(
        books.sql("SELECT count(*) FROM sign_in_attempts WHERE octet_length(subject) <> 32"),
        "0"
    );
}

#[tokio::test]
async fn an_address_that_tries_many_names_is_slowed_down_and_leaves_no_more_rows() {
    let books = Books::open().await;
    operator(&books, Role::Operator).await;
    let names: Vec<&'static str> = (0..40)
        .map(|number| &*Box::leak(format!("n{number}@example.co.id").into_boxed_str()))
        .collect();
    for name in &names[..20] {
        assert_eq!(try_as(&books, name, ADDRESS).await, SignIn::Check(None));
    }
    let rows = books.count("sign_in_attempts");
    for name in &names[20..] {
        assert!(matches!(
            try_as(&books, name, ADDRESS).await,
            SignIn::Wait(_)
        ));
    }
    assert_eq!(books.count("sign_in_attempts"), rows);
    books.sql("UPDATE sign_in_attempts SET last_at = last_at - interval '25 h'");
    for name in &names[..4] {
        assert_eq!(try_as(&books, name, ADDRESS).await, SignIn::Check(None));
    }
    assert!(
        books.count("sign_in_attempts") <= 5,
        "what is forgotten goes"
    );
}

#[tokio::test]
async fn what_operators_did_is_only_added_to() {
    let books = Books::open().await;
    let one = operator(&books, Role::Operator).await;
    for number in 0..5 {
        let action = NewAction {
            operator: Some(one),
            action: "order_synced",
            target: Some(format!("ord_{number}")),
            outcome: "done".to_owned(),
            address: ADDRESS.to_owned(),
            follows: None,
        };
        books.run(move |tx| tx.record_action(&action)).await;
    }
    let first = books.run(|tx| tx.list_actions(None, 3)).await;
    let targets = |lines: &[ledger::ActionLine]| -> Vec<String> {
        let targets = lines.iter().map(|line| line.target.clone().unwrap());
        targets.collect()
    };
    assert_eq!(targets(&first), ["ord_4", "ord_3", "ord_2"]);
    assert_eq!(first[0].operator.as_deref(), Some(EMAIL));
    let before = Some(first[2].id);
    let rest = books.run(move |tx| tx.list_actions(before, 3)).await;
    assert_eq!(
        targets(&rest),
        ["ord_1", "ord_0", EMAIL],
        "added by the tool"
    );
    for change in [
        "UPDATE operator_actions SET outcome = 'x'",
        "DELETE FROM operator_actions",
    ] {
        let services = devstack::run_sql(&books.database.services_url(), change);
        assert!(services.is_err(), "{change}");
        let owner = devstack::run_sql(&books.database.url(), change);
        assert!(owner.is_err(), "{change}");
    }
}
