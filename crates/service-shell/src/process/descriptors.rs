//! Descriptors of the process: as many as the system permits, and shared out so that clients that fill one
//! listener with connections leave enough to the others, and to the process itself.

use std::num::NonZeroUsize;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Maximum number of connections of a listener, however many descriptors there are.
const LISTENER_MAX: usize = 8_192;
/// Maximum number of calls of the provider under way at once in a process.
const PROVIDER_CALLS_MAX: usize = 2_048;
/// Number of descriptors kept for the database, Redis, endpoints, files.
const RESERVE: usize = 320;
/// The limit when the system names none.
const UNLIMITED: u64 = 1 << 20;

/// Raises the soft limit to the hard one and returns the new limit. When that fails, it stays.
pub fn raise_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::warn!(%error, "the limit of open files was not raised");
    }
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(UNLIMITED);
    tracing::info!(limit, "open files");
    limit
}

/// Returns the number of provider calls that may be under way at once: a quarter of the descriptors.
pub fn provider_calls_of(limit: u64) -> usize {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    (limit / 4).clamp(1, PROVIDER_CALLS_MAX)
}

/// Returns the number of connections that each of several listeners may have at once, for this many
/// descriptors: half of them may need a second one (`silent_connections`).
pub fn connections_of_each(limit: u64, listeners: usize) -> usize {
    let kept = RESERVE.saturating_add(provider_calls_of(limit));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let rest = limit.saturating_sub(kept).max(limit / 4);
    let share = rest.checked_div(listeners).unwrap_or(rest);
    let share = share.saturating_sub(share / 3);
    share.clamp(1, LISTENER_MAX)
}

/// Returns the number of the server's threads, and the connections of one thread when all have this many
/// together: the framework bounds each thread.
pub fn of_a_thread(connections: usize) -> (usize, usize) {
    let threads = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
    let each = connections.checked_div(threads).unwrap_or(connections);
    (threads, each.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_spent_by_the_listeners_alone() {
        for limit in [64, 256, 1_024, 4_096, 65_536, 1 << 20, u64::MAX] {
            for listeners in 1..6 {
                let each = connections_of_each(limit, listeners);
                let all = u64::try_from(each * listeners).unwrap();
                assert!((1..=LISTENER_MAX).contains(&each), "{limit} {listeners}");
                let calls = u64::try_from(provider_calls_of(limit)).unwrap();
                assert!(all + calls < limit, "{limit} {listeners}");
                let (threads, of_one) = of_a_thread(each);
                assert!(of_one * threads <= each.max(threads));
            }
        }
        assert_eq!(connections_of_each(1_024, 3), 100);
        assert_eq!(connections_of_each(1 << 20, 4), LISTENER_MAX);
    }

    #[test]
    fn the_soft_limit_is_the_hard_one() {
        let limit = raise_limit();
        let hard = getrlimit(Resource::Nofile).maximum;
        assert_eq!(limit, hard.unwrap_or(UNLIMITED));
    }
}
