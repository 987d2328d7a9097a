//! Requests that are not what HTTP/1.1 allows, or that two servers in a row might read differently.
//! Each carries a second request behind it: no listener may ever answer that one.

/// The body of a request that is smuggled behind another.
const SECOND: &str = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";

/// What is wrong, and the bytes for a listener's path.
pub(crate) fn malformed(path: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut all: Vec<(&'static str, Vec<u8>)> = Vec::new();
    let mut add = |name, text: String| all.push((name, text.into_bytes()));
    for (name, fields, body) in FRAMING {
        let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\n{fields}\r\n{body}");
        add(name, format!("{head}{SECOND}"));
    }
    for (name, fields) in FIELDS {
        add(
            name,
            format!("GET {path} HTTP/1.1\r\nhost: a\r\n{fields}\r\n{SECOND}"),
        );
    }
    for (name, hosts) in HOSTS {
        add(name, format!("GET {path} HTTP/1.1\r\n{hosts}\r\n{SECOND}"));
    }
    for (name, line) in LINES {
        let line = line.replace("PATH", path);
        add(name, format!("{line}\r\nhost: a\r\n\r\n{SECOND}"));
    }
    add(
        "a request line of 200 KB",
        format!(
            "GET {path}?{} HTTP/1.1\r\nhost: a\r\n\r\n{SECOND}",
            "q".repeat(200_000)
        ),
    );
    add(
        "a header of 200 KB",
        format!(
            "GET {path} HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n{SECOND}",
            "q".repeat(200_000)
        ),
    );
    let many: String = (0..150).map(|at| format!("x-{at}: y\r\n")).collect();
    add(
        "150 headers",
        format!("GET {path} HTTP/1.1\r\nhost: a\r\n{many}\r\n{SECOND}"),
    );
    add(
        "the preface of HTTP/2",
        format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0{SECOND}"),
    );
    // The beginning of a TLS handshake.
    let mut hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    hello.extend([0x5a; 505]);
    all.push(("TLS where none is spoken", hello));
    all.push(("bytes that are no text", vec![0xff; 4096]));
    all
}

/// Framing of the body: fields, and what follows the head.
const FRAMING: [(&str, &str, &str); 24] = [
    (
        "a length and chunks",
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "0\r\n\r\n",
    ),
    (
        "chunks and a length",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
        "0\r\n\r\n",
    ),
    (
        "two lengths",
        "content-length: 1\r\ncontent-length: 2\r\n",
        "a",
    ),
    ("two lengths in one", "content-length: 1, 2\r\n", "a"),
    ("a length with a sign", "content-length: +1\r\n", "a"),
    ("a negative length", "content-length: -1\r\n", ""),
    ("a hexadecimal length", "content-length: 0x1\r\n", "a"),
    ("a length with a blank", "content-length: 1 1\r\n", "a"),
    (
        "a length beyond 64 bits",
        "content-length: 99999999999999999999\r\n",
        "",
    ),
    (
        "an unknown coding",
        "transfer-encoding: xchunked\r\n",
        "0\r\n\r\n",
    ),
    (
        "chunks that are not the last coding",
        "transfer-encoding: chunked, identity\r\n",
        "0\r\n\r\n",
    ),
    (
        "chunked twice",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        "0\r\n\r\n",
    ),
    (
        "chunked twice in one",
        "transfer-encoding: chunked, chunked\r\n",
        "0\r\n\r\n",
    ),
    (
        "a coding behind a vertical tab",
        "transfer-encoding: \x0bchunked\r\n",
        "0\r\n\r\n",
    ),
    (
        "a coding with a blank before its colon",
        "transfer-encoding : chunked\r\n",
        "0\r\n\r\n",
    ),
    (
        "a coding in quotes",
        "transfer-encoding: \"chunked\"\r\n",
        "0\r\n\r\n",
    ),
    (
        "a chunk without a size",
        "transfer-encoding: chunked\r\n",
        "\r\n\r\n",
    ),
    (
        "a chunk of a size that is no number",
        "transfer-encoding: chunked\r\n",
        "zz\r\n",
    ),
    (
        "a chunk of a negative size",
        "transfer-encoding: chunked\r\n",
        "-1\r\n",
    ),
    (
        "a chunk beyond 64 bits",
        "transfer-encoding: chunked\r\n",
        "fffffffffffffffff\r\na",
    ),
    (
        "a chunk that is longer than it says",
        "transfer-encoding: chunked\r\n",
        "1\r\nabc\r\n0\r\n\r\n",
    ),
    (
        "a chunk whose size ends with LF",
        "transfer-encoding: chunked\r\n",
        "1\na\r\n0\r\n\r\n",
    ),
    (
        "a chunk whose extension holds LF",
        "transfer-encoding: chunked\r\n",
        "1;a=\nb\r\na\r\n0\r\n\r\n",
    ),
    (
        "a chunk whose size has a prefix",
        "transfer-encoding: chunked\r\n",
        "0x1\r\na\r\n0\r\n\r\n",
    ),
];

/// Fields that are none.
const FIELDS: [(&str, &str); 8] = [
    ("a folded line", "x-a: b\r\n c\r\n"),
    ("a NUL in a value", "x-a: b\0c\r\n"),
    ("a NUL in a name", "x\0a: b\r\n"),
    ("a lone CR in a value", "x-a: b\rc: d\r\n"),
    ("a field without a colon", "x-a\r\n"),
    ("a field without a name", ": b\r\n"),
    ("a name with a blank", "x a: b\r\n"),
    ("an escape character in a value", "x-a: \x1b[31m\r\n"),
];

/// Hosts that are none.
const HOSTS: [(&str, &str); 3] = [
    ("no host", ""),
    ("two hosts", "host: a\r\nhost: b\r\n"),
    ("two equal hosts", "host: a\r\nhost: a\r\n"),
];

/// Request lines that are none.
const LINES: [(&str, &str); 9] = [
    ("no version", "GET PATH"),
    ("HTTP/0.9 by name", "GET PATH HTTP/0.9"),
    ("HTTP/1.2", "GET PATH HTTP/1.2"),
    ("HTTP/2.0", "GET PATH HTTP/2.0"),
    ("a lower case protocol", "GET PATH http/1.1"),
    ("a blank in the target", "GET PATH x HTTP/1.1"),
    ("a NUL in the target", "GET PATH\0 HTTP/1.1"),
    ("a method with a parenthesis", "G(T PATH HTTP/1.1"),
    ("no target", "GET HTTP/1.1"),
];
