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
