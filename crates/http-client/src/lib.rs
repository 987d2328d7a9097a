//! An awc client that takes HTTP/1.1 responses as RFC 9110 and 9112 have a client take them.
//!
//! awc takes the first head that comes for the answer, be it `103 Early Hints`; it refuses more than 96 headers and
//! a `Content-Length` said twice, and it drops a body whose end is the connection's. Here a stream between TLS and
//! awc's codec passes over interim responses and writes the final head anew ([`HttpClient`]).

mod client;
mod connector;
mod response_head;
mod response_stream;
mod roots;

pub use client::{HttpClient, UnusableUrl};
pub use response_stream::HEADS_BYTES_MAX;
pub use roots::{public_authorities, public_roots};
