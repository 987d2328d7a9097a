//! One call as it came in, parsed and not yet admitted.

use actix_web::HttpRequest;

use crate::protocol::calls::Call;
use crate::protocol::json_tree::Json;

/// One call as it came in.
pub(crate) struct Incoming<'a> {
    /// The call that the path names.
    pub(crate) call: Call,
    /// Headers.
    pub(crate) request: &'a HttpRequest,
    /// Raw bytes.
    pub(crate) body: &'a [u8],
    /// Parsed, when it is JSON.
    pub(crate) document: Option<&'a Json>,
}
