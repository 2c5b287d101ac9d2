//! A report of a quarter over a million tickets in memory: nanoseconds a ticket, on one thread and on two.
//!
//! `cargo bench -p deskbell-model --bench kpi [-- TICKETS]`. The tickets lie evenly over a year, ten events each, with
//! activities on a third of them. What reading them from the database costs comes on top.

#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::expect_used, reason = "a program for a developer's eyes")]

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use deskbell_model::activity::Activity;
use deskbell_model::calendar::Book;
use deskbell_model::event::{InteractionKind, RatingKind};
use deskbell_model::facts::{Changed, Entry, Facts, Initial, Party, What};
use deskbell_model::kpi::{Activities, Options, Ready, Report, Request, Settings, Tickets};
use deskbell_model::sla::{Editions, Policies};
use deskbell_model::ticket::{Priority, Role, Status};
use deskbell_model::timestamp::Timestamp;

const CALENDARS: &str = r#"
[calendars.berlin]
timezone = "Europe/Berlin"
hours = { mon = ["09:00-12:30", "13:30-18:00"], tue = ["09:00-18:00"], wed = ["09:00-18:00"], thu = ["09:00-18:00"], fri = ["09:00-16:00"] }
"#;

/// 2026-01-01T00:00:00Z, and a year.
const START: i64 = 1_767_225_600_000_000;
const YEAR: i64 = 365 * 86_400_000_000;
const MINUTE: i64 = 60_000_000;

fn ticket(number: i64, n_tickets: i64) -> Facts {
    let created = START + number * (YEAR / n_tickets) + number % 1_000;
    let agent = format!("agent-{}", number % 200);
    let text = |text: &str| Some(text.to_owned());
    let by = |id: &str, role| Some(Party { id: id.to_owned(), role });
    let at = |minutes: i64| Timestamp::from_micros(created + minutes * MINUTE);
    let entry = |minutes, by, what| Entry { at: at(minutes), by, what };
    let changed = |changes| What::Changed(changes);
    let (one, other) = (by(&agent, Role::Agent), by("customer", Role::Customer));
    let mut entries = vec![
        entry(1, by("rules", Role::System), changed(vec![Changed::Assignee(Some(agent.clone()))])),
        entry(30, one.clone(), What::PublicComment),
        entry(31, one.clone(), changed(vec![Changed::Status(Status::Pending)])),
        entry(300 + number % 500, other.clone(), What::PublicComment),
        entry(300 + number % 500, other, changed(vec![Changed::Status(Status::Open)])),
        entry(900 + number % 700, one.clone(), changed(vec![Changed::Group(text("tier-2"))])),
        entry(1_700, one.clone(), What::PublicComment),
    ];
    if number % 20 != 0 {
        entries.push(entry(1_701 + number % 5_000, one, changed(vec![Changed::Status(Status::Solved)])));
        entries.push(entry(20_000, by("rules", Role::System), changed(vec![Changed::Status(Status::Closed)])));
    }
    let priority = Priority::ALL[(number % 4) as usize];
    Facts {
        created_at: at(0),
        creator: by("customer", Role::Customer),
        session: None,
        initial: Initial {
            channel: ["email", "web", "chat"][(number % 3) as usize].to_owned(),
            priority,
            status: Status::New,
            kind: None,
            category: Some(format!("category-{}", number % 12)),
            language: text("de"),
            group: Some(format!("group-{}", number % 17)),
            assignee: None,
            tags: vec!["vip".to_owned()],
            requester: format!("customer-{}", number % 50_000),
            organization: Some(format!("organization-{}", number % 3_000)),
            custom: Vec::new(),
        },
        entries,
    }
}

fn activity(number: i64, n_tickets: i64) -> Activity {
    let at = Timestamp::from_micros(START + number * (YEAR / n_tickets) + 3_000 * MINUTE);
    let (ticket, agent) = (Some(number.to_string()), Some(format!("agent-{}", number % 200)));
    if number % 2 == 0 {
        let kind = RatingKind::Csat;
        return Activity::Rating {
            at,
            ticket,
            kind,
            score: 4.0,
            min: 1.0,
            max: 5.0,
            agent,
            criteria: Vec::new(),
            comment: None,
        };
    }
    Activity::Interaction {
        ticket,
        kind: InteractionKind::Phone,
        queued_at: at.plus_seconds(-300),
        answered_at: Some(at.plus_seconds(-280)),
        ended_at: at,
        ended_by: Role::Customer,
        agent,
        talk_seconds: 200.0,
        hold_seconds: 20.0,
        wrap_up_seconds: 60.0,
    }
}

fn options(calendars: &Book, by: Option<&str>) -> Options {
    let request = Request {
        from: "2026-04-01",
        to: "2026-07-01",
        tz: Some("Europe/Berlin"),
        calendar: Some("berlin"),
        by,
        bucket: Some("week"),
        ..Request::default()
    };
    Options::new(&request, calendars).unwrap()
}

/// Nanoseconds that this thread has been running, where the system tells; other programs do not show in it.
fn on_processor() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
}

fn take(ready: &Arc<Ready>, tickets: &[(String, Vec<u8>)]) -> (Tickets, u64) {
    let start = on_processor();
    let mut part = Tickets::new(ready);
    for (ticket, facts) in tickets {
        part.add("https://bench.example", ticket, facts).unwrap();
    }
    (part, on_processor() - start)
}

fn measure(name: &str, ready: &Arc<Ready>, tickets: &[(String, Vec<u8>)], n_threads: usize) -> Report {
    let start = Instant::now();
    let parts: Vec<(Tickets, u64)> = thread::scope(|scope| {
        let share = tickets.chunks(tickets.len().div_ceil(n_threads));
        let threads: Vec<_> = share.map(|tickets| scope.spawn(|| take(ready, tickets))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no ticket fails")).collect()
    });
    let taken = start.elapsed();
    let nanos = parts.iter().map(|(_, nanos)| nanos).sum::<u64>() / tickets.len() as u64;
    let mut parts = parts.into_iter().map(|(part, _)| part);
    let mut all = parts.next().unwrap();
    parts.for_each(|part| all.merge(part));
    let report = all.finish();
    println!(
        "{name}, {n_threads} threads: {nanos} ns of processor a ticket, {taken:?}, {:?} with merge and finish",
        start.elapsed()
    );
    report
}

fn main() {
    let stated = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let n_tickets: i64 = stated.unwrap_or(1_000_000);
    let tickets: Vec<(String, Vec<u8>)> =
        (0..n_tickets).map(|number| (number.to_string(), ticket(number, n_tickets).to_bytes())).collect();
    let n_bytes: usize = tickets.iter().map(|(_, facts)| facts.len()).sum();
    println!("{n_tickets} tickets, {} bytes of facts each", n_bytes / tickets.len());
    let stored: Vec<Vec<u8>> = (0..n_tickets).step_by(3).map(|number| activity(number, n_tickets).to_bytes()).collect();
    let calendars = Book::from_toml(CALENDARS, &|file| Err(format!("no file {file}"))).unwrap();
    let policies = Arc::new(Editions::new(Policies::from_values(&[], &calendars).unwrap()));
    for by in [None, Some("group"), Some("assignee"), Some("organization")] {
        let start = Instant::now();
        let mut activities = Activities::new(options(&calendars, by), Settings::new(policies.clone(), false));
        for bytes in &stored {
            activities.add("https://bench.example", &Activity::view(bytes).unwrap());
        }
        let ready = activities.ready();
        println!("{} activities: {:?}", stored.len(), start.elapsed());
        let name = by.unwrap_or("nothing");
        let one = measure(name, &ready, &tickets, 1);
        assert_eq!(one, measure(name, &ready, &tickets, 2));
    }
}
