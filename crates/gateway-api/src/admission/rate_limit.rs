//! Requests per second and key (`API_RATE_LIMIT`), computed in this process: each replica allows
//! that many. Every reply to a known key states what is left (the IETF's `RateLimit` and
//! `RateLimit-Policy`).

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use uuid::Uuid;

/// Keys remembered at once. Further keys that call in the same second are let in uncounted: this
/// limit bounds memory.
const KEYS_MAX: usize = 10_000;
/// The part of its allowance that a key at rest may use at once.
const BURST: Duration = Duration::from_secs(1);

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// The rate limit, shared by the threads of a process.
#[derive(Debug, Clone)]
pub struct RateLimit {
    per_second: Option<NonZeroU32>,
    keys: Arc<Mutex<Keys>>,
}

#[derive(Debug, Default)]
struct Keys {
    /// The time until which each key has used its allowance; a burst may run ahead of the clock.
    used_until: HashMap<Uuid, Instant>,
    swept: Option<Instant>,
}

/// The outcome of a request at the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// The wait that is required; `None`: it is let in.
    pub wait: Option<Duration>,
    /// The allowance that the reply states; `None` without a limit.
    pub standing: Option<Standing>,
}

/// The remaining allowance of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Allowed requests per second.
    pub quota: u32,
    /// Requests that may be sent at once now.
    pub left: u32,
    /// Seconds until `quota` requests may be sent again, or after a refusal, until one may be sent.
    pub resets_in: u64,
}

impl RateLimit {
    /// Returns a limit of `per_second` requests for each key; `None` is no limit.
    #[must_use]
    pub fn new(per_second: Option<NonZeroU32>) -> Self {
        Self {
            per_second,
            keys: Arc::default(),
        }
    }

    /// Lets a request of a key in, or returns the wait that is required.
    #[must_use]
    pub fn admit(&self, key: Uuid, now: Instant) -> Admission {
        let Some(rate) = self.per_second else {
            return Admission {
                wait: None,
                standing: None,
            };
        };
        let gap = Duration::from_secs(1)
            .checked_div(rate.get())
            .unwrap_or(BURST);
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let used_until = keys.used_until.get(&key).copied();
        let used_until = used_until.filter(|at| *at > now).unwrap_or(now);
        let used = used_until.saturating_duration_since(now);
        let ahead = used.saturating_add(gap);
        if ahead > BURST {
            let wait = ahead.saturating_sub(BURST);
            return Admission {
                wait: Some(wait),
                standing: Some(Standing {
                    quota: rate.get(),
                    left: 0,
                    resets_in: whole_seconds(wait),
                }),
            };
        }
        keys.remember(key, used_until.checked_add(gap).unwrap_or(used_until), now);
        let left = BURST.saturating_sub(ahead).as_nanos();
        let left = left.checked_div(gap.as_nanos()).unwrap_or_default();
        Admission {
            wait: None,
            standing: Some(Standing {
                quota: rate.get(),
                left: u32::try_from(left).unwrap_or(u32::MAX),
                resets_in: whole_seconds(ahead),
            }),
        }
    }
}

impl Keys {
    fn remember(&mut self, key: Uuid, used_until: Instant, now: Instant) {
        let is_full = self.used_until.len() >= KEYS_MAX;
        let swept_lately = self.swept.is_some_and(|at| now < at);
        if is_full && !swept_lately {
            self.used_until.retain(|_, until| *until > now);
            self.swept = now.checked_add(BURST);
        }
        if self.used_until.len() < KEYS_MAX || self.used_until.contains_key(&key) {
            self.used_until.insert(key, used_until);
        }
    }
}

/// Rounds up to whole seconds, at least one: never less than the required wait.
fn whole_seconds(span: Duration) -> u64 {
    let rest = u64::from(span.subsec_nanos() > 0);
    span.as_secs().saturating_add(rest).max(1)
}

impl Standing {
    fn headers(self) -> [(HeaderName, HeaderValue); 2] {
        let Self {
            quota,
            left,
            resets_in,
        } = self;
        let value = |text: String| {
            HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
        };
        [
            (POLICY, value(format!("\"key\";q={quota};w=1"))),
            (STANDING, value(format!("\"key\";r={left};t={resets_in}"))),
        ]
    }
}

/// Writes the outcome of [`RateLimit::admit`], left among the request's extensions, into the reply.
/// Middleware, for `middleware::from_fn`.
///
/// # Errors
/// Those of inner middlewares.
pub async fn tell<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut reply = next.call(request).await?;
    let standing = reply.request().extensions().get::<Standing>().copied();
    for (name, value) in standing.map(Standing::headers).into_iter().flatten() {
        reply.headers_mut().insert(name, value);
    }
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(rate: u32) -> RateLimit {
        RateLimit::new(NonZeroU32::new(rate))
    }

    fn is_let_in(limit: &RateLimit, key: Uuid, now: Instant) -> bool {
        limit.admit(key, now).wait.is_none()
    }

    #[test]
    fn a_second_holds_its_rate_and_no_more() {
        let limit = limit(5);
        let (key, start) = (Uuid::nil(), Instant::now());
        let admitted = (0..20).filter(|_| is_let_in(&limit, key, start)).count();
        assert_eq!(admitted, 5);
        let wait = limit.admit(key, start).wait.unwrap();
        assert!(is_let_in(&limit, key, start + wait));
        assert!(!is_let_in(&limit, key, start + wait));
    }

    #[test]
    fn keys_do_not_share_and_zero_is_off() {
        let one = limit(1);
        let start = Instant::now();
        assert!(is_let_in(&one, Uuid::nil(), start));
        assert!(!is_let_in(&one, Uuid::nil(), start));
        assert!(is_let_in(&one, Uuid::max(), start));
        let off = limit(0);
        assert!((0..1000).all(|_| is_let_in(&off, Uuid::nil(), start)));
        assert_eq!(off.admit(Uuid::nil(), start).standing, None);
    }

    #[test]
    fn each_reply_tells_what_is_left() {
        for rate in [1, 3, 5, 7, 200, 1000] {
            let limit = limit(rate);
            let (key, start) = (Uuid::nil(), Instant::now());
            for left in (0..rate).rev() {
                let told = limit.admit(key, start).standing.unwrap();
                assert_eq!((told.quota, told.left, told.resets_in), (rate, left, 1));
            }
            let refused = limit.admit(key, start);
            assert!(refused.wait.is_some());
            assert_eq!(refused.standing.map(|told| told.left), Some(0), "{rate}");
        }
    }

    #[test]
    fn however_many_keys_call_the_memory_is_bounded() {
        let limit = limit(1);
        let start = Instant::now();
        let keys = u128::try_from(KEYS_MAX).unwrap() * 2;
        for key in 0..keys {
            assert!(is_let_in(&limit, Uuid::from_u128(key), start));
        }
        let held = |limit: &RateLimit| limit.keys.lock().unwrap().used_until.len();
        assert_eq!(held(&limit), KEYS_MAX);
        assert!(!is_let_in(&limit, Uuid::from_u128(0), start), "still known");
        let later = start + Duration::from_secs(2);
        assert!(is_let_in(&limit, Uuid::from_u128(keys), later));
        assert_eq!(held(&limit), 1, "those at rest are forgotten");
    }
}
