//! The breakers on a clock that stands until it is moved: the events that open and close them, and the calls that
//! they refuse.

use proptest::prelude::*;

use super::*;

const CALLS: [&str; 3] = ["qris_create", "ewallet_create", "ewallet_inquiry"];
const CHANNELS: [&str; 2] = ["BNC_QRIS", "EMONEY_DANA_SNAP"];
const HERE: Exchange<'static> = Exchange {
    call: "qris_create",
    channel: "BNC_QRIS",
};
const ELSEWHERE: Exchange<'static> = Exchange {
    call: "ewallet_create",
    channel: "EMONEY_DANA_SNAP",
};

fn breaker() -> Breaker {
    Breaker::default()
}

fn end(breaker: &Breaker, what: Exchange<'_>, verdict: Verdict, times: u32) {
    for _ in 0..times {
        breaker.admit(what).unwrap().judged(verdict);
    }
}

#[tokio::test(start_paused = true)]
async fn five_failures_in_a_row_open_the_line_that_met_them_and_an_answer_closes_it() {
    let breaker = breaker();
    end(&breaker, HERE, Verdict::Failed, 4);
    assert!(!breaker.is_open_for(HERE));
    end(&breaker, HERE, Verdict::Failed, 1);
    assert_eq!(breaker.refuses_for(HERE).unwrap(), OPEN_FOR);
    end(&breaker, ELSEWHERE, Verdict::Failed, 4);
    assert!(!breaker.is_open_for(ELSEWHERE));
    tokio::time::advance(OPEN_FOR).await;
    breaker.admit(HERE).unwrap().judged(Verdict::Failed);
    assert!(breaker.admit(HERE).is_err());
    tokio::time::advance(OPEN_FOR).await;
    breaker.admit(HERE).unwrap().judged(Verdict::Answered);
    assert!(!breaker.is_open_for(HERE));
    end(&breaker, HERE, Verdict::Failed, 4);
    assert!(!breaker.is_open_for(HERE));
}

/// The time passes while nobody calls: a channel that is held to be down would not be called again.
#[tokio::test(start_paused = true)]
async fn an_open_breakers_time_passes_also_without_a_call() {
    for (verdict, met) in [
        (Verdict::Failed, "qris_create"),
        (Verdict::Unreachable, "any"),
    ] {
        let breaker = breaker();
        let open = |breaker: &Breaker| {
            let states = breaker.states().into_iter();
            let open = states.filter(|(_, is_open)| *is_open);
            open.map(|((call, _), _)| call).collect::<Vec<_>>()
        };
        end(&breaker, HERE, verdict, 5);
        assert!(breaker.is_open_for(HERE));
        assert!(open(&breaker).contains(&met), "{verdict:?}");
        tokio::time::advance(OPEN_FOR).await;
        assert!(!breaker.is_open_for(HERE) && open(&breaker).is_empty());
        assert_eq!(breaker.refuses_for(HERE), None);
        // While it is tried for all, it is reported as open; a probe that hangs opens it again for its time.
        let probe = breaker.admit(HERE).unwrap();
        assert!(breaker.is_open_for(HERE), "{verdict:?}");
        drop(probe);
        assert!(!breaker.is_open_for(HERE), "{verdict:?}");
    }
}

/// Asking is no call: it takes no place and no probe, and is counted nowhere.
#[tokio::test(start_paused = true)]
async fn to_ask_whether_a_call_would_be_refused_takes_nothing() {
    let breaker = breaker();
    end(&breaker, HERE, Verdict::Failed, 5);
    tokio::time::advance(OPEN_FOR).await;
    for _ in 0..10 {
        assert_eq!(breaker.refuses_for(HERE), None);
    }
    let probes: Vec<Admission> = (0..PROBES_MAX)
        .map(|_| breaker.admit(HERE).unwrap())
        .collect();
    assert_eq!(breaker.refuses_for(HERE), Some(PROBE_DEADLINE));
    assert_eq!(breaker.places.held(), probes.len());
}

#[tokio::test(start_paused = true)]
async fn failures_far_apart_or_beside_answers_do_not_open_it() {
    let breaker = breaker();
    end(&breaker, HERE, Verdict::Failed, 4);
    tokio::time::advance(Duration::from_secs(11)).await;
    end(&breaker, HERE, Verdict::Failed, 4);
    let slow: Vec<Admission> = (0..20).map(|_| breaker.admit(HERE).unwrap()).collect();
    tokio::time::advance(Duration::from_secs(3)).await;
    breaker.admit(HERE).unwrap().judged(Verdict::Answered);
    tokio::time::advance(Duration::from_secs(10)).await;
    // They were asked before the one that was answered.
    for admission in slow {
        admission.judged(Verdict::Failed);
    }
    assert!(!breaker.is_open_for(HERE));
    // One customer's calls err at once while another's are answered.
    for _ in 0..20 {
        end(&breaker, HERE, Verdict::Answered, 1);
        end(&breaker, HERE, Verdict::Failed, 10);
        tokio::time::advance(Duration::from_millis(500)).await;
        assert!(!breaker.is_open_for(HERE));
    }
}

#[tokio::test(start_paused = true)]
async fn probes_that_hang_refuse_others_no_longer_than_their_deadline_and_one_pause() {
    let breaker = breaker();
    end(&breaker, HERE, Verdict::Failed, 5);
    tokio::time::advance(OPEN_FOR).await;
    let mut hanging = Vec::new();
    for _round in 0..10 {
        hanging.extend((0..PROBES_MAX).map(|_| breaker.admit(HERE).unwrap()));
        assert_eq!(breaker.refuses_for(HERE).unwrap(), PROBE_DEADLINE);
        tokio::time::advance(PROBE_DEADLINE + OPEN_FOR).await;
    }
    // One of the first probes is answered when its answer is not expected any more.
    hanging.swap_remove(0).judged(Verdict::Answered);
    assert!(!breaker.is_open_for(HERE));
    // The remaining probes end one after the other, and report a time before that.
    end(&breaker, HERE, Verdict::Answered, 1);
    for admission in hanging {
        admission.judged(Verdict::Failed);
    }
    assert!(!breaker.is_open_for(HERE));
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_probe_frees_its_place() {
    let breaker = breaker();
    end(&breaker, HERE, Verdict::Failed, 5);
    tokio::time::advance(OPEN_FOR).await;
    for _ in 0..PROBES_MAX * 3 {
        drop(breaker.admit(HERE).unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_there_concerns_all_until_anybody_is_answered_whoever_hangs() {
    let breaker = breaker();
    end(&breaker, HERE, Verdict::Unreachable, 5);
    assert!(breaker.is_open_for(ELSEWHERE));
    for what in [HERE, ELSEWHERE] {
        assert_eq!(breaker.refuses_for(what).unwrap(), OPEN_FOR);
    }
    tokio::time::advance(OPEN_FOR).await;
    let hanging: Vec<Admission> = std::iter::from_fn(|| breaker.admit(HERE).ok()).collect();
    assert_eq!(hanging.len(), PROBES_MAX);
    breaker.admit(ELSEWHERE).unwrap().judged(Verdict::Answered);
    assert!(!breaker.is_open_for(ELSEWHERE));
    end(&breaker, HERE, Verdict::Answered, 1);
}

#[tokio::test(start_paused = true)]
async fn lines_are_bounded() {
    let breaker = breaker();
    for number in 0..LINES_MAX * 2 {
        let channel = format!("CHANNEL_{number}");
        let what = Exchange {
            call: "qris_create",
            channel: &channel,
        };
        breaker.admit(what).unwrap().judged(Verdict::Answered);
    }
    assert!(breaker.lock().lines.len() <= LINES_MAX + 1);
}

#[tokio::test(start_paused = true)]
async fn calls_that_hang_leave_places_to_other_channels() {
    let breaker = breaker();
    let hanging: Vec<Admission> = std::iter::from_fn(|| breaker.admit(HERE).ok()).collect();
    assert_eq!(hanging.len(), places(CALLS_MAX).most_of_one);
    assert_eq!(breaker.admit(HERE).unwrap_err(), NotSentReason::Crowded);
    let others: Vec<Admission> = (0..places(CALLS_MAX).most_of_one / 2)
        .map(|_| breaker.admit(ELSEWHERE).unwrap())
        .collect();
    drop(hanging);
    assert!(breaker.admit(HERE).is_ok());
    drop(others);
}

#[test]
fn few_places_are_shared_like_many() {
    for calls in [0, 1, 2, 3, 16, 256, CALLS_MAX, usize::MAX] {
        let breaker = Breaker::with_calls(calls);
        let hanging: Vec<Admission> = std::iter::from_fn(|| breaker.admit(HERE).ok()).collect();
        assert!(
            !hanging.is_empty() && hanging.len() <= CALLS_MAX / 2,
            "{calls}"
        );
        assert!(breaker.admit(ELSEWHERE).is_ok(), "{calls}");
    }
}

proptest! {
    /// Whatever becomes of the calls of some lines, as long as the provider is in reach: a line whose own calls are
    /// all answered refuses none.
    #[test]
    fn trouble_elsewhere_refuses_nobody(
        healthy in 0_usize..CALLS.len() * CHANNELS.len(),
        steps in prop::collection::vec(
            (0_usize..CALLS.len() * CHANNELS.len(), 0_u8..4, 0_u64..9_000), 1..200),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let breaker = breaker();
            let line = |number: usize| Exchange {
                call: CALLS[number % CALLS.len()],
                channel: CHANNELS[number / CALLS.len()],
            };
            let mut hanging = Vec::new();
            for (number, trouble, pause_ms) in steps {
                tokio::time::advance(Duration::from_millis(pause_ms)).await;
                if number == healthy {
                    breaker.admit(line(healthy)).unwrap().judged(Verdict::Answered);
                    continue;
                }
                let admitted = breaker.admit(line(number));
                match (admitted, trouble) {
                    (Ok(admission), 0) => hanging.push(admission),
                    (Ok(admission), 1) => drop(admission),
                    (Ok(admission), 2) => admission.judged(Verdict::Answered),
                    (Ok(admission), _) => admission.judged(Verdict::Failed),
                    (Err(reason), _) => assert!(reason.retry_in() <= OPEN_FOR + PROBE_DEADLINE),
                }
                if hanging.len() > 20 {
                    hanging.remove(0).judged(Verdict::Failed);
                }
            }
            assert!(!breaker.is_open_for(line(healthy)));
        });
    }
}
