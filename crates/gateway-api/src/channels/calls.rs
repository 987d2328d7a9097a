//! The call that lists the ways to pay, as it is documented.

use crate::description::call::{Call, keyed_errors};
use crate::http::error::ErrorCode;

const LIST_CHANNELS: Call = Call {
    id: "list_channels",
    verb: "GET",
    path: "/v1/channels",
    summary: "List payment channels",
    description: "With limits, and whether it can be used now.",
    needs_key: true,
    parameters: &[],
    body: None,
    replies: &[(
        "200",
        "Every method with its channels.",
        Some("ChannelList"),
    )],
    errors: keyed_errors![],
};

/// All channel calls.
pub(crate) const CALLS: &[Call] = &[LIST_CHANNELS];
