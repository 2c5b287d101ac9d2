//! From what was added up to the report.

use std::collections::BTreeMap;

use super::activities::{Agent as Active, Ready};
use super::number::{Rate, Sum};
use super::ratings::Ratings;
use super::report::{
    Abandonment, Agent, AgentCsat, Article, Busiest, By, Category, Cell, Figures, Heatmap, Knowledge, Map, Rating,
    RatingsOf, Repeated, Report, Search,
};
use super::settings::{Settings, weighted_mean};
use super::table::Merge;
use super::tickets::{Created, Party, Tickets};
use super::{DEFINITION, forecast, surges};

/// How many searches are listed.
const N_FREQUENT: usize = 20;

impl Tickets {
    /// The report, once all tickets are in and all parts are merged.
    pub fn finish(mut self) -> Report {
        let ready = self.ready.clone();
        let options = &ready.options;
        self.all.handled.merge(ready.handled);
        self.all.ratings.merge(ready.ratings.clone());
        let shown = |sums: super::sums::Sums| {
            sums.shown(ready.period.from, &ready.period.ends, options.calendar.is_some(), &ready.policies)
        };
        let by = options.by.map(|dimension| By {
            dimension: dimension.as_str(),
            values: std::mem::take(&mut self.by).into_rows().into_iter().map(|(v, sums)| (v, shown(sums))).collect(),
        });
        Report {
            definition: DEFINITION,
            from: options.from,
            to: options.to,
            tz: options.zone.name().to_owned(),
            calendar: options.calendar.as_ref().map(|calendar| calendar.name().to_owned()),
            bucket: options.bucket.map(super::Bucket::as_str),
            fcr: options.fcr.as_str(),
            source: options.source.clone(),
            figures: self.figures(&ready, shown),
            by,
        }
    }

    fn figures(mut self, ready: &Ready, shown: impl Fn(super::sums::Sums) -> Repeated) -> Figures {
        let settings = &ready.settings;
        let all = std::mem::take(&mut self.all);
        let median = all.first_response.clone().median().calendar;
        let rating_of_all = rating(settings, median, &all.ratings, all.first_contact_resolution());
        let attainment = settings.has_own_policies.then(|| all.attainment().value).flatten();
        let backlog_forecast = forecast::forecast(&self.days, self.n_days(), all.n_unsolved());
        let repeated = shown(all);
        let self_service_rate = self.self_service_rate(ready);
        let solved = repeated.first_contact_resolution.denominator;
        let cost = |(currency, amount): (&String, &Sum)| (currency.clone(), Rate::new(amount.get(), solved));
        let weights = &settings.efficiency_weights;
        let index = weighted_mean(&[
            (weights.first_contact_resolution, repeated.first_contact_resolution.value),
            (weights.resolution_rate, repeated.resolution_rate.value),
            (weights.csat, repeated.csat.rate.value),
            (weights.sla_attainment, attainment),
            (weights.self_service_rate, self_service_rate.value),
            (weights.reopen_rate, repeated.reopen_rate.value.map(|rate| 1.0 - rate)),
        ]);
        let has_calendar = ready.options.calendar.is_some();
        let heatmap = heatmap(ready, &self.hours_of_week);
        let created = repeated.ticket_volume;
        let categories = std::mem::take(&mut self.categories).into_rows().into_iter();
        Figures {
            volume_by_channel: std::mem::take(&mut self.channels).into_rows().into_iter().collect(),
            distribution: categories.map(|(name, of)| (name, category(of, created))).collect(),
            backlog_forecast,
            abandonment_rate: abandonment(ready),
            answer_time: ready.answer_time.clone().shown(has_calendar),
            agent_utilisation: utilisation(ready),
            knowledge: self.knowledge(ready),
            surges: surges::surges(&ready.period, &self.hours, self.first_created),
            agent_performance: agents(ready, std::mem::take(&mut self.agents).into_rows()),
            rating: RatingsOf { all: rating_of_all, groups: groups(settings, self.groups.into_rows()) },
            self_service_rate,
            support_efficiency_index: index.map(|index| 100.0 * index),
            cost_per_ticket: (!ready.costs.is_empty()).then(|| ready.costs.iter().map(cost).collect()),
            heatmap,
            repeated,
        }
    }

    /// For how many of the days before the end of the period there is any history.
    fn n_days(&self) -> usize {
        let first = self.first_created.unwrap_or(self.ready.period.to);
        let days = (self.ready.period.to - first).div_euclid(crate::calendar::zone::DAY);
        self.days.len().min(usize::try_from(days).unwrap_or(0))
    }

    fn self_service_rate(&self, ready: &Ready) -> Rate {
        let sessions = ready.sessions.rows().zip(&self.named);
        let helped = sessions.filter(|(viewed, named)| **viewed && !**named).count();
        Rate::counts(helped as u64, ready.sessions.len() as u64 + self.n_without_session)
    }

    fn knowledge(&self, ready: &Ready) -> Knowledge {
        let is_named = |session: &&usize| self.named.get(**session).copied().unwrap_or(false);
        let article = |(name, article): (&str, &super::activities::Article)| {
            let sessions = article.viewed.len() as u64;
            let named = article.viewed.iter().filter(is_named).count() as u64;
            let (ticket_rate, helpful) = (Rate::counts(named, sessions), Rate::counts(article.helpful, article.rated));
            (name.to_owned(), Article { sessions, ticket_rate, helpful })
        };
        let mut frequent: Vec<Search> =
            ready.queries.iter().map(|(query, &count)| Search { query: query.clone(), count }).collect();
        // UTF-8 keeps the order of code points.
        frequent.sort_unstable_by(|one, other| other.count.cmp(&one.count).then_with(|| one.query.cmp(&other.query)));
        frequent.truncate(N_FREQUENT);
        Knowledge {
            articles: ready.articles.iter().map(article).collect(),
            searches: ready.searches,
            no_result: Rate::counts(ready.no_result, ready.searches),
            frequent,
        }
    }
}

fn category(of: Created, created: u64) -> Category {
    Category {
        count: of.count,
        share: of.count as f64 / created as f64,
        first_response_time: of.first_response.median(),
        csat: of.ratings.csat(),
    }
}

fn abandonment(ready: &Ready) -> Abandonment {
    let [phone, chat] = ready.abandoned;
    let all = (phone.0 + chat.0, phone.1 + chat.1);
    let [phone, chat, all] = [phone, chat, all].map(|(abandoned, all)| Rate::counts(abandoned, all));
    Abandonment { phone, chat, all }
}

fn utilisation(ready: &Ready) -> Rate {
    let (mut worked, mut on_shift) = (Sum::default(), Sum::default());
    for (_, agent) in ready.agents.iter().filter(|(_, agent)| agent.has_shift) {
        worked.merge(agent.worked);
        on_shift.merge(agent.on_shift);
    }
    Rate::new(worked.get(), on_shift.get())
}

/// Those of whom any count or denominator is above 0.
fn agents(ready: &Ready, parties: Vec<(String, Party)>) -> Map<Agent> {
    let mut both: BTreeMap<String, (Party, Option<&Active>)> =
        parties.into_iter().map(|(name, party)| (name, (party, None))).collect();
    for (name, active) in ready.agents.iter() {
        let (party, known) = both.entry(name.to_owned()).or_default();
        party.ratings.merge(active.ratings.clone());
        *known = Some(active);
    }
    both.into_iter().filter_map(|(name, (party, active))| Some((name, agent(ready, party, active)?))).collect()
}

fn agent(ready: &Ready, party: Party, active: Option<&Active>) -> Option<Agent> {
    let has_calendar = ready.options.calendar.is_some();
    let fcr = Rate::counts(party.at_first_contact, party.solved);
    let (csat, qa) = (party.ratings.csat(), party.ratings.qa());
    let mean = party.ratings.csat_mean();
    let median = party.first_response.clone().median().calendar;
    let rating = rating(&ready.settings, median, &party.ratings, fcr);
    let utilisation = active.map_or(Rate::counts(0, 0), |active| Rate::new(active.worked.get(), active.on_shift.get()));
    let agent = Agent {
        solved_tickets: party.solved,
        agent_replies: party.replies,
        first_response_time: party.first_response.shown(has_calendar),
        resolution_time: party.resolution.shown(has_calendar),
        first_contact_resolution: fcr,
        transfers_away: party.transfers_away,
        utilisation,
        csat: AgentCsat { rate: csat, mean },
        qa,
        rating,
    };
    let is_counted = agent.solved_tickets > 0
        || agent.agent_replies > 0
        || agent.first_response_time.calendar.count > 0
        || agent.transfers_away > 0
        || agent.utilisation.denominator > 0.0
        || agent.csat.rate.denominator > 0.0
        || agent.qa.count > 0;
    is_counted.then_some(agent)
}

/// Those with any criterion.
fn groups(settings: &Settings, parties: Vec<(String, Party)>) -> Map<Rating> {
    let of = |(name, party): (String, Party)| {
        let fcr = Rate::counts(party.at_first_contact, party.solved);
        (name, rating(settings, party.first_response.median().calendar, &party.ratings, fcr))
    };
    let is_there = |rating: &Rating| {
        let Rating { reaction, quality, effectiveness, communication, feedback, .. } = rating;
        [reaction, quality, effectiveness, communication, feedback].into_iter().any(Option::is_some)
    };
    parties.into_iter().map(of).filter(|(_, rating)| is_there(rating)).collect()
}

fn rating(settings: &Settings, first_response: Option<f64>, ratings: &Ratings, fcr: Rate) -> Rating {
    let target = settings.first_response_target as f64 / 1e6;
    let reaction = first_response.map(|seconds| 100.0 * (1.0 - seconds / (2.0 * target)).max(0.0));
    let (quality, communication) = (ratings.csat_mean(), ratings.communication());
    let effectiveness = fcr.value.map(|value| 100.0 * value);
    let feedback = ratings.nps().value.map(|value| f64::midpoint(value, 100.0));
    let weights = &settings.rating_weights;
    let rating = weighted_mean(&[
        (weights.reaction, reaction),
        (weights.quality, quality),
        (weights.effectiveness, effectiveness),
        (weights.communication, communication),
        (weights.feedback, feedback),
    ]);
    let stars = rating.map(|rating| rating / 20.0);
    Rating { reaction, quality, effectiveness, communication, feedback, rating, stars }
}

fn heatmap(ready: &Ready, hours: &[Created]) -> Heatmap {
    let mut cells = Vec::new();
    let mut n_tickets = [0_u64; 7];
    for ((place, of), (weekday, hour)) in
        hours.iter().enumerate().zip((1..=7).flat_map(|day| (0..24).map(move |hour| (day, hour))))
    {
        if let Some(count) = n_tickets.get_mut(place / 24) {
            *count += of.count;
        }
        if of.count > 0 {
            let first_response_time = of.first_response.clone().median();
            cells.push(Cell { weekday, hour, count: of.count, first_response_time });
        }
    }
    Heatmap { cells, busiest: busiest(n_tickets, ready.period.weekdays()) }
}

/// The weekday with the most tickets per day of it; of several the earliest.
fn busiest(n_tickets: [u64; 7], n_days: [i64; 7]) -> Option<Busiest> {
    let mut busiest: Option<(u32, u128, u128)> = None;
    for ((weekday, tickets), days) in (1..).zip(n_tickets).zip(n_days) {
        let (tickets, days) = (u128::from(tickets), u128::from(days.unsigned_abs()));
        // Compared without division, so that equal loads are equal.
        if tickets > 0 && days > 0 && busiest.is_none_or(|(_, most, of)| tickets * of > most * days) {
            busiest = Some((weekday, tickets, days));
        }
    }
    let (all_tickets, all_days) = (n_tickets.iter().sum::<u64>() as f64, n_days.iter().sum::<i64>() as f64);
    let load = |tickets: u128, days: u128| (tickets as f64 / days as f64) / (all_tickets / all_days);
    busiest.map(|(weekday, tickets, days)| Busiest { weekday, load: load(tickets, days) })
}
