//! The breaker by hand, and by chance.

use proptest::prelude::*;

use super::*;

const SETTINGS: Settings = Settings {
    window_micros: 60 * SECOND,
    min_calls: 10,
    failure_share: 0.5,
    consecutive: 5,
    open_micros: 10 * SECOND,
    max_open_micros: 60 * SECOND,
    trials: 2,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + second)
}

fn opened() -> Breaker {
    let mut breaker = Breaker::new(SETTINGS);
    let openings: Vec<_> = (0..5).map(|second| breaker.failed(at(second))).collect();
    assert_eq!(openings, [false, false, false, false, true]);
    breaker
}

#[test]
fn opens_after_failures_in_a_row() {
    let mut breaker = opened();
    assert_eq!(breaker.ask(at(4)), Verdict::Wait { until: at(14) });
    assert_eq!(breaker.state(at(13)), State::Open { until: at(14) });
    assert_eq!(breaker.state(at(14)), State::HalfOpen);
}

#[test]
fn opens_at_the_share_of_failures_once_there_are_enough_calls() {
    let mut breaker = Breaker::new(SETTINGS);
    for second in 0..4 {
        breaker.succeeded(at(second));
        assert!(!breaker.failed(at(second)), "only {} calls", 2 * second + 2);
    }
    breaker.succeeded(at(4));
    assert!(breaker.failed(at(4)), "5 of 10 calls failed");
}

#[test]
fn forgets_what_lies_before_the_window() {
    let mut breaker = Breaker::new(SETTINGS);
    for second in 0..4 {
        breaker.failed(at(second));
        breaker.succeeded(at(second));
    }
    breaker.succeeded(at(70));
    assert!(!breaker.failed(at(70)));
    assert_eq!(breaker.ask(at(70)), Verdict::Go);
}

#[test]
fn lets_one_trial_pass_at_a_time_and_closes_after_enough() {
    let mut breaker = opened();
    assert_eq!(breaker.ask(at(14)), Verdict::Trial);
    assert_eq!(breaker.ask(at(15)), Verdict::Wait { until: at(24) });
    breaker.succeeded(at(16));
    assert_eq!(breaker.state(at(16)), State::HalfOpen);
    assert_eq!(breaker.ask(at(16)), Verdict::Trial);
    breaker.succeeded(at(17));
    assert_eq!(breaker.ask(at(17)), Verdict::Go);
    assert_eq!(breaker.state(at(17)), State::Closed);
}

#[test]
fn runs_another_trial_where_one_was_lost() {
    let mut breaker = opened();
    assert_eq!(breaker.ask(at(14)), Verdict::Trial);
    assert_eq!(breaker.ask(at(24)), Verdict::Trial);
}

#[test]
fn runs_another_trial_at_once_where_one_was_withdrawn() {
    let mut breaker = opened();
    assert_eq!(breaker.ask(at(14)), Verdict::Trial);
    breaker.withdrawn(at(3));
    assert_eq!(breaker.ask(at(15)), Verdict::Wait { until: at(24) }, "a call from before it opened was no trial");
    breaker.withdrawn(at(14));
    assert_eq!(breaker.ask(at(15)), Verdict::Trial);
    breaker.succeeded(at(16));
    assert_eq!(breaker.ask(at(17)), Verdict::Trial);
    breaker.withdrawn(at(17));
    assert_eq!(breaker.ask(at(18)), Verdict::Trial, "those that succeeded still count");
    breaker.succeeded(at(19));
    assert_eq!(breaker.state(at(19)), State::Closed);
}

#[test]
fn stays_open_twice_as_long_each_time_up_to_the_cap() {
    let mut breaker = opened();
    let mut now = at(14);
    for expected in [20, 40, 60, 60] {
        assert_eq!(breaker.ask(now), Verdict::Trial);
        assert!(breaker.failed(now));
        let until = now.plus_seconds(expected);
        assert_eq!(breaker.ask(now), Verdict::Wait { until });
        now = until;
    }
    for _ in 0..2 {
        breaker.ask(now);
        breaker.succeeded(now);
    }
    for _ in 0..5 {
        breaker.failed(now);
    }
    assert_eq!(breaker.ask(now), Verdict::Wait { until: now.plus_seconds(10) }, "closing forgets");
}

#[test]
fn ignores_late_reports_while_open() {
    let mut breaker = opened();
    breaker.succeeded(at(5));
    assert!(!breaker.failed(at(6)));
    assert_eq!(breaker.ask(at(6)), Verdict::Wait { until: at(14) });
}

proptest! {
    #[test]
    fn never_opens_without_failures(steps in proptest::collection::vec(0_i64..30, 0..200)) {
        let mut breaker = Breaker::new(SETTINGS);
        let mut now = 0;
        for step in steps {
            now += step;
            prop_assert_eq!(breaker.ask(at(now)), Verdict::Go);
            breaker.succeeded(at(now));
        }
    }

    /// Whatever happens, in whatever order and with a clock that may go back: it waits no longer than the cap, and asking
    /// again at the time it names gives leave.
    #[test]
    fn always_lets_a_call_pass_in_the_end(steps in proptest::collection::vec((-5_i64..40, 0_u8..3), 0..200)) {
        let mut breaker = Breaker::new(SETTINGS);
        let mut now = 0;
        for (step, what) in steps {
            now += step;
            match what {
                0 => breaker.succeeded(at(now)),
                1 => { let _ = breaker.failed(at(now)); }
                _ => { let _ = breaker.ask(at(now)); }
            }
            if let Verdict::Wait { until } = breaker.clone().ask(at(now)) {
                prop_assert!(until > at(now));
                prop_assert!(breaker.clone().ask(until) == Verdict::Trial);
            }
            if let State::Open { until } = breaker.state(at(now)) {
                // Against a clock that went back by up to 5 s a step it may look longer, never by more than that went back.
                prop_assert!(until.since(at(now)) <= SETTINGS.max_open_micros + 5 * 200 * SECOND);
            }
        }
    }

    #[test]
    fn opens_exactly_when_its_rule_says_so(outcomes in proptest::collection::vec(any::<bool>(), 0..60)) {
        let mut breaker = Breaker::new(SETTINGS);
        let mut seen: Vec<bool> = Vec::new();
        for failed in outcomes {
            seen.push(failed);
            let opened = if failed { breaker.failed(at(0)) } else { breaker.succeeded(at(0)); false };
            let failures = seen.iter().filter(|failed| **failed).count();
            let in_a_row = seen.iter().rev().take_while(|failed| **failed).count();
            let expected = failed && (in_a_row >= 5 || (seen.len() >= 10 && 2 * failures >= seen.len()));
            prop_assert_eq!(opened, expected);
            if opened {
                break;
            }
        }
    }
}
