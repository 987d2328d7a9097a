//! The stream between TLS and awc's codec: it passes over interim responses and hands on the final head written anew,
//! then the rest as it comes.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_rt::net::{ActixStream, Ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::response_head::{self, Head};

/// Most bytes of all heads of one exchange together, interim ones included: a longer run is no
/// answer.
pub const HEADS_BYTES_MAX: usize = 256 * 1024;
const READ_BYTES: usize = 4 * 1024;

/// One connection of one exchange.
pub(crate) struct ResponseStream<Io> {
    io: Io,
    state: State,
}

enum State {
    Heads(Heads),
    /// `ready`, of which `given` bytes are handed on, then what still comes.
    Passing {
        ready: Vec<u8>,
        given: usize,
    },
}

#[derive(Default)]
struct Heads {
    /// The bytes that belong to no head yet.
    unread: Vec<u8>,
    /// Number of bytes of `unread` that were searched for an end.
    scanned: usize,
    /// Number of bytes that came in all.
    came_bytes: usize,
}

impl<Io> ResponseStream<Io> {
    pub(crate) fn new(io: Io) -> Self {
        Self {
            io,
            state: State::Heads(Heads::default()),
        }
    }
}

impl Heads {
    /// Takes the bytes that came; returns those to be handed on, once they are known.
    fn take(&mut self, came: &[u8]) -> io::Result<Option<Vec<u8>>> {
        self.came_bytes = self.came_bytes.saturating_add(came.len());
        self.unread.extend_from_slice(came);
        loop {
            let blank = self
                .unread
                .iter()
                .take_while(|byte| matches!(byte, b'\r' | b'\n'));
            let blank = blank.count();
            if blank > 0 {
                self.unread.drain(..blank);
                self.scanned = 0;
            }
            if !response_head::may_begin(&self.unread) {
                return Ok(Some(std::mem::take(&mut self.unread)));
            }
            if !response_head::has_end(&self.unread, self.scanned) {
                return self.wait();
            }
            match response_head::read(&self.unread) {
                Head::Partial => return self.wait(),
                Head::Interim { bytes } => {
                    self.unread.drain(..bytes);
                    self.scanned = 0;
                }
                Head::Final { bytes, mut anew } => {
                    anew.extend(self.unread.drain(bytes..));
                    return Ok(Some(anew));
                }
                Head::Foreign => return Ok(Some(std::mem::take(&mut self.unread))),
            }
        }
    }

    fn wait(&mut self) -> io::Result<Option<Vec<u8>>> {
        self.scanned = self.unread.len();
        if self.came_bytes < HEADS_BYTES_MAX {
            return Ok(None);
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the heads of the response do not end",
        ))
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for ResponseStream<Io> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                State::Passing { ready, given } => {
                    let rest = ready.get(*given..).unwrap_or_default();
                    if rest.is_empty() {
                        return Pin::new(&mut this.io).poll_read(cx, buf);
                    }
                    let fitting = rest.get(..buf.remaining()).unwrap_or(rest);
                    buf.put_slice(fitting);
                    *given = given.saturating_add(fitting.len());
                    return Poll::Ready(Ok(()));
                }
                State::Heads(heads) => {
                    let mut space = [0_u8; READ_BYTES];
                    let mut space = ReadBuf::new(&mut space);
                    ready!(Pin::new(&mut this.io).poll_read(cx, &mut space))?;
                    let came = space.filled();
                    let ready = if came.is_empty() {
                        // The end: the codec says that something is missing.
                        Some(std::mem::take(&mut heads.unread))
                    } else {
                        heads.take(came)?
                    };
                    if let Some(ready) = ready {
                        this.state = State::Passing { ready, given: 0 };
                    }
                }
            }
        }
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for ResponseStream<Io> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

/// awc asks for the trait and uses none of its methods.
impl<Io: AsyncRead + AsyncWrite + Unpin> ActixStream for ResponseStream<Io> {
    fn poll_read_ready(&self, _cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        Poll::Ready(Ok(Ready::READABLE))
    }

    fn poll_write_ready(&self, _cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        Poll::Ready(Ok(Ready::WRITABLE))
    }
}

impl<Io> fmt::Debug for ResponseStream<Io> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseStream")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the bytes that are handed on of a stream that comes in these pieces.
    fn handed_on(pieces: &[&[u8]]) -> Option<Vec<u8>> {
        let mut heads = Heads::default();
        let mut passed: Option<Vec<u8>> = None;
        for piece in pieces {
            match &mut passed {
                Some(passed) => passed.extend_from_slice(piece),
                None => passed = heads.take(piece).unwrap(),
            }
        }
        passed
    }

    proptest! {
        #[test]
        fn what_is_handed_on_does_not_depend_on_how_it_is_cut(
            interim in prop::collection::vec((100_u16..200, 0_usize..3, any::<bool>()), 0..6),
            body in prop::collection::vec(any::<u8>(), 0..40),
            cuts in prop::collection::vec(0_usize..600, 0..30),
        ) {
            let mut came = Vec::new();
            for (status, headers, blank) in interim {
                let lines = "Link: </a>\r\n".repeat(headers);
                let blank = if blank { "\r\n" } else { "" };
                came.extend(format!("HTTP/1.1 {status} x\r\n{lines}\r\n{blank}").bytes());
            }
            let length = body.len();
            came.extend(format!("HTTP/1.1 201 y\r\nContent-Length: {length}\r\n\r\n").bytes());
            came.extend(&body);
            let mut expected = format!("HTTP/1.1 201 \r\ncontent-length: {length}\r\nconnection: close\r\n\r\n").into_bytes();
            expected.extend(&body);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(came.len())).collect();
            cuts.extend([0, came.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|two| &came[two[0]..two[1]]).collect();
            prop_assert_eq!(handed_on(&pieces), Some(expected));
        }

        #[test]
        fn any_bytes_are_handed_on_or_waited_for_without_a_panic(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..10),
            begins in any::<bool>(),
        ) {
            let mut heads = Heads::default();
            if begins {
                heads.take(b"HTTP/1.1 200 OK\r\n").unwrap();
            }
            for piece in pieces {
                if let Ok(Some(_handed_on)) = heads.take(&piece) {
                    break;
                }
            }
        }
    }
}
