//! The rules of a proxy.

use std::time::Duration;

/// Treatment of new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Accept {
    /// Taken.
    #[default]
    Pass,
    /// Refused connections (ECONNREFUSED); open connections are reset.
    Refuse,
    /// Taken and reset at once; open connections are reset.
    Reset,
}

/// Treatment of bytes in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Flow {
    /// Forwarded.
    #[default]
    Pass,
    /// Not even read, for as long as the rule holds.
    BlackHole,
    /// A delay of each chunk.
    Delay(Duration),
    /// This many bytes a second, at least 10.
    Drip(usize),
    /// A reset of both sides after this many bytes of a connection.
    CutAt(usize),
    /// The chunk that holds this word is forwarded; a moment later both sides are reset without the
    /// answer. With `COMMIT`: a commit whose outcome the client cannot know.
    CutAfter(&'static [u8]),
}

/// The rules of one proxy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// New connections.
    pub accept: Accept,
    /// From client to server.
    pub to_server: Flow,
    /// From server to client.
    pub to_client: Flow,
}

impl Rules {
    /// Builds rules under which only new connections misbehave.
    #[must_use]
    pub fn accept(accept: Accept) -> Self {
        Self {
            accept,
            ..Self::default()
        }
    }

    /// Builds rules that are the same in both directions.
    #[must_use]
    pub fn both(flow: Flow) -> Self {
        Self {
            to_server: flow.clone(),
            to_client: flow,
            ..Self::default()
        }
    }

    /// Builds rules for what the server sends only.
    #[must_use]
    pub fn replies(flow: Flow) -> Self {
        Self {
            to_client: flow,
            ..Self::default()
        }
    }

    /// Builds rules for what the client sends only.
    #[must_use]
    pub fn requests(flow: Flow) -> Self {
        Self {
            to_server: flow,
            ..Self::default()
        }
    }
}
