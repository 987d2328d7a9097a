//! Responses as fronts and servers may send them: interim heads first, and everything in packets of any size.
//! Shared by the tests of every crate that sends through this client.

use std::io::Write;
use std::net::TcpStream;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// What goes over the wire, packet by packet.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    /// Each is written and flushed alone.
    pub(crate) packets: Vec<Vec<u8>>,
}

impl Drawn {
    /// Sends it all; the other side may hang up early.
    pub(crate) fn send(&self, stream: &mut TcpStream) {
        stream.set_nodelay(true).ok();
        for packet in &self.packets {
            if stream.write_all(packet).is_err() {
                return;
            }
        }
    }
}

/// Up to eight interim heads of any status, with and without headers, then `answer`; cut anywhere.
pub(crate) fn behind_interim(answer: &'static [u8]) -> impl Strategy<Value = Drawn> {
    let head = (100_u16..200, 0_usize..4, any::<bool>()).prop_map(|(status, headers, bare)| {
        let line_end = if bare { "\n" } else { "\r\n" };
        let link = format!("Link: </style.css>; rel=preload{line_end}").repeat(headers);
        format!("HTTP/1.1 {status} Wait{line_end}{link}{line_end}")
    });
    let heads = prop::collection::vec(head, 0..8);
    let sizes = prop::collection::vec(1_usize..120, 1..40);
    (heads, sizes).prop_map(move |(heads, sizes)| {
        let mut bytes = heads.concat().into_bytes();
        bytes.extend_from_slice(answer);
        let mut packets = Vec::new();
        let mut sizes = sizes.into_iter().cycle();
        while !bytes.is_empty() {
            let size = sizes.next().unwrap_or(1).min(bytes.len());
            packets.push(bytes.drain(..size).collect());
        }
        Drawn { packets }
    })
}

/// `count` of them, the same at each run.
pub(crate) fn draw(strategy: impl Strategy<Value = Drawn>, count: usize) -> Vec<Drawn> {
    let mut runner = TestRunner::deterministic();
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}
