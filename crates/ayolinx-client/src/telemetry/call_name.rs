//! The name of a call to the provider: breakers, metrics and spans know it by call and channel.

/// The call to the provider, by which it is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange<'a> {
    pub(crate) call: &'static str,
    /// The channel's code; `none` for a token.
    pub(crate) channel: &'a str,
}

impl Exchange<'static> {
    /// The one exchange that is of no channel.
    pub(crate) const TOKEN: Self = Self {
        call: "token",
        channel: "none",
    };
}
