//! HTTP/1.1 by hand, one connection a call: the load does not depend on any client of the product,
//! and every deadline is its own.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const REPLY_MAX: usize = 8 << 20;

/// A call to send.
#[derive(Debug, Clone)]
pub struct Call {
    /// Address to send it to.
    pub to: SocketAddr,
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// Path with query.
    pub path: String,
    /// Headers besides host, length and connection.
    pub headers: Vec<(&'static str, String)>,
    /// Exact bytes.
    pub body: Vec<u8>,
    /// The longest time from connect to last byte.
    pub within: Duration,
}

/// The reply to a call.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Returns the first header of this (lower-case) name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Parses the body as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Call {
    /// Creates a call without headers or body.
    #[must_use]
    pub fn new(to: SocketAddr, method: &'static str, path: impl Into<String>) -> Self {
        Self {
            to,
            method,
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
            within: Duration::from_secs(10),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets a JSON body of exactly these bytes.
    #[must_use]
    pub fn json(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", "application/json")
    }

    /// Sets a form's body, which is encoded already.
    #[must_use]
    pub fn form(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", "application/x-www-form-urlencoded")
    }

    /// Sets another deadline.
    #[must_use]
    pub const fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }

    /// Sends the call and reads the whole reply.
    ///
    /// # Errors
    /// Returns the reason why there is no whole reply: nothing is known then about the effect.
    pub async fn send(&self) -> Result<Reply, String> {
        match timeout(self.within, self.exchange()).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(error),
            Err(_elapsed) => Err("timeout".to_owned()),
        }
    }

    async fn exchange(&self) -> Result<Reply, String> {
        let said = |error: std::io::Error| error.kind().to_string();
        let mut stream = TcpStream::connect(self.to).await.map_err(said)?;
        stream.set_nodelay(true).map_err(said)?;
        stream.write_all(&self.head()).await.map_err(said)?;
        stream.write_all(&self.body).await.map_err(said)?;
        let mut read = Vec::new();
        let mut buffer = vec![0_u8; 16 * 1024];
        loop {
            let count = stream.read(&mut buffer).await.map_err(said)?;
            read.extend(buffer.iter().take(count));
            if let Some(reply) = parse(&read, count == 0) {
                return Ok(reply);
            }
            if count == 0 || read.len() > REPLY_MAX {
                return Err("half a reply".to_owned());
            }
        }
    }

    fn head(&self) -> Vec<u8> {
        let (method, path, to) = (self.method, &self.path, self.to);
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n");
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if method != "GET" {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

/// Splits a message after its head; returns the head's lines and the rest.
pub(crate) fn split_head(bytes: &[u8]) -> Option<(Vec<String>, &[u8])> {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = bytes.split_at_checked(at)?;
    let lines = String::from_utf8_lossy(head);
    let lines = lines.split("\r\n").map(str::to_owned).collect();
    Some((lines, rest.get(4..).unwrap_or_default()))
}

/// Parses header lines into names in lower case with their values.
pub(crate) fn headers_of(lines: &[String]) -> Vec<(String, String)> {
    lines
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect()
}

pub(crate) fn parse(bytes: &[u8], is_all: bool) -> Option<Reply> {
    let (lines, rest) = split_head(bytes)?;
    let status = lines.first()?.split(' ').nth(1)?.parse().ok()?;
    let reply = Reply {
        status,
        headers: headers_of(lines.get(1..).unwrap_or_default()),
        body: Vec::new(),
    };
    let body = if reply.header("transfer-encoding") == Some("chunked") {
        unchunked(rest)?
    } else {
        match reply.header("content-length") {
            Some(length) => rest.get(..length.parse().ok()?)?.to_vec(),
            None if is_all => rest.to_vec(),
            None => return None,
        }
    };
    Some(Reply { body, ..reply })
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let at = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..at)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        let from = at.checked_add(2)?;
        let to = from.checked_add(size)?;
        body.extend(rest.get(from..to)?);
        if size == 0 {
            return Some(body);
        }
        rest = rest.get(to.checked_add(2)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_whole_or_none() {
        let sized = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-A: b\r\n\r\n{}";
        let reply = parse(sized, false).unwrap();
        assert_eq!((reply.status, reply.body.as_slice()), (201, &b"{}"[..]));
        assert_eq!(reply.header("x-a"), Some("b"));
        assert!(parse(&sized[..sized.len() - 1], true).is_none());
        let chunked =
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        assert_eq!(parse(chunked, false).unwrap().body, b"abcd");
        assert!(parse(&chunked[..chunked.len() - 9], false).is_none());
    }
}
