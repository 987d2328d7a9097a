//! Waiting for something to become true, with a deadline and no guess at how long it takes.

use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(30);

/// What `attempt` finds, as soon as it finds something.
///
/// # Panics
/// With `what` when `within` is over.
pub(crate) async fn until_some<T, F>(within: Duration, what: &str, mut attempt: F) -> T
where
    F: AsyncFnMut() -> Result<T, String>,
{
    let deadline = Instant::now() + within;
    loop {
        match attempt().await {
            Ok(found) => return found,
            Err(last) if Instant::now() >= deadline => {
                panic!("not within {} ms: {what}; last: {last}", within.as_millis());
            }
            Err(_not_yet) => tokio::time::sleep(POLL).await,
        }
    }
}

/// Waits until `holds`.
///
/// # Panics
/// With `what` when `within` is over.
pub(crate) async fn until<F>(within: Duration, what: &str, mut holds: F)
where
    F: AsyncFnMut() -> bool,
{
    until_some(within, what, async || {
        if holds().await {
            Ok(())
        } else {
            Err("it does not hold".to_owned())
        }
    })
    .await;
}
