//! A client that sends exactly the bytes it is given: doubled headers, odd bytes, slow bodies.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::Duration;

/// An answer in full.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
        assert!(
            self.head
                .to_ascii_lowercase()
                .contains("content-type: application/json"),
            "{}",
            self.head
        );
    }
}

pub(crate) type Headers = Vec<(String, Vec<u8>)>;

pub(crate) fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

pub(crate) fn post(address: SocketAddr, target: &str, headers: &Headers, body: &[u8]) -> Answer {
    let mut all = headers.clone();
    all.push((
        "content-length".to_owned(),
        body.len().to_string().into_bytes(),
    ));
    send(address, &head("POST", target, &all), |stream| {
        // The server may answer and close before it has read all.
        let _closed_early = stream.write_all(body);
    })
}

pub(crate) fn request(address: SocketAddr, method: &str, target: &str) -> Answer {
    send(
        address,
        &head(method, target, &Headers::new()),
        |_stream| {},
    )
}

/// A head without the body it announces.
pub(crate) fn post_head(address: SocketAddr, target: &str, headers: &Headers) -> Answer {
    send(address, &head("POST", target, headers), |_stream| {})
}

/// A chunked body without a length.
pub(crate) fn post_chunked(
    address: SocketAddr,
    target: &str,
    headers: &Headers,
    body: &[u8],
) -> Answer {
    let mut all = headers.clone();
    all.push(("transfer-encoding".to_owned(), b"chunked".to_vec()));
    send(address, &head("POST", target, &all), |stream| {
        for chunk in body.chunks(1000) {
            let framed = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
            if stream.write_all(&framed).is_err() {
                return;
            }
        }
        let _closed_early = stream.write_all(b"0\r\n\r\n");
    })
}

/// One byte every 200 ms, never the whole announced body.
pub(crate) fn post_dripping(address: SocketAddr, target: &str) -> Answer {
    let all = headers(&[("content-length", "1000")]);
    send(address, &head("POST", target, &all), |stream| {
        let mut answered = [0_u8; 1];
        stream.set_nonblocking(true).unwrap();
        while stream.peek(&mut answered).is_err() && stream.write_all(b" ").is_ok() {
            sleep(Duration::from_millis(200));
        }
        stream.set_nonblocking(false).unwrap();
    })
}

fn head(method: &str, target: &str, headers: &Headers) -> Vec<u8> {
    let mut head =
        format!("{method} {target} HTTP/1.1\r\nhost: gateway.test\r\nconnection: close\r\n")
            .into_bytes();
    for (name, value) in headers {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn send(address: SocketAddr, head: &[u8], body: impl FnOnce(&mut TcpStream)) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream.write_all(head).unwrap();
    body(&mut stream);
    let mut received = Vec::new();
    let mut chunk = [0_u8; 4096];
    // A reset after the answer (unread input) must not hide the answer.
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        received.extend_from_slice(&chunk[..count]);
    }
    let text = String::from_utf8(received).unwrap();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
