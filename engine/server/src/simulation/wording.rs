//! What customers write and agents answer, in the languages of a small shop's customers.
//!
//! A message is put together from phrases that a seeded die picks, so that no two tickets read the same and the same
//! seed writes the same life. Products and people are invented.

mod de;
mod en;
mod fi;
mod nl;
mod ru;
mod zh;

use super::dice::Dice;

/// What tickets are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Billing,
    Delivery,
    Login,
    Refund,
    Outage,
    Returns,
    Product,
    Cancellation,
}

impl Topic {
    /// Every topic with its weight among new tickets.
    pub(super) const WEIGHTS: &[(Self, u32)] = &[
        (Self::Delivery, 26),
        (Self::Returns, 15),
        (Self::Billing, 14),
        (Self::Product, 14),
        (Self::Refund, 11),
        (Self::Login, 11),
        (Self::Cancellation, 6),
        (Self::Outage, 3),
    ];

    /// The word that agents file such tickets under.
    pub(super) const fn category(self) -> &'static str {
        match self {
            Self::Billing => "billing",
            Self::Delivery => "delivery",
            Self::Login => "login",
            Self::Refund => "refund",
            Self::Outage => "outage",
            Self::Returns => "returns",
            Self::Product => "product",
            Self::Cancellation => "cancellation",
        }
    }

    /// The group that usually works on it.
    pub(super) const fn group(self) -> &'static str {
        match self {
            Self::Billing | Self::Refund => "billing",
            Self::Delivery | Self::Returns => "shipping",
            Self::Login | Self::Outage => "technical",
            Self::Product | Self::Cancellation => "frontline",
        }
    }

    /// The help page about it.
    pub(super) const fn article(self) -> &'static str {
        match self {
            Self::Billing => "read-your-invoice",
            Self::Delivery => "track-a-parcel",
            Self::Login => "reset-your-password",
            Self::Refund => "when-refunds-arrive",
            Self::Outage => "status-of-the-shop",
            Self::Returns => "send-something-back",
            Self::Product => "care-and-use",
            Self::Cancellation => "cancel-an-order",
        }
    }

    /// The topic of a category, for tickets that were made elsewhere.
    pub(super) fn of_category(category: &str) -> Self {
        let known = Self::WEIGHTS.iter().map(|(topic, _)| *topic);
        known.into_iter().find(|topic| topic.category() == category).unwrap_or(Self::Product)
    }
}

/// The phrases of one topic.
pub(super) struct About {
    /// Each for the problem in its place.
    pub(super) subjects: &'static [&'static str],
    pub(super) problems: &'static [&'static str],
    /// What an agent asks back.
    pub(super) questions: &'static [&'static str],
    /// What an agent answers in the end.
    pub(super) answers: &'static [&'static str],
    /// What people type into the search of the help pages.
    pub(super) searches: &'static [&'static str],
}

/// The phrases of one language.
pub(super) struct Phrases {
    pub(super) greetings: &'static [&'static str],
    pub(super) wishes: &'static [&'static str],
    pub(super) closings: &'static [&'static str],
    pub(super) agent_greetings: &'static [&'static str],
    pub(super) agent_closings: &'static [&'static str],
    /// A customer's answer to a question.
    pub(super) details: &'static [&'static str],
    /// A customer for whom it is not solved.
    pub(super) again: &'static [&'static str],
    pub(super) thanks: &'static [&'static str],
    pub(super) praise: &'static [&'static str],
    pub(super) complaints: &'static [&'static str],
    billing: About,
    delivery: About,
    login: About,
    refund: About,
    outage: About,
    returns: About,
    product: About,
    cancellation: About,
}

impl Phrases {
    /// The phrases of a language by its code; English where there are none.
    pub(super) fn of(language: &str) -> &'static Self {
        match language {
            "de" => &de::PHRASES,
            "nl" => &nl::PHRASES,
            "fi" => &fi::PHRASES,
            "ru" => &ru::PHRASES,
            "zh" => &zh::PHRASES,
            _ => &en::PHRASES,
        }
    }

    pub(super) const fn about(&self, topic: Topic) -> &About {
        match topic {
            Topic::Billing => &self.billing,
            Topic::Delivery => &self.delivery,
            Topic::Login => &self.login,
            Topic::Refund => &self.refund,
            Topic::Outage => &self.outage,
            Topic::Returns => &self.returns,
            Topic::Product => &self.product,
            Topic::Cancellation => &self.cancellation,
        }
    }
}

/// What fills the gaps in phrases.
#[derive(Clone, Debug)]
pub(super) struct Particulars {
    pub(super) order: String,
    pub(super) product: &'static str,
    pub(super) amount: String,
    pub(super) days: u64,
    /// The customer's name.
    pub(super) name: String,
}

const PRODUCTS: &[&str] =
    &["Aurora 200", "Halo Mini", "Tindra L", "Kiva 3", "Pico X", "Ember Duo", "Sola 45", "Moss 12"];

impl Particulars {
    pub(super) fn draw(name: &str, dice: &mut Dice) -> Self {
        Self {
            order: format!("{}", dice.between(100_200, 989_900)),
            product: dice.pick(PRODUCTS),
            amount: format!("{}.{:02}", dice.between(9, 240), dice.below(20) * 5),
            // In Russian, 5 to 20 days take one and the same form.
            days: dice.between(5, 20),
            name: name.to_owned(),
        }
    }

    /// `phrase` with its gaps filled.
    pub(super) fn fill(&self, phrase: &str) -> String {
        let first = self.name.split(' ').next().unwrap_or_default();
        phrase
            .replace("{order}", &self.order)
            .replace("{product}", self.product)
            .replace("{amount}", &self.amount)
            .replace("{days}", &self.days.to_string())
            .replace("{first}", first)
    }
}

/// A new ticket's subject and body.
pub(super) fn question(language: &str, topic: Topic, particulars: &Particulars, dice: &mut Dice) -> (String, String) {
    let phrases = Phrases::of(language);
    let about = phrases.about(topic);
    let both = about.subjects.iter().copied().zip(about.problems.iter().copied());
    let (subject, problem) = dice.pick(&both.collect::<Vec<_>>());
    let (subject, problem) = (particulars.fill(subject), particulars.fill(problem));
    let body = letter(
        dice.pick(phrases.greetings),
        &format!("{problem} {}", dice.pick(phrases.wishes)),
        dice.pick(phrases.closings),
        &particulars.name,
    );
    (subject, body)
}

/// What an agent writes: one of `phrases`, as a letter.
pub(super) fn from_agent(
    language: &str,
    choices: &[&'static str],
    particulars: &Particulars,
    agent: &str,
    dice: &mut Dice,
) -> String {
    let phrases = Phrases::of(language);
    letter(
        &particulars.fill(dice.pick(phrases.agent_greetings)),
        &particulars.fill(dice.pick(choices)),
        dice.pick(phrases.agent_closings),
        agent,
    )
}

/// What a customer writes back: one of `choices`.
pub(super) fn from_customer(choices: &[&'static str], particulars: &Particulars, dice: &mut Dice) -> String {
    let text = particulars.fill(dice.pick(choices));
    if dice.chance(0.5) { format!("{text}\n\n{}", particulars.name) } else { text }
}

fn letter(greeting: &str, text: &str, closing: &str, name: &str) -> String {
    format!("{greeting}\n\n{text}\n\n{closing}\n{name}")
}

#[cfg(test)]
mod tests {
    use super::super::people::LANGUAGES;
    use super::*;

    #[test]
    fn every_language_speaks_of_every_topic() {
        let mut dice = Dice::new(7);
        let particulars = Particulars::draw("Ada Lind", &mut dice);
        for (language, _) in LANGUAGES {
            let phrases = Phrases::of(language);
            let everywhere = [
                phrases.greetings,
                phrases.wishes,
                phrases.closings,
                phrases.agent_greetings,
                phrases.agent_closings,
                phrases.details,
                phrases.again,
                phrases.thanks,
                phrases.praise,
                phrases.complaints,
            ];
            let of_topics = Topic::WEIGHTS.iter().flat_map(|(topic, _)| {
                let about = phrases.about(*topic);
                [about.subjects, about.problems, about.questions, about.answers, about.searches]
            });
            for (topic, _) in Topic::WEIGHTS {
                let about = phrases.about(*topic);
                assert_eq!(about.subjects.len(), about.problems.len(), "{language}: {topic:?}");
            }
            for choices in everywhere.into_iter().chain(of_topics) {
                assert!(!choices.is_empty(), "{language} lacks phrases");
                for phrase in choices {
                    let text = particulars.fill(phrase);
                    assert!(!text.is_empty(), "{language}: an empty phrase");
                    assert!(!text.contains(['{', '}']), "{language}: a gap in '{text}'");
                }
            }
        }
    }

    #[test]
    fn the_same_seed_writes_the_same_letter() {
        let write = |seed| {
            let mut dice = Dice::new(seed);
            let particulars = Particulars::draw("Ada Lind", &mut dice);
            question("de", Topic::Refund, &particulars, &mut dice)
        };
        assert_eq!(write(3), write(3));
        assert_ne!(write(3), write(4));
    }

    #[test]
    fn categories_lead_back_to_their_topics() {
        for (topic, _) in Topic::WEIGHTS {
            assert_eq!(Topic::of_category(topic.category()), *topic);
        }
        assert_eq!(Topic::of_category("weather"), Topic::Product);
    }
}
