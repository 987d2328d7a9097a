//! Heads of responses: their end, the interim ones, and the final one in a form that awc's codec reads.

use httparse::{Header, ParserConfig, Response, Status};

/// The first bytes of every head of HTTP/1.
const PROTOCOL: &[u8] = b"HTTP/";
const CONTENT_LENGTH: &str = "content-length";
const TRANSFER_ENCODING: &str = "transfer-encoding";
/// Headers that are passed on beside those that frame the body; callers read no other header.
const PASSED_ON: [&str; 4] = ["content-encoding", "content-type", "date", "retry-after"];

/// The judgement of the first bytes that came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// The head is not complete.
    Partial,
    /// A 1xx head: `bytes` long, and another follows (RFC 9110, 15.2; `101` too, since nobody asked to switch).
    Interim { bytes: usize },
    /// The answer's head: `bytes` long, and written anew.
    Final { bytes: usize, anew: Vec<u8> },
    /// Not HTTP/1: awc's codec says what is wrong with it.
    Foreign,
}

/// Returns whether a head ends in `bytes`, of which those before `scanned` were looked at before.
pub(crate) fn has_end(bytes: &[u8], scanned: usize) -> bool {
    let from = scanned.saturating_sub(2);
    let unseen = bytes.get(from..).unwrap_or_default();
    unseen.windows(2).any(|two| two == b"\n\n") || unseen.windows(3).any(|three| three == b"\n\r\n")
}

/// Returns whether `bytes`, however few, may be the beginning of a head.
pub(crate) fn may_begin(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .zip(PROTOCOL)
        .all(|(came, expected)| came == expected)
}

/// Reads the first head in `bytes`.
///
/// A header that is no header is passed over, as browsers do: the status is what counts, and each exchange has a
/// connection of its own, so nothing can be smuggled behind it.
pub(crate) fn read(bytes: &[u8]) -> Head {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let mut headers = vec![httparse::EMPTY_HEADER; lines];
    let mut response = Response::new(&mut headers);
    let mut config = ParserConfig::default();
    config
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .ignore_invalid_headers_in_responses(true);
    let length = match config.parse_response(&mut response, bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Head::Partial,
        Err(_not_http) => return Head::Foreign,
    };
    match (response.code, response.version) {
        (Some(100..=199), _) => Head::Interim { bytes: length },
        (Some(code), Some(minor)) => Head::Final {
            bytes: length,
            anew: anew(code, minor, response.headers),
        },
        _ => Head::Foreign,
    }
}

/// Writes the head with what callers read of it and one plain statement of how long the body is (RFC 9112, 6.3): a
/// statement that is made twice alike is written once; with none, the head is HTTP/1.0's, whose body ends with the
/// connection.
fn anew(code: u16, minor: u8, headers: &[Header<'_>]) -> Vec<u8> {
    let framing = Framing::of(code, minor, headers);
    let minor = if framing == Framing::UntilClose {
        0
    } else {
        minor
    };
    let mut head = format!("HTTP/1.{minor} {code} \r\n").into_bytes();
    match framing {
        Framing::None | Framing::UntilClose => {}
        Framing::Chunked => line(&mut head, TRANSFER_ENCODING, b"chunked"),
        Framing::Length(length) => line(&mut head, CONTENT_LENGTH, length),
        Framing::Contradictory => {
            let both = [CONTENT_LENGTH, TRANSFER_ENCODING];
            for header in headers.iter().filter(|header| is_one_of(header, &both)) {
                line(&mut head, header.name, header.value);
            }
        }
    }
    for header in headers
        .iter()
        .filter(|header| is_one_of(header, &PASSED_ON))
    {
        line(&mut head, header.name, header.value);
    }
    // One exchange a connection: bytes after this response belong to nothing.
    line(&mut head, "connection", b"close");
    head.extend_from_slice(b"\r\n");
    head
}

/// The end of the body.
#[derive(Debug, PartialEq, Eq)]
enum Framing<'a> {
    /// The response has no body.
    None,
    Chunked,
    /// The body ends after this many bytes; the digits as they came.
    Length(&'a [u8]),
    /// The body ends with the connection.
    UntilClose,
    /// The end cannot be known; the codec refuses the head.
    Contradictory,
}

impl<'a> Framing<'a> {
    fn of(code: u16, minor: u8, headers: &[Header<'a>]) -> Self {
        if matches!(code, 204 | 304) {
            return Self::None;
        }
        let encodings = values(headers, TRANSFER_ENCODING).filter(|value| !is(value, "identity"));
        match all_alike(encodings) {
            // HTTP/1.0 knows no transfer encoding.
            Said::Alike(encoding) if minor > 0 && is(encoding, "chunked") => return Self::Chunked,
            Said::Nothing => {}
            Said::Alike(_) | Said::Otherwise if minor == 0 => {}
            Said::Alike(_) | Said::Otherwise => return Self::Contradictory,
        }
        match all_alike(
            values(headers, CONTENT_LENGTH).flat_map(|value| value.split(|b| *b == b',')),
        ) {
            Said::Nothing => Self::UntilClose,
            Said::Alike(length) => Self::Length(length),
            Said::Otherwise => Self::Contradictory,
        }
    }
}

/// The common content of several statements of one thing.
enum Said<'a> {
    Nothing,
    Alike(&'a [u8]),
    Otherwise,
}

fn all_alike<'a>(mut statements: impl Iterator<Item = &'a [u8]>) -> Said<'a> {
    let Some(first) = statements.next().map(<[u8]>::trim_ascii) else {
        return Said::Nothing;
    };
    if statements.all(|other| other.trim_ascii().eq_ignore_ascii_case(first)) {
        Said::Alike(first)
    } else {
        Said::Otherwise
    }
}

fn values<'h, 'a: 'h>(
    headers: &'h [Header<'a>],
    name: &'h str,
) -> impl Iterator<Item = &'a [u8]> + 'h {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value)
}

fn is(value: &[u8], word: &str) -> bool {
    value.trim_ascii().eq_ignore_ascii_case(word.as_bytes())
}

fn is_one_of(header: &Header<'_>, names: &[&str]) -> bool {
    names
        .iter()
        .any(|name| header.name.eq_ignore_ascii_case(name))
}

/// Writes a header line. A value folded over several lines becomes one.
fn line(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    let unfolded = value.iter().map(|byte| {
        if matches!(byte, b'\r' | b'\n') {
            b' '
        } else {
            *byte
        }
    });
    head.extend(unfolded);
    head.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(came: &str, expected: &str) {
        match read(came.as_bytes()) {
            Head::Final { bytes, anew } => {
                assert_eq!(bytes, came.len(), "{came:?}");
                let expected = expected.replace('\n', "\r\n") + "connection: close\r\n\r\n";
                assert_eq!(String::from_utf8(anew).unwrap(), expected, "{came:?}");
            }
            other => panic!("{came:?}: {other:?}"),
        }
    }

    #[test]
    fn the_end_of_the_body_is_said_once_and_plainly() {
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Any: a\r\nCONTENT-LENGTH:5\r\n\r\n",
            "HTTP/1.1 200 \ncontent-length: 5\n",
        );
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
            "HTTP/1.1 200 \ncontent-length: 5\n",
        );
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: Chunked\r\n\r\n",
            "HTTP/1.1 200 \ntransfer-encoding: chunked\n",
        );
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 \ntransfer-encoding: chunked\n",
        );
        check("HTTP/1.1 200\r\n\r\n", "HTTP/1.0 200 \n");
        check(
            "HTTP/1.1 200 OK\nTransfer-Encoding: identity\n\n",
            "HTTP/1.0 200 \n",
        );
        check(
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.0 200 \n",
        );
        check(
            "HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n",
            "HTTP/1.1 204 \n",
        );
    }

    #[test]
    fn a_contradiction_is_left_to_the_codec() {
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "HTTP/1.1 200 \nContent-Length: 5\nContent-Length: 6\n",
        );
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "HTTP/1.1 200 \nTransfer-Encoding: gzip, chunked\n",
        );
    }

    #[test]
    fn odd_headers_do_not_hide_the_status_nor_what_is_read() {
        check(
            "HTTP/1.1  429  Slow\r\nno header at all\r\nX-Folded: a\r\n  b\r\nRetry-After : 7\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 429 \ncontent-length: 0\nRetry-After: 7\n",
        );
        let many = "X-Header: 1\r\n".repeat(5_000);
        check(
            &format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 3\r\n\r\n"),
            "HTTP/1.1 200 \ncontent-length: 3\n",
        );
    }

    #[test]
    fn every_status_below_two_hundred_is_interim() {
        for status in 100..200 {
            let came =
                format!("HTTP/1.1 {status} Wait\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
            let first = came.find("HTTP/1.1 200").unwrap();
            assert_eq!(read(came.as_bytes()), Head::Interim { bytes: first });
        }
    }

    #[test]
    fn what_is_no_http_is_left_to_the_codec() {
        for came in [
            "SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "HTTP/1.1 ab\r\n\r\n",
            "HTTP/3 200 OK\r\n\r\n",
        ] {
            assert_eq!(read(came.as_bytes()), Head::Foreign, "{came}");
        }
        assert!(may_begin(b"") && may_begin(b"HT") && may_begin(b"HTTP/1.1 200"));
        assert!(!may_begin(b"SSH") && !may_begin(b"\x15\x03"));
    }

    #[test]
    fn an_end_is_found_whatever_was_looked_at_before() {
        for head in [
            "HTTP/1.1 200 OK\r\na: b\r\n\r\n",
            "HTTP/1.1 200 OK\n\n",
            "HTTP/1.1 200 OK\n\r\n",
        ] {
            let last = head.len() - 1;
            assert!(!has_end(&head.as_bytes()[..last], 0), "{head:?}");
            for scanned in 0..=last {
                assert!(has_end(head.as_bytes(), scanned), "{head:?} {scanned}");
            }
        }
    }
}
