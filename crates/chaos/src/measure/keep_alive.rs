//! A connection that carries one request after the other, as cheap as can be: the load shares the
//! machine with what it loads.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::tools::http::{Reply, parse};

const REPLY_MAX: usize = 1 << 20;
const CHUNK: usize = 8 * 1024;

/// A connection to one address.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    to: SocketAddr,
}

/// A reply, and the connection if it carries another request.
#[derive(Debug)]
pub struct Exchanged {
    /// The reply.
    pub reply: Reply,
    /// The connection for the next request.
    pub connection: Option<Connection>,
}

impl Connection {
    /// Connects to an address.
    ///
    /// # Errors
    /// Returns the reason why nobody is there.
    pub async fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, to })
    }

    /// Returns the address it is connected to.
    #[must_use]
    pub const fn to(&self) -> SocketAddr {
        self.to
    }

    /// Sends a whole request and reads the whole reply.
    ///
    /// # Errors
    /// Fails when the connection ends before the reply does.
    pub async fn exchange(mut self, request: &[u8]) -> io::Result<Exchanged> {
        self.stream.write_all(request).await?;
        let mut read = Vec::with_capacity(CHUNK);
        loop {
            let count = self.stream.read_buf(&mut read).await?;
            if let Some(reply) = parse(&read, count == 0) {
                let closes = reply.header("connection") == Some("close") || count == 0;
                return Ok(Exchanged {
                    reply,
                    connection: (!closes).then_some(self),
                });
            }
            if count == 0 || read.len() > REPLY_MAX {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
