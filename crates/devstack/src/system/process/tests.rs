//! Programs end when asked, when dropped, and when they ignore being asked.

use super::*;

fn shell(script: &str) -> Program {
    Program::new("script", "/bin/sh").args(["-c", script])
}

fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[test]
fn dropping_a_process_stops_it() {
    let process = shell("exec sleep 600").start().unwrap();
    let pid = process.id();
    assert!(is_running(pid));
    drop(process);
    assert!(!is_running(pid));
}

#[test]
fn a_process_that_ignores_being_asked_is_killed_after_its_grace() {
    let log = tempfile("ignores");
    let mut process = shell("trap '' TERM; echo ready; while :; do sleep 0.05; done")
        .ends_by(Ending::Terminate, Duration::from_millis(200))
        .log_to(&log)
        .start()
        .unwrap();
    let ready = || process.last_words().contains("ready").then_some(());
    poll(Duration::from_secs(5), ready).unwrap();
    let started = Instant::now();
    process.stop();
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert!(!is_running(process.id()));
    std::fs::remove_file(log).unwrap();
}

#[test]
fn what_is_frozen_is_stopped_like_the_rest_with_what_it_started() {
    let log = tempfile("frozen");
    let mut process =
        shell("setsid sh -c 'echo $$; exec sleep 600' & trap 'kill $!; wait; exit' TERM; wait")
            .log_to(&log)
            .start()
            .unwrap();
    let own = || process.last_words().trim().parse::<i32>().ok();
    let child = poll(Duration::from_secs(5), own).unwrap();
    for pid in [child, i32::try_from(process.id()).unwrap()] {
        kill_process(Pid::from_raw(pid).unwrap(), Signal::STOP).unwrap();
    }
    let started = Instant::now();
    process.stop();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(!is_running(child.unsigned_abs()));
    std::fs::remove_file(log).unwrap();
}

#[test]
fn a_failure_is_told_with_its_last_words() {
    let trouble = shell("echo first >&2; echo 'no space' >&2; exit 3").output();
    let text = trouble.unwrap_err().to_string();
    assert!(
        text.contains("exit status: 3") && text.contains("no space"),
        "{text}"
    );
    assert_eq!(shell("echo fine").output().unwrap(), "fine\n");
}

#[test]
fn only_harmless_variables_are_inherited() {
    let printed = shell("env").envs([("OWN", "1")]).output().unwrap();
    assert!(
        printed.contains("OWN=1\n") && printed.contains("PATH="),
        "{printed}"
    );
    assert!(!printed.contains("CARGO_MANIFEST_DIR="), "{printed}");
}

#[test]
fn a_program_cannot_raise_the_descriptors_that_it_was_given() {
    let limits = r#"echo "$(ulimit -Sn) $(ulimit -Hn) $1""#;
    let script = Program::new("script", "/bin/sh").args(["-c", limits, "sh", "a word"]);
    let printed = script.descriptors(Some(64)).output();
    assert_eq!(printed.unwrap(), "64 64 a word\n");
}

#[test]
fn a_process_started_by_a_thread_outlives_the_thread() {
    let started = std::thread::spawn(|| shell("exec sleep 600").start().unwrap());
    let mut process = started.join().unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(process.ended(), None);
}

fn tempfile(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("devstack-{name}-{}", std::process::id()))
}
