//! Tests the memory of keys against a plain computation, over generated sequences of keys, addresses
//! and times.

use proptest::prelude::*;

use super::*;

fn digest(number: u32) -> Digest {
    let mut digest = [0; 32];
    digest[..4].copy_from_slice(&number.to_be_bytes());
    digest
}

fn v4(last: u8) -> Option<IpAddr> {
    Some(IpAddr::from([10, 0, 0, last]))
}

fn callers() -> Callers {
    Callers::register(&Registry::new()).unwrap()
}

proptest! {
    /// Looks up unknown keys in a ledger that knows the even ones.
    #[test]
    fn wrong_keys_cost_one_look_each_and_thirty_a_second_and_good_ones_are_never_put_off_for_long(
        sent in prop::collection::vec((0_u32..2_000, 0_u8..3, 0_u64..20), 1..600),
    ) {
        let callers = callers();
        let mut now = Instant::now();
        let began = now;
        let mut looked_up: HashMap<u8, u32> = HashMap::new();
        let mut asked_wrong = std::collections::HashSet::new();
        let mut known = std::collections::HashSet::new();
        for (number, address, pause) in sent {
            now += Duration::from_millis(pause);
            let is_good = number % 2 == 0;
            match callers.meet(&digest(number), v4(address), now) {
                Acquaintance::Known(key) => {
                    prop_assert!(is_good && known.contains(&number));
                    prop_assert_eq!(key, Uuid::from_u128(number.into()));
                }
                Acquaintance::Wrong => prop_assert!(asked_wrong.contains(&number)),
                Acquaintance::Later(wait) => {
                    prop_assert!(!known.contains(&number), "a known key is never put off");
                    prop_assert!(wait <= SECOND);
                }
                Acquaintance::Asked => prop_assert!(false, "every question was answered"),
                Acquaintance::Stranger if is_good => {
                    prop_assert!(known.insert(number), "a known key is known");
                    callers.found(digest(number), Uuid::from_u128(number.into()), v4(address), now);
                }
                Acquaintance::Stranger => {
                    prop_assert!(asked_wrong.insert(number), "a wrong key is asked about once");
                    callers.not_found(digest(number), v4(address), now);
                    *looked_up.entry(address).or_default() += 1;
                }
            }
        }
        let seconds = u32::try_from((now - began).as_millis() / 1000).unwrap() + 2;
        for (address, count) in looked_up {
            prop_assert!(count <= WRONG_PER_SECOND * seconds, "{address}: {count} in {seconds}");
        }
    }
}

#[test]
fn what_is_remembered_ends_and_a_revoked_key_is_forgotten() {
    let (callers, now) = (callers(), Instant::now());
    let key = Uuid::from_u128(1);
    callers.found(digest(1), key, v4(1), now);
    let meet = |at| callers.meet(&digest(1), v4(1), at);
    assert_eq!(meet(now), Acquaintance::Known(key));
    assert_eq!(meet(now + KNOWN_FOR), Acquaintance::Stranger);
    let later = now + KNOWN_FOR;
    callers.not_found(digest(1), v4(1), later);
    assert_eq!(meet(later), Acquaintance::Wrong);
    assert_eq!(meet(later + UNKNOWN_FOR), Acquaintance::Stranger);
}

#[test]
fn an_address_that_floods_is_put_off_and_its_network_with_it_and_nobody_else() {
    let (callers, now) = (callers(), Instant::now());
    let v6 = |text: &str| Some(text.parse::<IpAddr>().unwrap());
    for (at, floods, same, other) in [
        (0, v4(1), v6("::ffff:10.0.0.1"), v4(2)),
        (
            1_000,
            v6("2001:db8::1"),
            v6("2001:db8::ffff:1"),
            v6("2001:db8:0:1::1"),
        ),
    ] {
        for number in at..at + WRONG_PER_SECOND {
            let met = callers.meet(&digest(number), floods, now);
            assert_eq!(met, Acquaintance::Stranger);
            callers.not_found(digest(number), floods, now);
        }
        let unseen = digest(at + 500);
        for address in [floods, same] {
            let met = callers.meet(&unseen, address, now);
            assert!(
                matches!(met, Acquaintance::Later(_)),
                "{address:?}: {met:?}"
            );
        }
        assert_eq!(callers.meet(&unseen, other, now), Acquaintance::Stranger);
        callers.away(&unseen, other, ErrorCode::Overloaded);
        assert_eq!(
            callers.meet(&unseen, floods, now + SECOND),
            Acquaintance::Stranger
        );
    }
}

#[test]
fn memory_is_bounded_and_addresses_without_a_line_are_counted_together() {
    let (callers, now) = (callers(), Instant::now());
    let wide = |number: u32| Some(IpAddr::from(number.to_be_bytes()));
    for number in 0..u32::try_from(ADDRESSES_MAX).unwrap() + 100 {
        callers.not_found(digest(number), wide(number), now);
    }
    let memory = callers.memory();
    assert!(memory.unknown.entries.len() <= UNKNOWN_MAX);
    assert!(memory.addresses.entries.len() <= ADDRESSES_MAX + 1);
    drop(memory);
    let met = callers.meet(&digest(u32::MAX), wide(u32::MAX), now);
    assert!(matches!(met, Acquaintance::Later(_)), "{met:?}");
    for number in 0..u32::try_from(KNOWN_MAX).unwrap() + 100 {
        callers.found(digest(number), Uuid::from_u128(number.into()), None, now);
    }
    assert!(callers.memory().known.entries.len() <= KNOWN_MAX);
}

#[test]
fn keys_that_come_at_once_are_counted_before_the_books_answer() {
    let (callers, now) = (callers(), Instant::now());
    let most = usize::try_from(WRONG_PER_SECOND).unwrap();
    let keys: Vec<u32> = (0..200).collect();
    let strangers = |from: &[u32]| -> Vec<u32> {
        let met = std::thread::scope(|threads| {
            let met = from.iter().map(|number| {
                threads.spawn(|| (*number, callers.meet(&digest(*number), v4(1), now)))
            });
            let met: Vec<_> = met.collect();
            met.into_iter()
                .map(|one| one.join().unwrap())
                .collect::<Vec<_>>()
        });
        let strangers = met
            .into_iter()
            .filter(|(_, met)| *met == Acquaintance::Stranger);
        strangers.map(|(number, _)| number).collect()
    };
    let asked = strangers(&keys);
    assert_eq!(asked.len(), most);
    // One was a good key, one question found the books away, one was given up; the others were wrong.
    let (good, away, given_up, wrong) = (asked[0], asked[1], asked[2], &asked[3..]);
    callers.found(digest(good), Uuid::nil(), v4(1), now);
    callers.away(&digest(away), v4(1), ErrorCode::Overloaded);
    drop(callers.asking(digest(given_up)));
    for number in wrong {
        callers.not_found(digest(*number), v4(1), now);
    }
    let unseen: Vec<u32> = (1_000..1_100).collect();
    assert_eq!(strangers(&unseen).len(), 2, "what was given back");
    // However often a key that was good turns out revoked, a second is waited for at most.
    for number in 5_000..5_100 {
        callers.not_found(digest(number), v4(1), now);
    }
    assert_eq!(
        callers.meet(&digest(9_999), v4(1), now + SECOND),
        Acquaintance::Stranger
    );
}

#[actix_rt::test]
async fn who_comes_with_a_key_that_is_asked_about_waits_for_that_answer_and_costs_nothing() {
    let (callers, now) = (callers(), Instant::now());
    let meet = || callers.meet(&digest(1), v4(1), now);
    let heard = async |answer: &dyn Fn()| {
        assert_eq!(meet(), Acquaintance::Stranger);
        for _ in 0..2 * WRONG_PER_SECOND {
            assert_eq!(meet(), Acquaintance::Asked);
        }
        let asked = digest(1);
        let waiting = callers.answer(&asked);
        let answering = async { answer() };
        tokio::join!(waiting, answering).0
    };
    let away = || callers.away(&digest(1), v4(1), ErrorCode::Overloaded);
    assert_eq!(heard(&away).await, Some(ErrorCode::Overloaded));
    let hung_up = || drop(callers.asking(digest(1)));
    assert_eq!(heard(&hung_up).await, None);
    let found = || callers.found(digest(1), Uuid::nil(), v4(1), now);
    assert_eq!(heard(&found).await, None);
    assert_eq!(meet(), Acquaintance::Known(Uuid::nil()));
}
