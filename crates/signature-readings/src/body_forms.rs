//! The spellings of one JSON body that signers are known to hash (protocol 3.2).

use ayolinx_core::json_style::{JsonStyle, minify, php_reencode, without_byte_order_mark};

/// A body as given and as others may have spelt it.
#[derive(Debug)]
pub struct BodyForms {
    /// The body as given.
    pub given: Vec<u8>,
    /// The body without white space outside strings.
    pub minified: Vec<u8>,
    /// The body without any white space, inside strings too: what a `\s` replaced by nothing
    /// leaves.
    pub without_blanks: Vec<u8>,
    /// The body as PHP's `json_encode` spells it; `None` when the body is not JSON.
    pub php: Option<Vec<u8>>,
    /// The body with nothing escaped that need not be; `None` when the body is not JSON.
    pub plain: Option<Vec<u8>>,
}

impl BodyForms {
    /// Returns every spelling of these bytes.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        let text = without_byte_order_mark(body);
        Self {
            given: body.to_vec(),
            minified: minify(text),
            without_blanks: (text.iter().copied())
                .filter(|byte| !byte.is_ascii_whitespace())
                .collect(),
            php: php_reencode(text).ok(),
            plain: plain(text),
        }
    }

    /// Returns the body without an editor's newline at the end, which is not part of what was sent.
    #[must_use]
    pub fn without_last_newline(&self) -> Option<&[u8]> {
        let bare = self.given.strip_suffix(b"\n")?;
        Some(bare.strip_suffix(b"\r").unwrap_or(bare))
    }
}

/// Minifies JSON, with nothing escaped that need not be; member order kept.
fn plain(json: &[u8]) -> Option<Vec<u8>> {
    let _valid: serde::de::IgnoredAny = serde_json::from_slice(json).ok()?;
    let mut out = Vec::with_capacity(json.len());
    let mut string: Vec<u8> = Vec::new();
    let mut escaped = false;
    for byte in minify(json) {
        if string.is_empty() && byte != b'"' {
            out.push(byte);
            continue;
        }
        let ends = byte == b'"' && !escaped && !string.is_empty();
        string.push(byte);
        escaped = byte == b'\\' && !escaped;
        if ends {
            let text: String = serde_json::from_slice(&string).ok()?;
            out.extend(JsonStyle::Plain.serialise(&text).ok()?);
            string.clear();
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_form_unescapes_and_keeps_order() {
        let body = br#" {"z": "a\/b \" \\", "a":["Caf\u00e9", 1.50, {}] } "#;
        let forms = BodyForms::of(body);
        assert_eq!(
            String::from_utf8(forms.plain.unwrap()).unwrap(),
            r#"{"z":"a/b \" \\","a":["Café",1.50,{}]}"#
        );
        assert!(forms.php.is_some());
    }

    #[test]
    fn a_byte_order_mark_is_in_no_form_but_the_given_one() {
        let (bare, marked) = (
            BodyForms::of(b"{\"a\": 1}"),
            BodyForms::of(b"\xEF\xBB\xBF{\"a\": 1}"),
        );
        assert_ne!(marked.given, bare.given);
        assert_eq!(
            (marked.minified, marked.php, marked.plain),
            (bare.minified, bare.php, bare.plain)
        );
    }

    #[test]
    fn what_is_not_json_has_no_other_spelling() {
        let forms = BodyForms::of(b"a=1\r\n");
        assert_eq!((forms.php.as_ref(), forms.plain.as_ref()), (None, None));
        assert_eq!(forms.without_last_newline(), Some(&b"a=1"[..]));
    }
}
