//! Stacks whose programs do not do what they should.

use std::{os::unix::fs::PermissionsExt, path::Path};

use devstack::Stack;

fn program(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("devstack-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[actix_rt::test]
async fn a_program_that_ends_at_its_start_is_named_with_its_last_words() {
    let programs = folder("ends");
    program(
        &programs,
        "ayolinx-sandbox",
        "echo SANDBOX_BIND is malformed >&2; exit 1",
    );
    let started = Stack::builder()
        .programs_from(&programs)
        .database_url("postgres://nobody@127.0.0.1:1/none")
        .start()
        .await;
    let text = started.unwrap_err().to_string();
    assert!(
        text.contains("ayolinx-sandbox ended (exit status: 1)"),
        "{text}"
    );
    assert!(text.contains("SANDBOX_BIND is malformed"), "{text}");
    std::fs::remove_dir_all(programs).unwrap();
}

#[actix_rt::test]
async fn a_missing_program_is_named() {
    let programs = folder("missing");
    let started = Stack::builder()
        .programs_from(&programs)
        .database_url("postgres://nobody@127.0.0.1:1/none")
        .start()
        .await;
    let text = started.unwrap_err().to_string();
    assert!(text.contains("ayolinx-sandbox"), "{text}");
    std::fs::remove_dir_all(programs).unwrap();
}

/// A sandbox that finds its port taken at its first `times` starts, and then says something else.
fn finds_its_port_taken(programs: &Path, times: u32) {
    let script = format!(
        "echo \"$SANDBOX_BIND\" >> \"$(dirname \"$0\")/binds\"\n\
         if [ \"$(wc -l < \"$(dirname \"$0\")/binds\")\" -le {times} ]; then\n\
           echo \"cannot listen on $SANDBOX_BIND: Address already in use (os error 98)\" >&2\n\
         else\n\
           echo out of order >&2\n\
         fi\n\
         exit 1"
    );
    program(programs, "ayolinx-sandbox", &script);
}

async fn trouble_and_binds(programs: &Path) -> (String, Vec<String>) {
    let started = Stack::builder()
        .programs_from(programs)
        .database_url("postgres://nobody@127.0.0.1:1/none")
        .start()
        .await;
    let binds = std::fs::read_to_string(programs.join("binds")).unwrap();
    let text = started.unwrap_err().to_string();
    (text, binds.lines().map(str::to_owned).collect())
}

#[actix_rt::test]
async fn a_port_that_another_took_meanwhile_is_chosen_anew() {
    let programs = folder("taken");
    finds_its_port_taken(&programs, 2);
    let (text, mut binds) = trouble_and_binds(&programs).await;
    assert!(text.contains("out of order"), "{text}");
    assert!(!text.contains("already in use"), "an old log: {text}");
    binds.sort_unstable();
    binds.dedup();
    assert_eq!(binds.len(), 3, "each time another port");
    std::fs::remove_dir_all(programs).unwrap();
}

#[actix_rt::test]
async fn ports_are_not_chosen_anew_for_ever() {
    let programs = folder("always-taken");
    finds_its_port_taken(&programs, 1000);
    let (text, binds) = trouble_and_binds(&programs).await;
    assert!(text.contains("already in use"), "{text}");
    assert_eq!(binds.len(), 5);
    std::fs::remove_dir_all(programs).unwrap();
}
