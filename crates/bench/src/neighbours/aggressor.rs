//! The aggressors, one after the other: channels, shops, strangers, endpoints, and sessions of the
//! database that are in trouble or make it.

use std::time::Duration;

use super::verdict::Stopped;

/// The distance between the services and their database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Distance {
    /// On the same machine.
    Near,
    /// As far as a managed server is: each answer comes 8 ms later.
    Far,
}

impl Distance {
    /// Returns the name of its quiet in the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Near => "quiet",
            Self::Far => "quiet, 8 ms away",
        }
    }
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggressor {
    HangingChannel,
    FailingChannel,
    SlowChannel,
    ShopAtLimit,
    Guesses,
    ValidPage,
    UnknownKeys,
    SilentConnections,
    WrongSignatures,
    LongPolls,
    QrPictures,
    KeyOverLimit,
    FilterStorm,
    SlowEndpoints,
    HangingEndpoint,
    StuckSession,
    StuckWriter,
}

impl Aggressor {
    /// All aggressors, in the order in which the shop lives beside them.
    pub(crate) const ALL: [Self; 17] = [
        Self::HangingChannel,
        Self::FailingChannel,
        Self::SlowChannel,
        Self::ShopAtLimit,
        Self::Guesses,
        Self::ValidPage,
        Self::UnknownKeys,
        Self::SilentConnections,
        Self::WrongSignatures,
        Self::LongPolls,
        Self::QrPictures,
        Self::KeyOverLimit,
        Self::FilterStorm,
        Self::SlowEndpoints,
        Self::HangingEndpoint,
        Self::StuckSession,
        Self::StuckWriter,
    ];

    /// Returns its name in the table and in `NEIGHBOURS_ONLY`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::HangingChannel => "hanging-channel",
            Self::FailingChannel => "failing-channel",
            Self::SlowChannel => "slow-channel",
            Self::ShopAtLimit => "shop-at-limit",
            Self::Guesses => "guesses",
            Self::ValidPage => "valid-page",
            Self::UnknownKeys => "unknown-keys",
            Self::SilentConnections => "silent-connections",
            Self::WrongSignatures => "wrong-signatures",
            Self::LongPolls => "long-polls",
            Self::QrPictures => "qr-pictures",
            Self::KeyOverLimit => "key-over-limit",
            Self::FilterStorm => "filter-storm",
            Self::SlowEndpoints => "slow-endpoints",
            Self::HangingEndpoint => "hanging-endpoint",
            Self::StuckSession => "stuck-session",
            Self::StuckWriter => "stuck-writer",
        }
    }

    /// Returns a sentence about it for whoever watches.
    pub(crate) const fn tells(self) -> &'static str {
        match self {
            Self::HangingChannel => {
                "a shop makes 30 BNI accounts a second, none is answered in 60 s"
            }
            Self::FailingChannel => "a shop makes 30 BNI accounts a second, all break",
            Self::SlowChannel => "a shop makes 30 BNI accounts a second, each takes 3 s",
            Self::ShopAtLimit => "a shop makes 185 orders a second that are answered late",
            Self::Guesses => "450 guessed checkout links a second from 300 connections",
            Self::ValidPage => "one valid checkout page 600 times a second",
            Self::UnknownKeys => "800 requests a second with unknown API keys",
            Self::SilentConnections => "1,100 connections to the checkout pages without a word",
            Self::WrongSignatures => "300 callbacks a second with wrong signatures",
            Self::LongPolls => "one key holds up to 1,000 reads until something changes",
            Self::QrPictures => "8 connections draw QR pictures of 1,024 pixels",
            Self::KeyOverLimit => "one key asks 600 times a second and may 200 times",
            Self::FilterStorm => "one key lists with filters 150 times a second",
            Self::SlowEndpoints => "16 shops whose endpoints take 12 s for each webhook",
            Self::HangingEndpoint => "a shop whose endpoint never answers, 20 orders a second",
            Self::StuckSession => "one session of a pool stops answering",
            Self::StuckWriter => "the writers' sessions stop answering",
        }
    }

    /// Returns the distance of the database meanwhile.
    pub(crate) const fn distance(self) -> Distance {
        match self {
            Self::Guesses => Distance::Far,
            _ => Distance::Near,
        }
    }

    /// Returns the time that it goes on before the shop is measured, until its trouble has built
    /// up.
    pub(crate) const fn lead(self) -> Duration {
        Duration::from_secs(match self {
            Self::SlowEndpoints => 10,
            Self::LongPolls => 7,
            Self::HangingChannel | Self::SilentConnections | Self::HangingEndpoint => 3,
            _ => 1,
        })
    }

    /// Returns the owner of the sessions that it stops.
    pub(crate) const fn stops(self) -> Option<Stopped> {
        match self {
            Self::StuckSession => Some(Stopped::Session),
            Self::StuckWriter => Some(Stopped::Writer),
            _ => None,
        }
    }

    /// Returns true for those whose trouble reaches furthest.
    pub(crate) const fn is_in_the_short_form(self) -> bool {
        matches!(
            self,
            Self::HangingChannel
                | Self::ShopAtLimit
                | Self::Guesses
                | Self::SilentConnections
                | Self::LongPolls
                | Self::QrPictures
                | Self::StuckWriter
        )
    }

    /// Returns true for those that need shops whose endpoints are slow or hang.
    pub(crate) const fn is_about_endpoints(self) -> bool {
        matches!(self, Self::SlowEndpoints | Self::HangingEndpoint)
    }
}
