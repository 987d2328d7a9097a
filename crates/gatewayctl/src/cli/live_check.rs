//! What `live-check` is told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct LiveCheck {
    /// Receive the provider's callbacks here while it runs. The public URL must lead to it: stop the
    /// worker, or give it an address of its own.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// The origin under which the provider reaches --listen. Default: CALLBACK_PUBLIC_URL.
    #[arg(long, value_name = "ORIGIN", requires = "listen")]
    pub(crate) public_url: Option<String>,
    /// Read the callbacks that the running worker stores, in place of receiving them: CALLBACK_PUBLIC_URL
    /// and DATABASE_URL are the worker's. What the worker cannot be told to refuse is not tried then.
    #[arg(long, conflicts_with = "listen")]
    pub(crate) stored: bool,
    /// Write the report as Markdown to this file too.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// How long to wait for the callbacks after you were asked to press "Mark Success".
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub(crate) wait: Duration,
    /// How long to wait for a callback that was answered with a refusal to come again.
    #[arg(long, value_name = "TIME", default_value = "100s", value_parser = duration)]
    pub(crate) repeat_wait: Duration,
    /// The life of the QR that is left to expire.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(crate) expire_after: Duration,
    /// Run against production all the same. What it opens there is real; nobody should pay it.
    #[arg(long)]
    pub(crate) i_know_this_is_production: bool,
}

/// `250ms`, `90s`, `10m`, `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a length of time such as 90s, 10m or 1h".to_owned();
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (digits, unit) = text.split_at_checked(split).ok_or_else(wrong)?;
    let number: u64 = digits.parse().map_err(|_not_a_number| wrong())?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(milliseconds)
        .filter(|all| *all > 0)
        .map(Duration::from_millis)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_with_their_unit() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        for wrong in ["10", "m", "0s", "1d", "1.5s", "-1s", "99999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
