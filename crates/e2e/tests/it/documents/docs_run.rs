//! The documents' commands work, word for word and in order, and what they are said to answer is what
//! they answer. A block opened with "sh run" is run, one opened with "reply" behind it is what it prints.
//! Each document has a merchant of its own and a folder that looks like a clone beside `make run`.

mod blocks;
mod reply;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use devstack::{Merchant, Stack};

use self::blocks::{Step, steps};
use crate::documents::tidy::{files, repository, shown};
use crate::support::{quick, unique};

/// Documents without which the rest proves nothing, and how many commands they have at least.
const AT_LEAST: [(&str, usize); 2] = [("README.md", 1), ("docs/QUICKSTART.md", 5)];
/// Longer than all commands of a document take on a busy machine.
const SECONDS_MAX: &str = "900";
/// What the script prints between the outputs of two blocks.
const MARK: char = '\u{1e}';

/// A folder as one has it beside `make run`: `.run/env`, the documents, the programs.
fn a_clone(stack: &Stack, merchant: &Merchant, number: usize) -> PathBuf {
    let folder = stack.home().join(format!("clone-{number}"));
    fs::create_dir_all(folder.join(".run")).unwrap();
    fs::create_dir_all(folder.join("target")).unwrap();
    let programs = std::env::current_exe().unwrap();
    let programs = programs.ancestors().nth(2).unwrap();
    symlink(programs, folder.join("target/release")).unwrap();
    for name in ["docs", "deploy"] {
        symlink(repository().join(name), folder.join(name)).unwrap();
    }
    let ours = [
        ("GATEWAY_URL", stack.api_url(0)),
        ("CALLBACK_URL", stack.callback_url(0)),
        ("CHECKOUT_URL", stack.checkout_url()),
        ("CONSOLE_URL", stack.console_url()),
        ("SANDBOX_URL", stack.sandbox_url()),
        ("RECEIVER_URL", stack.receiver().url()),
        ("MERCHANT_ID", merchant.id.clone()),
        ("API_KEY", merchant.api_key.clone()),
        ("WEBHOOK_SECRET", merchant.webhook_secret.clone()),
    ];
    let ours = ours.map(|(name, value)| (name.to_owned(), value));
    let lines = stack.settings().into_iter().chain(ours);
    let lines = lines.map(|(name, value)| format!("{name}='{value}'\n"));
    fs::write(folder.join(".run/env"), lines.collect::<String>()).unwrap();
    folder
}

/// Runs the steps in one shell, as a reader does who copies one after the other.
fn run(folder: &Path, steps: &[Step]) -> Output {
    let mut script = "set -euo pipefail\n".to_owned();
    for step in steps {
        script.push_str(&format!("printf '{MARK}'\n{}\n", step.commands));
    }
    let file = folder.join("script.sh");
    fs::write(&file, script).unwrap();
    let mut command = Command::new("timeout");
    command
        .args([SECONDS_MAX, "bash"])
        .arg(&file)
        .current_dir(folder)
        .env_clear();
    for name in ["PATH", "HOME", "LANG"] {
        command.envs(std::env::var(name).map(|value| (name, value)));
    }
    command.output().unwrap()
}

/// What is wrong with this document's commands.
fn troubles(name: &str, steps: &[Step], output: &Output) -> Vec<String> {
    let printed = String::from_utf8_lossy(&output.stdout);
    let outputs: Vec<&str> = printed.split(MARK).skip(1).collect();
    let mut troubles = Vec::new();
    for (step, printed) in steps.iter().zip(&outputs) {
        let Some(expected) = &step.reply else {
            continue;
        };
        if let Err(why) = expected.fits(printed) {
            let line = step.line;
            troubles.push(format!("{name}:{line} answers otherwise: {why}\n{printed}"));
        }
    }
    if !output.status.success() {
        let line = outputs
            .len()
            .checked_sub(1)
            .and_then(|last| steps.get(last));
        let line = line.map_or(0, |step| step.line);
        let said = String::from_utf8_lossy(&output.stderr);
        let last = outputs.last().unwrap_or(&"");
        troubles.push(format!(
            "{name}:{line} fails: {}\n{last}\n{said}",
            output.status
        ));
    }
    troubles
}

#[actix_rt::test]
async fn every_command_works_and_answers_as_shown() {
    let mut all = Vec::new();
    for path in files(&repository(), &[".md"]) {
        let steps = steps(&fs::read_to_string(&path).unwrap());
        if !steps.is_empty() {
            all.push((shown(&path), steps));
        }
    }
    for (name, least) in AT_LEAST {
        let found = all.iter().find(|(known, _)| known == name);
        let count = found.map_or(0, |(_, steps)| steps.len());
        assert!(count >= least, "{name} has {count} commands that are run");
    }
    let stack = quick()
        .env("CREATE_REPLY_MS", "1000")
        .env("PROVIDER_TIMEOUT_MS", "8000")
        .env("INQUIRY_SCHEDULE", "8s,16s,32s")
        .start();
    let stack = stack.await.unwrap();
    let mut wrong = Vec::new();
    for (number, (name, steps)) in all.iter().enumerate() {
        let merchant = stack.new_merchant(name).unwrap();
        let folder = a_clone(&stack, &merchant, number);
        wrong.extend(troubles(name, steps, &run(&folder, steps)));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[test]
fn a_failure_and_another_answer_are_noticed() {
    let steps = steps(
        "```sh run\necho '{\"a\": 1}'\n```\n\n```json reply\n{\"a\": 2}\n```\n\n```sh run\nfalse\n```\n",
    );
    let folder = tempfolder();
    let found = troubles("X.md", &steps, &run(&folder, &steps));
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("X.md:1 answers otherwise"),
        "{found:?}"
    );
    assert!(found[1].starts_with("X.md:9 fails"), "{found:?}");
}

fn tempfolder() -> PathBuf {
    let folder = std::env::temp_dir().join(unique("docs-run"));
    fs::create_dir(&folder).unwrap();
    folder
}
