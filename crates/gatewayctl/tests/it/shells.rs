//! What shells and `man` make of the program: completions in real shells, and a page for each command.

use std::process::Command;

use tempfile::TempDir;

use crate::rig::{Ctl, Ran};

const COMMANDS: [&str; 18] = [
    "migrate",
    "merchants",
    "keys",
    "webhooks",
    "orders",
    "events",
    "refunds",
    "sync",
    "doctor",
    "sign",
    "verify",
    "reconcile",
    "live-check",
    "audit",
    "quarantine",
    "partitions",
    "erase",
    "completions",
];

fn in_shell(shell: &str, script: &str) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_gatewayctl");
    let folder = std::path::Path::new(program).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let ran = Command::new(shell)
        .args(["-c", script])
        .env("PATH", format!("{}:{path}", folder.display()))
        .output();
    let Ok(ran) = ran else {
        return None;
    };
    assert!(ran.status.success(), "{ran:?}");
    Some(String::from_utf8(ran.stdout).unwrap())
}

/// What bash offers after these words.
#[track_caller]
fn offered(words: &str, current: &str) -> String {
    let count = words.split(' ').count();
    let script = format!(
        "source <(gatewayctl completions bash)
         COMP_WORDS=({words} {current:?}); COMP_CWORD={count}; COMPREPLY=()
         _gatewayctl gatewayctl {current:?} {}
         echo \"${{COMPREPLY[@]}}\"",
        words.rsplit(' ').next().unwrap()
    );
    in_shell("bash", &script).unwrap()
}

#[test]
fn bash_completes_commands_and_options() {
    let all = offered("gatewayctl", "");
    for command in COMMANDS {
        assert!(
            all.split_whitespace().any(|word| word == command),
            "{command}: {all}"
        );
    }
    assert_eq!(offered("gatewayctl", "live").trim(), "live-check");
    assert!(offered("gatewayctl quarantine", "dis").contains("dismiss"));
    assert!(offered("gatewayctl live-check", "--rep").contains("--repeat-wait"));
}

#[test]
fn other_shells_read_their_scripts() {
    // Where they are not installed there is nothing to try.
    for (shell, script) in [
        (
            "zsh",
            "autoload -U compinit; compinit -D; source <(gatewayctl completions zsh); whence _gatewayctl",
        ),
        (
            "fish",
            "gatewayctl completions fish | source; complete -C 'gatewayctl live'",
        ),
    ] {
        if let Some(said) = in_shell(shell, script) {
            let expected = if shell == "fish" {
                "live-check"
            } else {
                "_gatewayctl"
            };
            assert!(said.contains(expected), "{shell}: {said}");
        }
    }
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = Ctl::nowhere().run(&["completions", shell]).ok().stdout;
        assert!(script.contains("live-check"), "{shell}");
    }
}

#[test]
fn every_command_has_a_page_and_stands_in_the_manual() {
    let manual: Ran = Ctl::nowhere().run(&["man"]).ok();
    for command in COMMANDS {
        let page = format!(".TH gatewayctl-{command} 1");
        assert!(manual.stdout.contains(&page), "{page}");
    }
    assert!(manual.stdout.contains(".TH gatewayctl 1"), "{manual:?}");
    assert!(
        manual
            .stdout
            .contains(".TH gatewayctl-quarantine-dismiss 1")
    );
    let folder = TempDir::new().unwrap();
    let to = folder.path().join("man1");
    let ran = Ctl::nowhere()
        .run(&["man", "--dir", to.to_str().unwrap(), "--json"])
        .ok();
    let pages = ran.json()["pages"].as_array().unwrap().len();
    assert_eq!(std::fs::read_dir(&to).unwrap().count(), pages);
    let page = std::fs::read_to_string(to.join("gatewayctl-live-check.1")).unwrap();
    assert!(page.contains("\\-\\-report"), "{page}");
}
