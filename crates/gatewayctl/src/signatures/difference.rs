//! The position at which two strings differ.

/// Number of characters shown before the position where two strings differ.
const BEFORE: usize = 40;
const SHOWN: usize = 100;

/// Returns the position, in characters from 0, of the first difference; `None` when they are equal.
pub(crate) fn first_difference(left: &str, right: &str) -> Option<usize> {
    if left == right {
        return None;
    }
    let same = left
        .chars()
        .zip(right.chars())
        .take_while(|(left, right)| left == right);
    Some(same.count())
}

/// Returns both strings around that position, one above the other, and a line that points at it.
pub(crate) fn caret(left: (&str, &str), right: (&str, &str), at: usize) -> String {
    let width = left.0.chars().count().max(right.0.chars().count());
    let start = at.saturating_sub(BEFORE);
    let line = |(name, text): (&str, &str)| {
        let mut shown: String = text.chars().skip(start).take(SHOWN).collect();
        if start > 0 {
            shown.insert(0, '…');
        }
        if text.chars().count() > start.saturating_add(SHOWN) {
            shown.push('…');
        }
        format!("{name:<width$}  {shown}\n")
    };
    let lead = usize::from(start > 0)
        .saturating_add(at.saturating_sub(start))
        .saturating_add(width)
        .saturating_add(2);
    let position = at.saturating_add(1);
    format!(
        "{}{}{}^ character {position}\n",
        line(left),
        line(right),
        " ".repeat(lead)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_first_character_that_differs() {
        assert_eq!(first_difference("POST:/a", "POST:/a"), None);
        assert_eq!(first_difference("POST:/é", "POST:/éb"), Some(7));
        let at = first_difference("POST:/a:x", "POST:/b:x").unwrap();
        assert_eq!(
            caret(("ours", "POST:/a:x"), ("theirs", "POST:/b:x"), at),
            "ours    POST:/a:x\ntheirs  POST:/b:x\n              ^ character 7\n"
        );
    }

    #[test]
    fn long_strings_are_shown_around_it() {
        let left = format!("{}1{}", "a".repeat(90), "b".repeat(90));
        let right = format!("{}2{}", "a".repeat(90), "b".repeat(90));
        let text = caret(("l", &left), ("r", &right), 90);
        let mut lines = text.lines();
        let (shown, _, pointer) = (lines.next().unwrap(), lines.next(), lines.next().unwrap());
        let column = pointer.chars().position(|c| c == '^').unwrap();
        assert_eq!(shown.chars().nth(column), Some('1'));
        assert!(shown.starts_with("l  …aaa") && shown.ends_with("b…"));
    }
}
