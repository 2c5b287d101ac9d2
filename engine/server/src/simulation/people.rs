//! Who writes and who answers: invented customers and agents.

use deskbell_model::ticket::{Actor, Requester, Role};
use serde_json::{Value, json};

use super::dice::Dice;

/// The languages of the customers, with their weights.
pub(super) const LANGUAGES: &[(&str, u32)] = &[("en", 38), ("de", 24), ("nl", 12), ("ru", 9), ("zh", 9), ("fi", 8)];

/// How many customers there are. Some write often, most once or never.
const N_CUSTOMERS: u64 = 400;

const ORGANIZATIONS: &[&str] =
    &["Birch & Sons", "Kanalhaus GmbH", "Polder Fietsen", "Saimaa Studio", "Volna Design", "Jade Lake Trading"];

/// An agent of the simulated helpdesk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agent {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) groups: &'static [&'static str],
    pub(super) languages: &'static [&'static str],
    pub(super) skills: &'static [&'static str],
    pub(super) capacity: u32,
    /// The hours (UTC) of the usual shift.
    pub(super) hours: (i64, i64),
}

/// Every agent.
pub(super) const AGENTS: &[Agent] = &[
    agent("ada", "Ada Lind", &["frontline", "technical"], &["en", "de"], &["onboarding", "api"], 12, (7, 15)),
    agent("bram", "Bram de Vries", &["billing"], &["nl", "en"], &["invoices", "vat"], 10, (7, 15)),
    agent("chen", "Chen Wei", &["technical", "frontline"], &["zh", "en"], &["login", "payments"], 8, (8, 16)),
    agent("dasha", "Daria Orlova", &["frontline", "shipping"], &["ru", "en"], &["returns"], 10, (8, 16)),
    agent("eero", "Eero Laine", &["technical", "shipping"], &["fi", "en"], &["login", "outage"], 8, (9, 17)),
    agent("femke", "Femke Bakker", &["shipping"], &["nl", "de", "en"], &["customs", "returns"], 12, (7, 15)),
    agent("greta", "Greta Hahn", &["billing", "frontline"], &["de", "en"], &["refunds", "invoices"], 10, (9, 17)),
    agent("hugo", "Hugo Marsh", &["shipping", "billing"], &["en"], &["carriers"], 12, (9, 17)),
];

const fn agent(
    id: &'static str,
    name: &'static str,
    groups: &'static [&'static str],
    languages: &'static [&'static str],
    skills: &'static [&'static str],
    capacity: u32,
    hours: (i64, i64),
) -> Agent {
    Agent { id, name, groups, languages, skills, capacity, hours }
}

impl Agent {
    pub(super) fn actor(&self) -> Actor {
        Actor { id: self.id.to_owned(), role: Role::Agent, name: Some(self.name.to_owned()) }
    }

    /// What a `deskbell.agent.status` event says of the agent.
    pub(super) fn status(&self, status: &str) -> Value {
        json!({
            "status": status, "capacity": self.capacity, "groups": self.groups, "skills": self.skills,
            "languages": self.languages,
        })
    }
}

/// The agent with this id.
pub(super) fn by_id(id: &str) -> Option<Agent> {
    AGENTS.iter().copied().find(|agent| agent.id == id)
}

/// Somebody of the group who speaks the language; else of the group, else who speaks it, else anybody.
pub(super) fn suited(group: &str, language: &str, dice: &mut Dice) -> Option<Agent> {
    let in_group = |agent: &Agent| agent.groups.contains(&group);
    let speaks = |agent: &Agent| agent.languages.contains(&language);
    let rules: [&dyn Fn(&Agent) -> bool; 4] =
        [&|agent| in_group(agent) && speaks(agent), &in_group, &speaks, &|_| true];
    rules.into_iter().find_map(|rule| {
        let fit: Vec<(Agent, u32)> =
            AGENTS.iter().filter(|agent| rule(agent)).map(|agent| (*agent, agent.capacity)).collect();
        dice.weighted(&fit)
    })
}

/// A customer of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) language: &'static str,
    pub(super) organization: Option<&'static str>,
}

impl Customer {
    /// A customer who happens to write; the same few write often.
    pub(super) fn draw(seed: u64, dice: &mut Dice) -> Self {
        let skewed = dice.fraction().powi(2);
        Self::number(seed, (skewed * N_CUSTOMERS as f64) as u64)
    }

    /// The customer with this number, always the same one for a seed.
    fn number(seed: u64, number: u64) -> Self {
        let mut dice = Dice::new(seed ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let language = dice.weighted(LANGUAGES).unwrap_or("en");
        let (first, last) = names(language);
        let (first, last) = (dice.pick(first), dice.pick(last));
        let domain = dice.pick(&["example.com", "example.org", "example.net"]);
        Self {
            id: format!("c-{}", 1000 + number),
            name: format!("{} {}", first.0, last.0),
            email: format!("{}.{}{number}@{domain}", first.1, last.1),
            language,
            organization: dice.chance(0.2).then(|| dice.pick(ORGANIZATIONS)),
        }
    }

    pub(super) fn actor(&self) -> Actor {
        Actor { id: self.id.clone(), role: Role::Customer, name: Some(self.name.clone()) }
    }

    pub(super) fn requester(&self) -> Requester {
        Requester {
            id: self.id.clone(),
            name: Some(self.name.clone()),
            email: Some(self.email.clone()),
            language: Some(self.language.to_owned()),
            organization: self.organization.map(str::to_owned),
        }
    }
}

/// A name as it is written, and as it stands in a mail address.
type Name = (&'static str, &'static str);

/// First and last names of a language. Those that inflect by gender are left out.
fn names(language: &str) -> (&'static [Name], &'static [Name]) {
    match language {
        "de" => (
            &[("Jonas", "jonas"), ("Lea", "lea"), ("Murat", "murat"), ("Sabine", "sabine"), ("Jörg", "joerg")],
            &[("Krüger", "krueger"), ("Vogt", "vogt"), ("Yilmaz", "yilmaz"), ("Seidel", "seidel")],
        ),
        "nl" => (
            &[("Sanne", "sanne"), ("Daan", "daan"), ("Lotte", "lotte"), ("Youssef", "youssef")],
            &[("Jansen", "jansen"), ("van Dijk", "vandijk"), ("Smit", "smit"), ("Mulder", "mulder")],
        ),
        "fi" => (
            &[("Aino", "aino"), ("Mikko", "mikko"), ("Päivi", "paivi"), ("Jukka", "jukka")],
            &[("Korhonen", "korhonen"), ("Mäkelä", "makela"), ("Nieminen", "nieminen")],
        ),
        "ru" => (
            &[("Ольга", "olga"), ("Игорь", "igor"), ("Марина", "marina"), ("Антон", "anton")],
            &[("Шевченко", "shevchenko"), ("Ткач", "tkach"), ("Гончар", "gonchar")],
        ),
        "zh" => (
            &[("李", "li"), ("王", "wang"), ("张", "zhang"), ("陈", "chen")],
            &[("娜", "na"), ("伟", "wei"), ("敏", "min"), ("建国", "jianguo")],
        ),
        _ => (
            &[("Olivia", "olivia"), ("Sam", "sam"), ("Priya", "priya"), ("Tom", "tom"), ("Zoë", "zoe")],
            &[("Barker", "barker"), ("Okafor", "okafor"), ("Reid", "reid"), ("Patel", "patel")],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_the_same_each_time() {
        assert_eq!(Customer::number(1, 17), Customer::number(1, 17));
        let n_alike = (0..50).filter(|n| Customer::number(1, *n).name == Customer::number(2, *n).name).count();
        assert!(n_alike < 25, "{n_alike} of 50 customers do not depend on the seed");
    }

    #[test]
    fn every_language_is_spoken_by_customers_and_agents() {
        for (language, _) in LANGUAGES {
            assert!((0..400).any(|n| Customer::number(5, n).language == *language), "{language}");
            assert!(AGENTS.iter().any(|agent| agent.languages.contains(language)), "{language}");
        }
    }

    #[test]
    fn a_ticket_goes_to_somebody_who_is_suited() {
        let mut dice = Dice::new(3);
        for (group, language, expected) in
            [("billing", "nl", "bram"), ("technical", "fi", "eero"), ("nowhere", "ru", "dasha")]
        {
            assert_eq!(suited(group, language, &mut dice).unwrap().id, expected);
        }
        let in_group = suited("shipping", "zh", &mut dice).unwrap();
        assert!(in_group.groups.contains(&"shipping"));
        assert!(suited("nowhere", "xx", &mut dice).is_some());
    }
}
