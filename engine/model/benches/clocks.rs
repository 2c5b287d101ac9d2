//! What calendars and clocks cost: working time over a year with holidays, and all the clocks of a ticket, as the
//! dispatcher computes them whenever the ticket has changed. `cargo bench -p deskbell-model --bench clocks`.

use std::hint::black_box;
use std::time::Instant;

use deskbell_model::calendar::Book;
use deskbell_model::facts::{Changed, Entry, Facts, Initial, Party, What};
use deskbell_model::sla::{Clocks, Policies, notices};
use deskbell_model::ticket::{Fields, Role, Status};
use deskbell_model::timestamp::Timestamp;

const ROUNDS: u32 = 20_000;

const CONFIG: &str = r#"
[calendars.berlin]
timezone = "Europe/Berlin"
hours = { mon = ["09:00-12:30", "13:30-18:00"], tue = ["09:00-18:00"], wed = ["09:00-18:00"], thu = ["09:00-18:00"], fri = ["09:00-16:00"] }
holiday_region = "DE-BE"

[[sla]]
name = "standard"
calendar = "berlin"
[sla.targets.normal]
first_response = "1h"
next_response = "2h"
resolution = "3bd"
[[sla.warn]]
at = "75%"
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let book = Book::from_toml(CONFIG, &|_| Err(String::new()))?;
    let policies = Policies::from_toml(CONFIG, &book)?;
    let standard = Policies::from_values(&[], &Book::default())?;
    let berlin = book.get("berlin").ok_or("no calendar")?;
    // Monday, 2026-01-05 08:00 UTC.
    let start = Timestamp::from_seconds(1_767_600_000);
    let hours = |n: i64| start.plus_seconds(n * 3600);
    measure("between, over a year", || berlin.between(start, hours(365 * 24)).unwrap_or(0));
    measure("add, 1,800 working hours", || {
        berlin.add_working(start, 1800 * 3_600_000_000).map_or(0, Timestamp::micros)
    });
    measure("between, over a day", || berlin.between(start, hours(24)).unwrap_or(0));
    measure("add, 4 working hours", || berlin.add_working(start, 4 * 3_600_000_000).map_or(0, Timestamp::micros));
    for n_entries in [0, 4, 20, 200] {
        let facts = facts(start, n_entries);
        let as_of = hours(2 * i64::from(n_entries) + 1);
        for (name, policies) in [("the built-in policy", &standard), ("business hours", &policies)] {
            let told = Clocks::of(policies, "desk", &facts, as_of).outcomes();
            measure(&format!("clocks of a ticket of {n_entries} events, {name}"), || {
                let clocks = Clocks::of(policies, "desk", &facts, as_of);
                let hold = clocks.outcomes();
                notices(&told, &hold).len() as i64 + clocks.next_wake().map_or(0, Timestamp::micros)
            });
        }
    }
    Ok(())
}

fn measure(what: &str, work: impl Fn() -> i64) {
    for _ in 0..ROUNDS / 10 {
        black_box(work());
    }
    let started = Instant::now();
    for _ in 0..ROUNDS {
        black_box(work());
    }
    let each = started.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
    println!("{what}: {each:.2} us");
}

/// A ticket on which customer and agent write in turn, two hours apart, with a pause now and then.
fn facts(created_at: Timestamp, n_entries: i32) -> Facts {
    let by = |id: &str, role| Some(Party { id: id.to_owned(), role });
    let entry = |n: i32| {
        let at = created_at.plus_seconds(i64::from(n) * 7200 + 1800);
        let (by, what) = match n % 4 {
            0 => (by("agent", Role::Agent), What::PublicComment),
            1 => (by("agent", Role::Agent), What::Changed(vec![Changed::Status(Status::Pending)])),
            2 => (by("customer", Role::Customer), What::PublicComment),
            _ => (by("agent", Role::Agent), What::Changed(vec![Changed::Status(Status::Open)])),
        };
        Entry { at, by, what }
    };
    Facts {
        created_at,
        creator: by("customer", Role::Customer),
        session: None,
        initial: Initial::from(&Fields::default()),
        entries: (0..n_entries).map(entry).collect(),
    }
}
