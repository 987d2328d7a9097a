//! The least HTTP/1.1 that carries a load: it shares two cores with what it loads. A connection is
//! kept as long as the other side keeps it; where each carries one request, each request opens one.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

const READ_AT_ONCE: usize = 4 * 1024;
const MESSAGE_MAX: usize = 4 << 20;

/// A place for one connection: empty before the first request, and after one that ended it.
#[derive(Debug)]
pub(crate) struct Line {
    to: SocketAddr,
    from: Option<IpAddr>,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    /// Number of connections made.
    pub(crate) opened: u64,
}

/// A whole message in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Offset of the body.
    pub(crate) body: usize,
    /// Offset of the message's end.
    pub(crate) end: usize,
}

/// The reply to a request.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    /// The status code; 0 when there is none to be read.
    pub(crate) status: u16,
    /// The whole body.
    pub(crate) body: &'a [u8],
}

impl Line {
    /// Creates a place for a connection to there.
    pub(crate) const fn to(to: SocketAddr) -> Self {
        Self {
            to,
            from: None,
            stream: None,
            buffer: Vec::new(),
            opened: 0,
        }
    }

    /// Connects from this (loopback) address.
    pub(crate) const fn from(mut self, address: IpAddr) -> Self {
        self.from = Some(address);
        self
    }

    /// Sends a whole request and reads the whole reply. A kept connection that turns out to be
    /// closed before anything came back is replaced once.
    ///
    /// # Errors
    /// Fails when there is no whole reply.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Reply<'_>> {
        let was_kept = self.stream.is_some();
        let extent = match self.exchange(request).await {
            Err(_) if was_kept && self.buffer.is_empty() => self.exchange(request).await?,
            other => other?,
        };
        if says_close(self.buffer.get(..extent.body).unwrap_or_default()) {
            self.stream = None;
        }
        Ok(Reply {
            status: status_of(&self.buffer),
            body: self.buffer.get(extent.body..extent.end).unwrap_or_default(),
        })
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Extent> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                self.opened = self.opened.saturating_add(1);
                let stream = connect(self.to, self.from).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        self.buffer.clear();
        stream.write_all(request).await?;
        let extent = read_message(&mut stream, &mut self.buffer).await?;
        self.stream = Some(stream);
        Ok(extent)
    }
}

/// Connects, from that address where one is given.
///
/// # Errors
/// Returns the reason why nobody is there.
pub(crate) async fn connect(to: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let Some(address) = from else {
        return TcpStream::connect(to).await;
    };
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(address, 0))?;
    socket.connect(to).await
}

/// Reads until the buffer holds a whole message.
///
/// # Errors
/// Fails when the connection ends before.
pub(crate) async fn read_message(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> io::Result<Extent> {
    loop {
        if let Some(extent) = extent_of(buffer) {
            return Ok(extent);
        }
        buffer.reserve(READ_AT_ONCE);
        let count = stream.read_buf(buffer).await?;
        if count == 0 || buffer.len() > MESSAGE_MAX {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Returns where the first message of the buffer lies, once it is whole.
fn extent_of(buffer: &[u8]) -> Option<Extent> {
    let body = find(buffer, b"\r\n\r\n")?.checked_add(4)?;
    let head = buffer.get(..body)?;
    let length = header(head, b"content-length").map_or(Some(0), number)?;
    let end = body.checked_add(length)?;
    (buffer.len() >= end).then_some(Extent { body, end })
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

/// Returns the offset of the first match of these bytes.
pub(crate) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|part| part == wanted)
}

/// Returns the text between a mark and the next quote.
pub(crate) fn quoted_after<'a>(text: &'a [u8], mark: &[u8]) -> Option<&'a str> {
    let rest = text.get(find(text, mark)?.checked_add(mark.len())?..)?;
    let quote = rest.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(rest.get(..quote)?).ok()
}

fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (known, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        known.eq_ignore_ascii_case(name).then_some(value)
    })
}

fn says_close(head: &[u8]) -> bool {
    header(head, b"connection")
        .is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"close"))
}

fn status_of(buffer: &[u8]) -> u16 {
    let digits = buffer.get(9..12).and_then(number).unwrap_or(0);
    u16::try_from(digits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_whole_when_its_length_is_there() {
        let text = b"HTTP/1.1 201 Created\r\ncontent-Length: 4\r\nConnection: close\r\n\r\nabcdef";
        let extent = extent_of(text).unwrap();
        assert_eq!(text.get(extent.body..extent.end), Some(&b"abcd"[..]));
        assert_eq!(status_of(text), 201);
        assert!(says_close(text));
        assert_eq!(
            extent_of(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc"),
            None
        );
        assert_eq!(extent_of(b"HTTP/1.1 200 OK\r\nConte"), None);
    }

    #[test]
    fn a_member_is_read_from_json_that_is_known() {
        let text = br#"{"id":"ord_1","payments":[{"id":"77"}]}"#;
        assert_eq!(quoted_after(text, b"{\"id\":\""), Some("ord_1"));
        assert_eq!(quoted_after(text, b"\"payments\":[{\"id\":\""), Some("77"));
        assert_eq!(quoted_after(text, b"\"x\":\""), None);
    }
}
