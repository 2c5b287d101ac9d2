//! The figures that reports show: where each stands, of what it is made, which way it should go.

use deskbell::report::{Direction, Figures, Tile, Value};

use crate::View;
use crate::words::Language;

/// One key figure.
#[derive(Clone, Copy)]
pub(crate) struct Figure {
    label: fn(Language) -> &'static str,
    population: fn(Language) -> &'static str,
    /// For durations the path up to the clock.
    path: &'static str,
    n: &'static str,
    shape: Shape,
    better: Direction,
    benchmark: Option<fn(Language) -> &'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Count,
    Percent,
    Decimal,
    Seconds,
    /// The median of a distribution, by the calendar's clock where there is one.
    Median,
}

const fn count(
    label: fn(Language) -> &'static str,
    population: fn(Language) -> &'static str,
    path: &'static str,
) -> Figure {
    Figure { label, population, path, n: path, shape: Shape::Count, better: Direction::Neither, benchmark: None }
}

const fn rate(
    label: fn(Language) -> &'static str,
    population: fn(Language) -> &'static str,
    path: &'static str,
    n: &'static str,
    better: Direction,
) -> Figure {
    Figure { label, population, path, n, shape: Shape::Percent, better, benchmark: None }
}

const fn median(
    label: fn(Language) -> &'static str,
    population: fn(Language) -> &'static str,
    path: &'static str,
    n: &'static str,
) -> Figure {
    Figure { label, population, path, n, shape: Shape::Median, better: Direction::Lower, benchmark: None }
}

use Direction::{Higher, Lower, Neither};
use Language as L;

pub(crate) const CREATED: Figure = count(L::created, L::of_created, "ticket_volume");
pub(crate) const SOLVED: Figure = count(L::solves, L::of_solves, "opened_vs_solved/solved");
pub(crate) const BACKLOG: Figure = Figure { better: Lower, ..count(L::backlog, L::of_unsolved, "backlog/unsolved") };
pub(crate) const FIRST_RESPONSE: Figure = Figure {
    benchmark: Some(L::benchmark_first_response),
    ..median(L::first_response, L::of_first_replied, "first_response_time", "first_response_time/calendar/count")
};
pub(crate) const NEXT_RESPONSE: Figure =
    median(L::next_response, L::of_replies, "next_response_time", "next_response_time/calendar/count");
pub(crate) const RESOLUTION: Figure =
    median(L::resolution, L::of_solved, "resolution_time", "resolution_time/calendar/count");
pub(crate) const WAIT: Figure =
    median(L::wait, L::of_solved, "requester_wait_time", "requester_wait_time/calendar/count");
pub(crate) const ANSWER: Figure = median(L::answer_time, L::of_answered, "answer_time", "answer_time/calendar/count");
pub(crate) const FCR: Figure = Figure {
    benchmark: Some(L::benchmark_fcr),
    ..rate(L::fcr, L::of_solved, "first_contact_resolution/value", "first_contact_resolution/denominator", Higher)
};
pub(crate) const RESOLUTION_RATE: Figure =
    rate(L::resolution_rate, L::of_created, "resolution_rate/value", "resolution_rate/denominator", Higher);
pub(crate) const REOPENS: Figure =
    rate(L::reopens, L::of_solved, "reopen_rate/value", "reopen_rate/denominator", Lower);
pub(crate) const TRANSFERS: Figure =
    rate(L::transfers, L::of_solved, "transfer_rate/value", "transfer_rate/denominator", Lower);
pub(crate) const ESCALATIONS: Figure =
    rate(L::escalations, L::of_created, "escalation_rate/value", "escalation_rate/denominator", Lower);
pub(crate) const REPLIES: Figure = Figure {
    shape: Shape::Decimal,
    ..rate(L::replies, L::of_solved, "replies_per_ticket/value", "replies_per_ticket/denominator", Lower)
};
pub(crate) const HANDLE: Figure = Figure {
    shape: Shape::Seconds,
    benchmark: Some(L::benchmark_handle),
    ..rate(L::handle_time, L::of_worked, "handle_time/ticket/value", "handle_time/ticket/denominator", Lower)
};
pub(crate) const ABANDONED: Figure =
    rate(L::abandoned, L::of_contacts, "abandonment_rate/all/value", "abandonment_rate/all/denominator", Lower);
pub(crate) const CSAT: Figure = rate(L::csat, L::of_ratings, "csat/value", "csat/denominator", Higher);
pub(crate) const NPS: Figure = Figure {
    shape: Shape::Decimal,
    benchmark: Some(L::benchmark_nps),
    ..rate(L::nps, L::of_ratings, "nps/value", "nps/count", Higher)
};
pub(crate) const CES: Figure =
    Figure { shape: Shape::Decimal, ..rate(L::ces, L::of_ratings, "ces/mean", "ces/count", Higher) };
pub(crate) const QA: Figure =
    Figure { shape: Shape::Decimal, ..rate(L::qa, L::of_reviews, "qa_score/mean", "qa_score/count", Higher) };
pub(crate) const UTILISATION: Figure = Figure {
    benchmark: Some(L::benchmark_utilisation),
    ..rate(L::utilisation, L::of_shift_hours, "agent_utilisation/value", "agent_utilisation/denominator", Neither)
};
pub(crate) const SELF_SERVICE: Figure = Figure {
    benchmark: Some(L::benchmark_self_service),
    ..rate(L::self_service, L::of_sessions, "self_service_rate/value", "self_service_rate/denominator", Higher)
};

/// Those among which the largest changes are looked for.
pub(crate) const ALL: &[Figure] = &[
    CREATED,
    SOLVED,
    BACKLOG,
    FIRST_RESPONSE,
    NEXT_RESPONSE,
    RESOLUTION,
    WAIT,
    ANSWER,
    FCR,
    RESOLUTION_RATE,
    REOPENS,
    TRANSFERS,
    ESCALATIONS,
    REPLIES,
    HANDLE,
    ABANDONED,
    CSAT,
    NPS,
    CES,
    QA,
    UTILISATION,
    SELF_SERVICE,
];

/// Those that ratings are made of, and what goes with them.
pub(crate) const RATED: &[Figure] = &[FIRST_RESPONSE, RESOLUTION, FCR, CSAT, NPS, QA, UTILISATION];

impl Figure {
    pub(crate) fn label(&self, view: &View<'_>) -> String {
        let label = (self.label)(view.words);
        match (self.shape, &view.request.calendar) {
            (Shape::Median, Some(_)) => format!("{label} ({})", view.words.working_time()),
            _ => label.to_owned(),
        }
    }

    pub(crate) const fn better(&self) -> Direction {
        self.better
    }

    pub(crate) const fn shape(&self) -> Shape {
        self.shape
    }

    /// How much it is.
    pub(crate) fn number(&self, figures: &Figures, view: &View<'_>) -> Option<f64> {
        match self.shape {
            Shape::Median => {
                let clock = if view.request.calendar.is_some() { "business" } else { "calendar" };
                figures.number(&format!("{}/{clock}/p50", self.path))
            }
            _ => figures.number(self.path),
        }
    }

    /// How many it is made of.
    pub(crate) fn n(&self, figures: &Figures) -> u64 {
        let n = figures.number(self.n).unwrap_or_default().max(0.0);
        // The utilisation's whole are the seconds of shifts.
        (if self.path.starts_with("agent_utilisation") { n / 3600.0 } else { n }).round() as u64
    }

    pub(crate) fn value(&self, number: Option<f64>) -> Value {
        match self.shape {
            Shape::Count => Value::integer(number),
            Shape::Percent => Value::percent(number),
            Shape::Decimal => Value::decimal(number),
            Shape::Seconds | Shape::Median => Value::duration(number),
        }
    }

    /// As it stands in a sentence.
    pub(crate) fn told(&self, number: f64, words: Language) -> String {
        match self.shape {
            Shape::Count => words.number(number, 0),
            Shape::Percent => words.percent(number),
            Shape::Decimal => words.number(number, 1),
            Shape::Seconds | Shape::Median => words.duration(number),
        }
    }

    /// With the period before, of how many and of what it is made, and its benchmark.
    pub(crate) fn tile(&self, view: &View<'_>) -> Tile {
        let now = self.value(self.number(&view.now, view));
        let before = self.value(self.number(&view.before, view));
        let tile = Tile::new(self.label(view), now).change(before, self.better);
        let population = (self.population)(view.words);
        let population = match self.shape {
            Shape::Median => format!("{population} ({})", view.words.median()),
            _ => population.to_owned(),
        };
        let tile = tile.of(self.n(&view.now), population);
        match self.benchmark {
            Some(benchmark) => tile.benchmark(benchmark(view.words)),
            None => tile,
        }
    }
}
