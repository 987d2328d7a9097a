//! Compares what is printed with what a document shows. `…` stands for anything: in a text, as an
//! element for those that follow, as a member for those that are not shown.

use serde_json::Value;

const ANYTHING: &str = "…";

/// What a document shows.
#[derive(Debug)]
pub(super) enum Reply {
    Json(Value),
    Text(String),
}

impl Reply {
    /// Whether this is what was printed; if not, why.
    pub(super) fn fits(&self, printed: &str) -> Result<(), String> {
        match self {
            Self::Text(shown) if text_fits(shown.trim(), printed.trim()) => Ok(()),
            Self::Text(shown) => Err(format!("shown is {shown}")),
            Self::Json(shown) => {
                let real: Value = serde_json::from_str(printed)
                    .map_err(|error| format!("it is not JSON: {error}"))?;
                json_fits(shown, &real).map_err(|(at, why)| format!("{at}: {why}"))
            }
        }
    }
}

/// Where it does not fit, and why.
type Misfit = (String, String);

fn json_fits(shown: &Value, real: &Value) -> Result<(), Misfit> {
    let fits = match (shown, real) {
        (Value::Object(shown), Value::Object(real)) => {
            for (name, value) in shown.iter().filter(|(name, _)| *name != ANYTHING) {
                let found = real.get(name).ok_or_else(|| misfit(name, "is not there"))?;
                json_fits(value, found).map_err(|(at, why)| (format!("{name}.{at}"), why))?;
            }
            let more = real.keys().find(|name| !shown.contains_key(*name));
            match more {
                Some(name) if !shown.contains_key(ANYTHING) => {
                    return Err(misfit(name, "is not shown"));
                }
                _ => true,
            }
        }
        (Value::Array(shown), Value::Array(real)) => {
            let open = shown.last().is_some_and(|last| last == ANYTHING);
            let count = shown.len() - usize::from(open);
            for (number, (shown, real)) in shown.iter().take(count).zip(real).enumerate() {
                json_fits(shown, real).map_err(|(at, why)| (format!("{number}.{at}"), why))?;
            }
            real.len() == count || (open && real.len() > count)
        }
        (Value::String(shown), Value::String(real)) => text_fits(shown, real),
        (Value::String(shown), _) if shown == ANYTHING => true,
        (shown, real) => shown == real,
    };
    if fits {
        return Ok(());
    }
    Err(misfit("", &format!("{real} instead of {shown}")))
}

fn misfit(at: &str, why: &str) -> Misfit {
    (at.to_owned(), why.to_owned())
}

/// Whether the parts between the `…` stand in the text in this order, the first and last at its ends.
fn text_fits(shown: &str, real: &str) -> bool {
    let mut parts = shown.split(ANYTHING);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = real.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn replies_fit_where_they_should() {
    let json = |text: &str| Reply::Json(serde_json::from_str(text).unwrap());
    let order = r#"{"id": "ord_1", "status": "paid", "payments": [{"a": 1}, {"a": 2}]}"#;
    for fits in [
        order,
        r#"{"id": "ord_…", "…": "…"}"#,
        r#"{"id": "…", "status": "…d", "payments": [{"a": 1}, "…"]}"#,
        r#"{"id": "…", "status": "paid", "payments": "…"}"#,
    ] {
        assert_eq!(json(fits).fits(order), Ok(()), "{fits}");
    }
    for (other, why) in [
        (r#"{"id": "ord_…"}"#, "payments: is not shown"),
        (r#"{"none": 1, "…": "…"}"#, "none: is not there"),
        (r#"{"status": "pending", "…": "…"}"#, "status.: "),
        (r#"{"payments": [], "…": "…"}"#, "payments.: "),
        (r#"{"payments": [{"a": 1}], "…": "…"}"#, "payments.: "),
        (
            r#"{"payments": [{"a": 3}, "…"], "…": "…"}"#,
            "payments.0.a.: ",
        ),
        (r#"{"payments": {}, "…": "…"}"#, "payments.: "),
    ] {
        let found = json(other).fits(order).unwrap_err();
        assert!(found.starts_with(why), "{other}: {found}");
    }
    assert!(json("{}").fits("no JSON").is_err());
    let text = |shown: &str, real: &str| Reply::Text(shown.to_owned()).fits(real).is_ok();
    assert!(text("order … is paid\n", "order 1 is paid"));
    assert!(text("a … b … c", "a 1 b 2 c"));
    assert!(!text("a … b … c", "a 1 c 2 b"));
    assert!(!text("paid", "unpaid"));
    assert!(!text("paid…", "pai"));
}
