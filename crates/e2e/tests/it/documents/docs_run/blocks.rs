//! Finds the blocks of a document that are run, and what they are said to print.

use super::reply::Reply;

/// A block that is run.
#[derive(Debug)]
pub(super) struct Step {
    /// Where it opens, counted from 1.
    pub(super) line: usize,
    pub(super) commands: String,
    pub(super) reply: Option<Reply>,
}

/// The blocks of a document, in order.
pub(super) fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut open: Option<(usize, &str, String)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((number, info, String::new())),
            (None, None) => {}
            (Some((_, _, inside)), None) => {
                inside.push_str(line);
                inside.push('\n');
            }
            (Some(_), Some(_)) => {
                let (number, info, inside) = open.take().unwrap();
                keep(&mut steps, number, info, inside);
            }
        }
    }
    assert!(open.is_none(), "a block does not end: {open:?}");
    steps
}

fn keep(steps: &mut Vec<Step>, line: usize, info: &str, inside: String) {
    let reply = match info {
        "sh run" => {
            steps.push(Step {
                line,
                commands: inside,
                reply: None,
            });
            return;
        }
        "json reply" => Reply::Json(serde_json::from_str(&inside).unwrap_or_else(|error| {
            panic!("line {line}: the reply is not JSON: {error}\n{inside}");
        })),
        "text reply" => Reply::Text(inside),
        _ => return,
    };
    let last = steps.last_mut().expect("a reply follows its command");
    assert!(last.reply.is_none(), "line {line}: a second reply");
    last.reply = Some(reply);
}

#[test]
fn blocks_are_found_with_their_replies() {
    let found = steps("# A\n\n```sh run\necho a\n```\n\n```text reply\na\n```\n\n```sh\nno\n```\n");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].line, found[0].commands.as_str()), (3, "echo a\n"));
    assert!(matches!(&found[0].reply, Some(Reply::Text(text)) if text == "a\n"));
}
