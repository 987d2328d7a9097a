//! Databases and Redis servers for single tests.

use std::time::{Duration, Instant};

use devstack::{Durability, Postgres, TestDatabase, TestRedis, run_sql};

fn migrate(url: &str) {
    run_sql(url, "CREATE TABLE things (name text)").unwrap();
}

#[test]
fn each_test_has_a_migrated_database_of_its_own() {
    let (one, other) = (TestDatabase::create(migrate), TestDatabase::create(migrate));
    one.query("INSERT INTO things VALUES ('mine')");
    assert_eq!(one.query("SELECT name FROM things"), "mine\n");
    assert_eq!(other.query("SELECT count(*) FROM things"), "0\n");
}

#[test]
fn databases_are_made_at_the_same_time_by_many_tests() {
    let tests: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn(|| {
                let database = TestDatabase::create(migrate);
                database.query("SELECT count(*) FROM things")
            })
        })
        .collect();
    for test in tests {
        assert_eq!(test.join().unwrap(), "0\n");
    }
}

#[test]
fn a_database_goes_with_its_value() {
    let watcher = TestDatabase::empty();
    let gone = TestDatabase::empty();
    let name = gone.url().rsplit('/').next().unwrap().to_owned();
    let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(watcher.query(&count), "1\n");
    drop(gone);
    assert_eq!(watcher.query(&count), "0\n");
}

#[test]
fn a_killed_postgres_starts_again_with_its_data() {
    let mut postgres = Postgres::throwaway(Durability::Durable).unwrap();
    postgres.ensure_database("books").unwrap();
    postgres.kill();
    postgres.start_again().unwrap();
    postgres.ensure_database("books").unwrap();
    let pid = postgres.pid();
    drop(postgres);
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

/// Checks that the last commit before a kill is there too, or tests that kill their database lose rows
/// by chance.
#[test]
fn a_killed_throwaway_postgres_has_all_that_was_committed() {
    let mut postgres = Postgres::throwaway(Durability::Throwaway).unwrap();
    postgres.ensure_database("books").unwrap();
    let books = postgres.url("books");
    run_sql(&books, "CREATE TABLE entries (id int)").unwrap();
    run_sql(
        &books,
        "INSERT INTO entries SELECT generate_series(1, 1000)",
    )
    .unwrap();
    postgres.kill();
    postgres.start_again().unwrap();
    assert_eq!(
        run_sql(&books, "SELECT count(*) FROM entries")
            .unwrap()
            .trim(),
        "1000"
    );
}

#[test]
fn a_redis_answers_and_is_empty_after_a_kill() {
    let mut redis = TestRedis::start();
    assert_eq!(ask(&redis.url(), "SET a 1"), "+OK");
    assert_eq!(ask(&redis.url(), "EXISTS a"), ":1");
    redis.kill();
    redis.start_again().unwrap();
    assert_eq!(ask(&redis.url(), "EXISTS a"), ":0");
}

#[test]
fn a_paused_redis_does_not_answer_until_it_is_resumed() {
    let redis = TestRedis::start();
    redis.pause();
    let url = redis.url();
    let asking = std::thread::spawn(move || {
        let started = Instant::now();
        (ask(&url, "PING"), started.elapsed())
    });
    std::thread::sleep(Duration::from_millis(300));
    redis.resume();
    let (reply, took) = asking.join().unwrap();
    assert_eq!(reply, "+PONG");
    assert!(took >= Duration::from_millis(250), "{took:?}");
}

fn ask(url: &str, command: &str) -> String {
    use std::io::{BufRead, BufReader, Write};
    let address = url.trim_start_matches("redis://").trim_end_matches('/');
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream
        .write_all(format!("{command}\r\n").as_bytes())
        .unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}
