//! What a query asks Prometheus for: metrics, labels, and the values they are compared with.

/// Between operands, or before a number.
const WORDS: [&str; 5] = ["and", "or", "unless", "offset", "bool"];
/// What labels in brackets follow.
const GROUPING: [&str; 5] = ["by", "without", "on", "ignoring", "group_left"];

/// One metric in a query.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) metric: String,
    /// Labels with the text they are compared with.
    pub(crate) matched: Vec<(String, String)>,
}

/// The metrics of a query, and the labels that it groups by.
pub(crate) fn asked(query: &str) -> (Vec<Asked>, Vec<String>) {
    let (mut metrics, mut grouped): (Vec<Asked>, Vec<String>) = Default::default();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        if first == '[' {
            rest = after(rest, ']');
        } else if first == '"' {
            rest = after(after(rest, '"'), '"');
        } else if first.is_ascii_digit() {
            rest = word(rest).1;
        } else if first.is_ascii_alphabetic() || first == '_' {
            let (name, more) = word(rest);
            rest = more.trim_start();
            if GROUPING.contains(&name) {
                let labels = rest.split_once(')').unwrap().0;
                let labels = labels.trim_start_matches('(').split(',');
                grouped.extend(labels.map(|label| label.trim().to_owned()));
                rest = after(rest, ')');
            } else if let Some(matchers) = rest.strip_prefix('{') {
                let (matchers, more) = matchers.split_once('}').unwrap();
                metrics.push(Asked {
                    metric: name.to_owned(),
                    matched: matched(matchers),
                });
                rest = more;
            } else if !rest.starts_with('(')
                && !GROUPING.contains(&word(rest).0)
                && !WORDS.contains(&name)
            {
                metrics.push(Asked {
                    metric: name.to_owned(),
                    ..Asked::default()
                });
            }
        } else {
            rest = after(rest, first);
        }
    }
    (metrics, grouped)
}

fn word(text: &str) -> (&str, &str) {
    let is_in = |at: char| at.is_ascii_alphanumeric() || "_:.".contains(at);
    text.split_at(text.find(|at| !is_in(at)).unwrap_or(text.len()))
}

fn after(text: &str, end: char) -> &str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// `label="value"`, with any of the four comparisons, after commas.
fn matched(matchers: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = matchers.split('"').collect();
    let pairs = parts.chunks_exact(2).map(|pair| {
        let label = pair[0].trim_matches(|at| " ,=!~".contains(at));
        (label.to_owned(), pair[1].to_owned())
    });
    pairs.collect()
}

#[test]
fn a_query_is_taken_apart() {
    let (metrics, grouped) = asked(
        "sum by (le, job) (rate(a_total{x=\"1\",y!~\"2|z\"}[5m])) / b_count > 0.5 or vector(0) \
         and max(c offset 1h) == 1",
    );
    let names: Vec<&str> = metrics.iter().map(|one| one.metric.as_str()).collect();
    assert_eq!(names, ["a_total", "b_count", "c"]);
    let of = |label: &str, value: &str| (label.to_owned(), value.to_owned());
    assert_eq!(metrics[0].matched, [of("x", "1"), of("y", "2|z")]);
    assert_eq!(grouped, ["le", "job"]);
}
