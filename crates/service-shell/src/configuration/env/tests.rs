//! Reading values, secrets and files, and the reports about malformed ones.

use std::os::unix::ffi::OsStringExt;

use super::*;

fn env(pairs: &[(&str, &str)]) -> Env {
    Env::from_pairs(pairs.iter().copied())
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[track_caller]
fn check_secret(text: &str, expected: &str) {
    let file = file(text);
    let env = env(&[("S_FILE", file.path().to_str().unwrap())]);
    let reader = env.reader();
    let secret: Option<String> = reader.secret("S");
    assert_eq!(reader.finish(secret), Ok(expected.to_owned()));
    let direct = Env::from_pairs([("S", text)]);
    let reader = direct.reader();
    let secret: Option<String> = reader.secret("S");
    assert_eq!(reader.finish(secret), Ok(expected.to_owned()));
}

#[test]
fn all_problems_are_reported_together_and_each_names_its_variable() {
    let env = env(&[("COUNT", "many"), ("WAIT_MS", "-1"), ("NETS", "1,,2")]);
    let reader = env.reader();
    reader.required("URL");
    reader.parsed_or("COUNT", "a whole number", 1_u32);
    reader.milliseconds_or("WAIT_MS", 5, 1..=10);
    reader.list_with("NETS", "a number", |t| t.parse::<u8>().ok());
    let problems = reader.finish(Some(())).unwrap_err();
    let names: Vec<_> = problems.iter().map(Problem::variable).collect();
    assert_eq!(names, ["URL", "COUNT", "WAIT_MS", "NETS"]);
    let text = problems.to_string();
    assert!(text.starts_with("4 settings are not right:\n  URL: is required"));
    assert!(!text.contains("many"), "values are never printed: {text}");
}

#[test]
fn a_problem_met_twice_is_reported_once() {
    let env = env(&[("COUNT", "many")]);
    let reader = env.reader();
    for _ in 0..2 {
        reader.parsed_or("COUNT", "a whole number", 1_u32);
    }
    assert_eq!(reader.finish(Some(())).unwrap_err().iter().count(), 1);
}

#[test]
fn an_absent_or_empty_variable_gives_the_default() {
    let env = env(&[("EMPTY", "")]);
    let reader = env.reader();
    assert_eq!(reader.parsed_or("EMPTY", "a number", 3_u8), 3);
    assert_eq!(reader.parsed_or("ABSENT", "a number", 4_u8), 4);
    assert!(
        reader
            .list_with("EMPTY", "x", |t| Some(t.to_owned()))
            .is_empty()
    );
    assert!(reader.flag_or("ABSENT", true));
    assert_eq!(reader.optional("EMPTY"), None);
    assert_eq!(
        reader.duration_or("ABSENT", Duration::from_secs(1)),
        Duration::from_secs(1)
    );
    assert!(reader.finish(Some(())).is_ok());
}

#[test]
fn one_line_break_at_the_end_of_a_secret_is_no_part_of_it() {
    check_secret("hush", "hush");
    check_secret("hush\n", "hush");
    check_secret("hush\r\n", "hush");
    check_secret("hu sh\n", "hu sh");
}

#[test]
fn other_white_space_around_a_secret_is_a_problem_wherever_it_comes_from() {
    for text in [
        "hush\n\n",
        " hush",
        "hush ",
        "\thush",
        "hush\r",
        "\u{feff}hush",
        "hush\u{a0}\n",
        " ",
    ] {
        let file = file(text);
        let path = file.path().to_str().unwrap();
        for (name, value) in [("S", text), ("S_FILE", path)] {
            let env = env(&[(name, value)]);
            let reader = env.reader();
            let secret: Option<String> = reader.secret("S");
            let problems = reader.finish(secret).unwrap_err();
            assert!(problems.names(name), "{name}={text:?}: {problems}");
            assert!(!problems.to_string().contains("hush"));
        }
    }
}

#[test]
fn a_secret_given_twice_missing_or_unreadable_is_a_problem() {
    let file = file("from file");
    let twice = env(&[("S", "direct"), ("S_FILE", file.path().to_str().unwrap())]);
    let reader = twice.reader();
    let secret: Option<String> = reader.secret("S");
    let problems = reader.finish(secret).unwrap_err();
    assert!(problems.names("S"));
    assert!(!problems.to_string().contains("direct"));

    let missing = env(&[]);
    let reader = missing.reader();
    let secret: Option<String> = reader.required_secret("S");
    assert!(reader.finish(secret).unwrap_err().names("S"));

    let unreadable = env(&[("S_FILE", "/does/not/exist")]);
    let reader = unreadable.reader();
    let secret: Option<String> = reader.required_secret("S");
    assert!(reader.finish(secret).unwrap_err().names("S_FILE"));
}

#[test]
fn an_empty_secret_file_is_a_problem() {
    let file = file("\n");
    let env = env(&[("S_FILE", file.path().to_str().unwrap())]);
    let reader = env.reader();
    let secret: Option<String> = reader.secret("S");
    assert!(reader.finish(secret).unwrap_err().names("S_FILE"));
}

#[test]
fn lists_are_trimmed_and_keep_their_order() {
    let env = env(&[("KEYS", "new, old"), ("FILES", "/nope/a, /nope/b")]);
    let reader = env.reader();
    assert_eq!(reader.secret_list::<String>("KEYS"), ["new", "old"]);
    assert!(reader.files("FILES").is_empty());
    assert_eq!(reader.finish(Some(())).unwrap_err().iter().count(), 2);
}

#[test]
fn a_value_that_is_not_utf8_is_a_problem() {
    let env = Env::from_pairs([("NAME", OsString::from_vec(vec![0xff]))]);
    let reader = env.reader();
    assert_eq!(reader.required("NAME"), None);
    assert!(reader.finish(Some(())).unwrap_err().names("NAME"));
}

#[test]
fn debug_output_shows_names_only() {
    let env = env(&[("API_SECRET", "hush")]);
    assert_eq!(format!("{env:?}"), r#"{"API_SECRET"}"#);
}
