//! What each figure means: for `--explain`, reports and the dashboard.

use super::settings::Settings;

/// A figure's definition, formula, where it comes from and how others do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub key: &'static str,
    pub definition: &'static str,
    pub formula: &'static str,
    /// Which events it is computed from.
    pub source: &'static str,
    pub benchmark: Option<Benchmark>,
}

/// How others do, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Benchmark {
    pub text: &'static str,
    pub origin: &'static str,
}

/// What a figure means; none where there is no such figure.
pub fn explain(key: &str) -> Option<&'static Explanation> {
    ALL.iter().find(|explanation| explanation.key == key)
}

/// Targets and weights in force that a figure is computed with, each with its name.
pub fn settings_of(key: &str, settings: &Settings) -> Vec<(String, String)> {
    let weight = |(name, weight): (&str, f64)| (format!("weight of {name}"), weight.to_string());
    match key {
        "rating" | "agent_performance" => {
            let seconds = settings.first_response_target as f64 / 1e6;
            let target = ("first_response_target".to_owned(), format!("{seconds} s"));
            std::iter::once(target).chain(settings.rating_weights.named().into_iter().map(weight)).collect()
        }
        "support_efficiency_index" => settings.efficiency_weights.named().into_iter().map(weight).collect(),
        _ => Vec::new(),
    }
}

const TICKETS: &str = "ticket events";
const RATINGS: &str = "rating.submitted";
const HANDLING: &str = "interaction.ended, work.logged";

const fn of(
    key: &'static str,
    definition: &'static str,
    formula: &'static str,
    source: &'static str,
    benchmark: Option<Benchmark>,
) -> Explanation {
    Explanation { key, definition, formula, source, benchmark }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands where a figure without benchmark has none")]
const fn says(origin: &'static str, text: &'static str) -> Option<Benchmark> {
    Some(Benchmark { text, origin })
}

/// Every figure, in the order of the definition.
pub const ALL: &[Explanation] = &[
    of(
        "ticket_volume",
        "How many tickets came in during the period.",
        "number of tickets created in the period",
        TICKETS,
        None,
    ),
    of(
        "volume_by_channel",
        "The channels by which tickets came in.",
        "number of tickets created in the period, per channel",
        TICKETS,
        None,
    ),
    of(
        "opened_vs_solved",
        "Whether solving keeps up with what comes in.",
        "tickets created − solves; a ticket solved twice counts twice",
        TICKETS,
        None,
    ),
    of(
        "distribution",
        "What tickets are about, and how each category is served.",
        "tickets created per category ÷ tickets created, with their median first response and CSAT",
        "ticket events, rating.submitted",
        None,
    ),
    of(
        "first_response_time",
        "How long customers wait for the first public answer of an agent. Tickets that an agent created are left out.",
        "first agent reply − creation, for first replies in the period",
        TICKETS,
        says("HubSpot", "60 % of customers take 'immediate' as 10 minutes or less"),
    ),
    of(
        "next_response_time",
        "How long customers who wrote again wait for the next answer.",
        "agent reply − earliest customer comment since the agent reply before it",
        TICKETS,
        None,
    ),
    of(
        "requester_wait_time",
        "How long a ticket was waiting for the helpdesk until it was solved for good.",
        "time in new, open and on_hold from creation to the last solve",
        TICKETS,
        None,
    ),
    of(
        "first_resolution_time",
        "How long it took to solve a ticket for the first time.",
        "first solve − creation − time in pending and on_hold between",
        TICKETS,
        None,
    ),
    of(
        "resolution_time",
        "How long it took to solve a ticket for good.",
        "last solve − creation − time in pending and on_hold between",
        TICKETS,
        None,
    ),
    of(
        "first_contact_resolution",
        "The share of solved tickets that needed no second contact.",
        "never reopened, not transferred and at most one agent reply before the last solve (with first-hour: solved within 3,600 seconds and never reopened) ÷ solved tickets of the period",
        TICKETS,
        says("Service Quality Measurement Group", "70–79 % is good"),
    ),
    of(
        "resolution_rate",
        "The share of the period's new tickets that are solved at its end.",
        "created in the period and solved at its end ÷ created in the period",
        TICKETS,
        None,
    ),
    of(
        "reopen_rate",
        "The share of solved tickets that had been solved before.",
        "solved tickets of the period with a reopen before the last solve ÷ solved tickets of the period",
        TICKETS,
        None,
    ),
    of(
        "backlog",
        "Tickets that wait to be solved, and for how long they have.",
        "unsolved tickets at the end of the period and of each bucket",
        TICKETS,
        None,
    ),
    of(
        "backlog_forecast",
        "The backlog to expect one and four weeks on if the helpdesk goes on as it does.",
        "backlog + forecast of created − forecast of solved; each forecast is the exponentially smoothed weekly total, the interval what nine tenths of past forecasts were off by",
        TICKETS,
        None,
    ),
    of(
        "replies_per_ticket",
        "How many answers a ticket takes.",
        "agent replies before the last solve ÷ solved tickets of the period",
        TICKETS,
        None,
    ),
    of(
        "transfer_rate",
        "The share of tickets that were handed from one agent or group to another.",
        "solved tickets of the period with a transfer before the last solve ÷ solved tickets of the period; mean: transfers ÷ the same",
        TICKETS,
        None,
    ),
    of(
        "escalation_rate",
        "The share of new tickets that were escalated.",
        "created in the period with an escalation before its end ÷ created in the period",
        TICKETS,
        None,
    ),
    of(
        "handle_time",
        "How long the work on a call, chat, mail or ticket takes.",
        "phone: (talk + hold + wrap-up) ÷ answered calls; chat: (talk + wrap-up) ÷ answered chats; email: logged seconds ÷ entries; ticket: all of that on tickets ÷ those tickets",
        HANDLING,
        says("MetricNet", "8.6 minutes a ticket on average"),
    ),
    of(
        "abandonment_rate",
        "The share of callers who gave up waiting.",
        "never answered and ended by the customer ÷ all interactions ended in the period",
        "interaction.ended",
        None,
    ),
    of(
        "answer_time",
        "How long callers wait until somebody answers.",
        "answered − queued, of answered interactions ended in the period",
        "interaction.ended",
        None,
    ),
    of(
        "csat",
        "The share of satisfied customers, by the last rating of each ticket.",
        "ratings at three quarters of their scale or above ÷ ratings; response rate: rated ÷ solved tickets of the period",
        RATINGS,
        None,
    ),
    of(
        "nps",
        "Whether customers would recommend the helpdesk.",
        "100 × (promoters − detractors) ÷ all; on 0 to 10, promoters give 9 and more, detractors 6 and less",
        RATINGS,
        says("common practice", "any positive is good, above 50 excellent"),
    ),
    of(
        "ces",
        "How easy customers found it, 7 being very easy.",
        "mean of 1 + 6 × the score's place on its scale",
        RATINGS,
        None,
    ),
    of(
        "qa_score",
        "How good answers are by the helpdesk's own review.",
        "mean of 100 × the score's place on its scale, and of each criterion",
        RATINGS,
        None,
    ),
    of("agent_satisfaction", "How content agents are.", "mean of 100 × the score's place on its scale", RATINGS, None),
    of(
        "agent_utilisation",
        "The share of their shifts that agents spend on handling.",
        "seconds of answered interactions and logged work ÷ seconds of shifts less breaks",
        "interaction.ended, work.logged, agent.shift",
        says("MetricNet", "about 48 % on average; above 60 % is unhealthy"),
    ),
    of(
        "agent_performance",
        "What each agent did and how it was received.",
        "the figures of the tickets each solved, answered first, replied to or is rated for",
        "all events",
        None,
    ),
    of(
        "rating",
        "Service as a customer feels it, from 0 to 100 and in stars.",
        "weighted mean of reaction (100 × max(0, 1 − median first response ÷ (2 × target))), quality (CSAT mean), effectiveness (100 × first contact resolution), communication (mean of that criterion) and feedback ((NPS + 100) ÷ 2); stars: ÷ 20",
        "ticket events, rating.submitted",
        None,
    ),
    of(
        "self_service_rate",
        "The share of questions that the knowledge base answered without a ticket.",
        "sessions that viewed an article and led to no ticket ÷ (sessions + tickets created in the period that came out of none of them)",
        "knowledge events, ticket.created",
        says("Zendesk", "67 % of customers would help themselves first"),
    ),
    of(
        "knowledge",
        "Which articles are read and help, and what is searched for.",
        "per article: sessions that led to a ticket ÷ sessions that viewed it, helpful ÷ all ratings; searches without a result ÷ searches",
        "knowledge events, ticket.created",
        None,
    ),
    of(
        "sla_attainment",
        "The share of service level targets that were met in time.",
        "met in time ÷ targets that fell due or were met in the period, per policy and metric",
        "ticket events and the policies of the configuration",
        None,
    ),
    of(
        "support_efficiency_index",
        "One number for how well the helpdesk works, from 0 to 100.",
        "100 × weighted mean of first contact resolution, resolution rate, CSAT, attainment (where policies are configured), self-service rate and 1 − reopen rate, as far as they are there",
        "all events",
        None,
    ),
    of(
        "cost_per_ticket",
        "What a solved ticket costs.",
        "costs prorated over the period ÷ solved tickets of the period, per currency",
        "cost.recorded, ticket events",
        None,
    ),
    of(
        "heatmap",
        "When tickets come in, and on which weekday staff is needed most.",
        "tickets created per local weekday and hour; load: tickets per day of the weekday ÷ tickets per day",
        TICKETS,
        None,
    ),
    of(
        "surges",
        "Hours with far more tickets than that hour of that weekday usually has.",
        "local hours with at least 5 tickets and more than the 99.9 % point of a Poisson distribution with the mean of the same hour in the 8 weeks before",
        TICKETS,
        None,
    ),
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::calendar::Book;
    use crate::sla::{Editions, Policies};

    #[test]
    fn every_figure_is_explained_once() {
        let mut keys: Vec<&str> = ALL.iter().map(|explanation| explanation.key).collect();
        assert_eq!(keys.len(), 35);
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 35);
        assert_eq!(explain("nps").unwrap().benchmark.unwrap().origin, "common practice");
        assert_eq!(explain("volume"), None);
    }

    #[test]
    fn targets_and_weights_in_force_are_named() {
        let policies = Policies::from_values(&[], &Book::default()).unwrap();
        let settings = Settings::new(Arc::new(Editions::new(policies)), false);
        let of_rating = settings_of("rating", &settings);
        assert_eq!(of_rating[0], ("first_response_target".to_owned(), "3600 s".to_owned()));
        assert_eq!(of_rating[5], ("weight of feedback".to_owned(), "1".to_owned()));
        assert_eq!(settings_of("support_efficiency_index", &settings).len(), 6);
        assert!(settings_of("nps", &settings).is_empty());
    }
}
