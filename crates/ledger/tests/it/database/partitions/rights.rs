//! Who may make and drop months, and which may not be dropped by anybody.

use chrono::Utc;
use devstack::run_sql;
use uuid::Uuid;

use super::{event_id, make, month, suffix};
use crate::support::Books;

#[tokio::test]
async fn the_young_cannot_be_dropped_whoever_asks() {
    let books = Books::open().await;
    for (family, ago) in [("history", 11), ("inbox", 1), ("outbox", 1)] {
        let asked = format!("SELECT drop_partitions('{family}', '{}')", month(ago));
        let said = run_sql(&books.database.url(), &asked)
            .unwrap_err()
            .to_string();
        assert!(said.contains("is kept for"), "{said}");
    }
}

#[tokio::test]
async fn the_services_role_makes_and_drops_by_the_functions_and_in_no_other_way() {
    let books = Books::open().await;
    let role = format!("services_{}", Uuid::new_v4().simple());
    books.sql(&format!(
        "CREATE ROLE {role} LOGIN; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}; \
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"
    ));
    for table in ["delivery_tries", "deliveries", "events"] {
        books.sql(&format!("DROP TABLE {table}{}", suffix(0)));
    }
    make(&books, "outbox", 3);
    let as_role = |statement: &str| {
        run_sql(
            &books.database.url(),
            &format!("SET ROLE {role}; SET gateway.merchant = 'all'; {statement}"),
        )
    };
    let makes = "SELECT make_partitions(3)";
    let drops = format!("SELECT drop_partitions('outbox', '{}')", month(2));
    for denied in [makes, &drops, &format!("DROP TABLE events{}", suffix(3))] {
        assert!(as_role(denied).is_err(), "{denied}");
    }
    books.sql(&format!(
        "GRANT EXECUTE ON FUNCTION make_partitions(integer), drop_partitions(text, date) TO {role}"
    ));
    let made = as_role(makes).unwrap();
    assert!(made.contains(&format!("events{}", suffix(0))), "{made}");
    let dropped = as_role(&drops).unwrap();
    assert!(
        dropped.contains(&format!("events{}", suffix(3))),
        "{dropped}"
    );
    assert!(as_role("SELECT name FROM partition_list()").is_ok());
    // What was made for it is its to write, by the name of the whole.
    let event = format!(
        "INSERT INTO events (id, merchant_id, type, body) SELECT '{}', id, 't', '{{}}' FROM merchants",
        event_id(Utc::now())
    );
    as_role(&event).unwrap();
    assert_eq!(books.count(&format!("events{}", suffix(0))), 1);
    books.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}
