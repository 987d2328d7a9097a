//! The ways of writing a signature: base64 is right, and the rest is what others do.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::readings::Difference;

/// One way to read the signature's text as bytes.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) bytes: Vec<u8>,
    pub(crate) difference: Option<Difference>,
}

/// Returns every way, the right one first.
pub(crate) fn readings_of(signature: &str) -> Vec<Written> {
    let mut ways = Vec::new();
    let right = STANDARD.decode(signature).ok();
    if let Some(bytes) = &right {
        ways.push(Written {
            bytes: bytes.clone(),
            difference: None,
        });
    }
    let mut other = |bytes: Option<Vec<u8>>, said: &str| {
        if let Some(bytes) = bytes {
            ways.push(Written {
                bytes,
                difference: Some(Difference::wrong(said)),
            });
        }
    };
    let in_hex = "the signature is written in hex; standard base64 with padding belongs there";
    other(hex(signature.trim()), in_hex);
    if right.is_none() {
        let said = "the signature has white space, URL-safe letters or no padding; standard base64 \
                    with padding belongs there";
        other(loose_base64(signature), said);
    }
    let twice = right.and_then(|bytes| hex(std::str::from_utf8(&bytes).ok()?));
    let said = "the signature is the base64 of hex digits; the base64 of the bytes belongs there";
    other(twice, said);
    ways
}

fn loose_base64(text: &str) -> Option<Vec<u8>> {
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '=')
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    STANDARD_NO_PAD.decode(plain).ok()
}

/// Returns the bytes of hex digits.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
        .collect();
    let digits = digits.filter(|digits| !digits.is_empty())?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| (high << 4) | low;
    rest.is_empty().then(|| pairs.iter().map(byte).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_read(signature: &str, said: &str) {
        let found = readings_of(signature)
            .into_iter()
            .find(|way| way.bytes == [0xfb, 0xff, 0x01, 0x02]);
        let difference = found.unwrap().difference.map(|found| found.text);
        assert!(difference.unwrap_or_default().contains(said), "{signature}");
    }

    #[test]
    fn other_ways_of_writing_are_read_and_named() {
        is_read("+/8BAg==", "");
        is_read("-_8BAg", "URL-safe");
        is_read("+/8B\nAg==", "white space");
        is_read("fbff0102", "hex");
        is_read("FBFF0102", "hex");
        is_read(&STANDARD.encode("fbff0102"), "hex digits");
        assert!(readings_of("!").is_empty());
        assert!(hex("abc").is_none() && hex("").is_none());
    }
}
