//! Rules that the golden scenarios do not reach: outcomes, corrections, explanations, kept clocks.

use super::policies::read;
use crate::sla::{Change, Clocks, Kept, Kind, Notice, Policies, Run, notices, row};
use crate::ticket::{Fields, Priority, Role, Status};
use crate::timestamp::Timestamp;

const POLICY: &str = r#"
[calendars.late]
timezone = "UTC"
hours = { mon = ["12:00-24:00"] }
[[sla]]
name = "p"
when = { group = ["a"] }
targets.high = { first_response = "1h", next_response = "1h", resolution = "4h" }
targets.normal = { resolution = "8h" }
warn = [{ at = "50%" }, { at = "1h" }, { at = "60m" }]
[[sla]]
name = "late"
when = { group = ["b"] }
calendar = "late"
targets.high.resolution = "2h"
pause.resolution = []
warn = [{ at = "3600s" }]
"#;

/// An instant of Monday, 2 March 2026.
fn at(clock: &str) -> Timestamp {
    format!("2026-03-02T{clock}:00Z").parse().unwrap()
}

/// Tells a story of lines such as `09:00 status solved` to the clocks of a ticket, as of a time.
fn told<'a>(policies: &'a Policies, kept: Option<&'a Kept>, story: &[&str], as_of: &str) -> Clocks {
    let mut run = kept.map_or_else(|| Run::new(policies, "s"), |kept| Run::with_kept(policies, "s", kept));
    let mut fields = Fields { priority: Priority::High, group: Some("a".to_owned()), ..Fields::default() };
    for line in story {
        let words: Vec<&str> = line.split(' ').collect();
        let time = at(words[0]);
        match words[1] {
            "status" => fields.status = Status::parse(words[2]).unwrap(),
            "priority" => fields.priority = Priority::parse(words[2]).unwrap(),
            "group" => fields.group = Some(words[2].to_owned()),
            _ => {}
        }
        let by = words.get(2).and_then(|word| Role::parse(word));
        run.apply(
            time,
            match words[1] {
                "created" => Change::Created { fields: &fields, by },
                "reply" => Change::AgentReply,
                "asks" => Change::CustomerComment,
                "merged" => Change::Merged,
                _ => Change::Updated { fields: &fields },
            },
        );
    }
    run.finish(at(as_of))
}

fn clock(time: Timestamp) -> String {
    time.to_string()["2026-03-02T".len()..].trim_end_matches(":00Z").to_owned()
}

/// The clocks as `metric.cycle state minutes due ended warnings`.
fn shown(clocks: &Clocks) -> Vec<String> {
    let mut rows = row::rows("s", "1", clocks);
    row::sort(&mut rows);
    let show = |row: &row::Row| {
        let time = |time: Option<Timestamp>| time.map_or("-".to_owned(), clock);
        let warnings: Vec<String> = row.warnings.iter().map(|time| clock(*time)).collect();
        let (metric, state) = (row.metric.as_str(), row.state.as_str());
        format!(
            "{metric}.{} {state} {} {} {} {}",
            row.cycle,
            row.counted_seconds / 60,
            time(row.due_at),
            time(row.ended_at),
            warnings.join(",")
        )
    };
    rows.iter().map(show).collect()
}

#[track_caller]
fn check(story: &[&str], as_of: &str, expected: &[&str]) {
    assert_eq!(shown(&told(&read(POLICY).unwrap(), None, story, as_of)), expected, "{story:?}");
}

#[test]
fn the_same_warning_written_otherwise_comes_once() {
    check(&["08:00 created agent"], "11:30", &["resolution.1 running 210 12:00 - 10:00,11:00"]);
    // In group b an hour before is the same warning, and has come.
    check(&["08:00 created agent", "11:10 group b"], "13:30", &["resolution.1 breached 280 11:10 - 10:00,11:00"]);
    check(&["08:00 created agent", "09:00 group b"], "12:30", &["resolution.1 running 90 13:00 - 09:00"]);
}

#[test]
fn a_reopen_without_a_target_cancels_and_with_one_goes_on() {
    let solved = ["08:00 created agent", "09:00 status solved", "10:00 priority low"];
    check(&solved, "11:00", &["resolution.1 met 60 12:00 09:00 "]);
    check(&[&solved[..], &["11:00 status open"]].concat(), "11:30", &["resolution.1 cancelled 60 12:00 11:00 "]);
    check(
        &[&solved[..], &["11:00 status open", "12:00 priority normal"]].concat(),
        "12:30",
        &["resolution.1 running 150 18:00 - "],
    );
    let ended_without = ["08:00 created agent", "09:00 priority low", "10:00 status solved", "11:00 priority high"];
    check(&ended_without, "11:30", &["resolution.1 cancelled 60 12:00 09:00 "]);
    check(&[&ended_without[..], &["12:00 status open"]].concat(), "12:30", &["resolution.1 running 150 14:00 - 12:00"]);
}

#[test]
fn a_breach_that_lost_its_target_is_open_again_with_the_next_one() {
    let story = ["08:00 created agent", "13:00 priority low", "14:00 priority normal", "15:00 status solved"];
    check(&story[..2], "13:30", &["resolution.1 breached 300 12:00 13:00 10:00,11:00"]);
    check(&story[..3], "14:30", &["resolution.1 breached 390 12:00 - 10:00,11:00"]);
    check(&story, "15:30", &["resolution.1 breached_met 420 12:00 15:00 10:00,11:00"]);
}

#[test]
fn a_comment_on_a_solved_ticket_waits_paused() {
    let story = [
        "08:00 created customer",
        "08:10 reply",
        "09:00 status solved",
        "10:00 asks",
        "11:00 status open",
        "11:20 status on_hold",
    ];
    let first = "first_response.1 met 10 09:00 08:10 ";
    check(&story[..4], "10:30", &[first, "next_response.1 paused 0 - - ", "resolution.1 met 60 12:00 09:00 "]);
    check(&story[..5], "11:10", &[first, "next_response.1 running 10 12:00 - ", "resolution.1 running 70 14:00 - "]);
    check(&story, "11:30", &[first, "next_response.1 paused 20 - - ", "resolution.1 paused 80 - - "]);
}

#[test]
fn outcomes_come_in_order_with_the_time_counted_by_then() {
    let policies = read(POLICY).unwrap();
    let story = ["08:00 created customer", "13:00 reply", "14:00 status solved", "15:00 status open", "16:00 merged"];
    let clocks = told(&policies, None, &story, "23:00");
    let told: Vec<String> = clocks
        .outcomes()
        .iter()
        .map(|outcome| {
            let warning = outcome.warning.as_deref().unwrap_or("");
            format!(
                "{} {} {:?}{warning} {}",
                clock(outcome.at),
                outcome.metric.as_str(),
                outcome.kind,
                outcome.counted_micros / 60_000_000
            )
        })
        .collect();
    let expected = [
        "08:30 first_response Warning50% 30",
        "09:00 first_response Breached 60",
        "10:00 resolution Warning50% 120",
        "11:00 resolution Warning1h 180",
        "12:00 resolution Breached 240",
        "13:00 first_response BreachedMet 300",
        "14:00 resolution BreachedMet 360",
    ];
    assert_eq!(told, expected);
    assert_eq!(clocks.next_wake(), None);
}

#[test]
fn the_next_wake_is_the_first_timer_to_come() {
    let policies = read(POLICY).unwrap();
    let wake = |as_of: &str| {
        told(&policies, None, &["08:00 created customer", "10:30 status pending"], as_of).next_wake().map(clock)
    };
    assert_eq!(wake("10:30"), None);
    let wake = |as_of: &str| told(&policies, None, &["08:00 created customer"], as_of).next_wake().map(clock);
    assert_eq!(wake("08:00").as_deref(), Some("08:30"));
    assert_eq!(wake("08:30").as_deref(), Some("09:00"));
    assert_eq!(wake("09:00").as_deref(), Some("10:00"));
    assert_eq!(wake("11:59").as_deref(), Some("12:00"));
    assert_eq!(wake("12:00"), None);
}

#[test]
fn an_explanation_names_stretches_and_reckonings() {
    let policies = read(POLICY).unwrap();
    let story = ["08:00 created agent", "09:00 status pending", "10:00 status open", "10:30 group b"];
    let clocks = told(&policies, None, &story, "12:15");
    let clock = &clocks.all()[0];
    let lines: Vec<String> = clock
        .stretches()
        .iter()
        .map(ToString::to_string)
        .chain(clock.reckonings().iter().map(ToString::to_string))
        .collect();
    let lines: Vec<String> = lines.iter().map(|line| line.replace("2026-03-02T", "").replace(":00Z", "")).collect();
    let expected = [
        "08:00 to 09:00: counted 1h00m00s in new (policy p, calendar always)",
        "09:00 to 10:00: paused 1h00m00s in pending (policy p, calendar always)",
        "10:00 to 10:30: counted 0h30m00s in open (policy p, calendar always)",
        "10:30 to 12:15: counted 0h15m00s in open (policy late, calendar late)",
        "08:00: started; target 4h (policy p, calendar always), 0h00m00s counted, 0h00m00s paused: due 12:00",
        "09:00: paused; target 4h (policy p, calendar always), 1h00m00s counted, 0h00m00s paused: no due time while it is paused",
        "10:00: resumed; target 4h (policy p, calendar always), 1h00m00s counted, 1h00m00s paused: due 13:00",
        "10:30: policy or priority changed; target 2h (policy late, calendar late), 1h30m00s counted, 1h00m00s paused: due 12:30",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_changed_history_corrects_what_was_told() {
    let policies = read(POLICY).unwrap();
    let before = told(&policies, None, &["08:00 created customer"], "10:30").outcomes();
    // A reply in time turns up late: the breach gives way to it, the warning stays.
    let after = told(&policies, None, &["08:00 created customer", "08:45 reply"], "10:30").outcomes();
    let told_now = notices(&before, &after);
    assert_eq!(told_now.len(), 1, "{told_now:?}");
    assert!(
        matches!(told_now[0], Notice::Instead { outcome, corrects } if outcome.kind == Kind::Met && corrects.kind == Kind::Breached)
    );
    // A pause turns up late: nothing has been breached, and the warning has not come.
    let after = told(&policies, None, &["08:00 created customer", "08:10 merged"], "08:20").outcomes();
    let kinds: Vec<_> = notices(&before[..1], &after)
        .into_iter()
        .map(|notice| match notice {
            Notice::New(outcome) => ("new", outcome.kind),
            Notice::Instead { outcome, .. } => ("instead", outcome.kind),
            Notice::Retracted(outcome) => ("retracted", outcome.kind),
        })
        .collect();
    assert_eq!(kinds, [("new", Kind::Cancelled), ("new", Kind::Cancelled), ("retracted", Kind::Warning)]);
    assert_eq!(notices(&before, &before), []);
}

#[test]
fn a_new_configuration_leaves_what_is_over_or_breached() {
    let old = read(POLICY).unwrap();
    let new =
        read(&POLICY.replace("\"1h\", next", "\"3h\", next").replace("resolution = \"4h\"", "resolution = \"6h\""))
            .unwrap();
    let story = ["08:00 created customer", "09:30 reply", "15:00 status solved"];
    let then = told(&old, None, &story[..2], "10:00");
    let kept = Kept::new(&then, at("10:00")).unwrap();
    let kept: Kept = serde_json::from_value(serde_json::to_value(&kept).unwrap()).unwrap();
    let first = "first_response.1 breached_met 90 09:00 09:30 08:30";
    assert_eq!(shown(&told(&new, None, &story[..2], "11:00"))[0], "first_response.1 met 90 11:00 09:30 ");
    assert_eq!(
        shown(&told(&new, Some(&kept), &story[..2], "11:00")),
        [first, "resolution.1 running 180 14:00 - 11:00"]
    );
    assert_eq!(
        shown(&told(&new, Some(&kept), &story, "16:00")),
        [first, "resolution.1 breached_met 420 14:00 15:00 11:00,13:00"]
    );
    assert_eq!(Kept::new(&told(&old, None, &story[..1], "08:10"), at("08:10")), None);
}
