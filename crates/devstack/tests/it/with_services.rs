//! `devstack with-services -- COMMAND`.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use devstack::run_sql;

fn with_services(script: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_devstack"))
        .args(["with-services", "--", "sh", "-c", script])
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn the_command_gets_both_servers_and_its_exit_code_comes_back() {
    let script = "echo $DEVSTACK_TEST_DATABASE_URL; echo $DEVSTACK_TEST_REDIS_URL; exit 7";
    let (code, printed) = with_services(script);
    assert_eq!(code, Some(7), "{printed}");
    let (database, redis) = printed.split_once('\n').unwrap();
    assert!(database.starts_with("postgres://"), "{printed}");
    assert!(redis.starts_with("redis://127.0.0.1:"), "{printed}");
    let gone = run_sql(database, "SELECT 1").unwrap_err().to_string();
    assert!(gone.contains("Connection refused"), "{gone}");
}

#[test]
fn a_command_that_cannot_be_run_is_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_devstack"))
        .args(["with-services", "--", "/no/such/command"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/no/such/command"), "{said}");
}

#[test]
fn a_signal_ends_the_command_and_the_servers() {
    let mut devstack = Command::new(env!("CARGO_BIN_EXE_devstack"))
        .args(["with-services", "--", "sh", "-c"])
        .arg("echo $DEVSTACK_TEST_DATABASE_URL; exec sleep 600")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut database = String::new();
    let mut printed = BufReader::new(devstack.stdout.take().unwrap());
    printed.read_line(&mut database).unwrap();
    let pid = devstack.id().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    assert_eq!(devstack.wait().unwrap().code(), Some(130));
    let gone = run_sql(database.trim(), "SELECT 1")
        .unwrap_err()
        .to_string();
    assert!(gone.contains("Connection refused"), "{gone}");
}
