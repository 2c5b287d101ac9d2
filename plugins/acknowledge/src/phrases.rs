//! The shipped texts, and how each of their languages speaks of waiting and of closed days.

use crate::wait::Date;

/// More closed days than this are spoken of as a span, from the first to the last.
const MAX_LISTED: usize = 6;

/// A language that texts are shipped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tongue {
    English,
    German,
    Dutch,
    Finnish,
    Russian,
    Chinese,
}

use Tongue::{Chinese, Dutch, English, Finnish, German, Russian};

/// A wait, rounded up to what people say.
#[derive(Clone, Copy)]
enum Wait {
    Minutes(i64),
    Hours(i64),
    Days(i64),
}

impl Wait {
    fn of(seconds: i64) -> Self {
        let up = |unit: i64| (seconds.saturating_add(unit - 1)).div_euclid(unit).max(1);
        match seconds {
            // Five minutes are the smallest promise.
            ..=3_300 => Self::Minutes(up(300) * 5),
            3_301..=129_600 => Self::Hours(up(3_600)),
            _ => Self::Days(up(86_400)),
        }
    }
}

impl Tongue {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] = [English, German, Dutch, Finnish, Russian, Chinese];

    /// The language of a two-letter code.
    pub(crate) fn of(code: &str) -> Option<Self> {
        Some(match code {
            "en" => English,
            "de" => German,
            "nl" => Dutch,
            "fi" => Finnish,
            "ru" => Russian,
            "zh" => Chinese,
            _ => return None,
        })
    }

    /// The shipped acknowledgement.
    pub(crate) fn template(self) -> &'static str {
        match self {
            English => ENGLISH,
            German => GERMAN,
            Dutch => DUTCH,
            Finnish => FINNISH,
            Russian => RUSSIAN,
            Chinese => CHINESE,
        }
    }

    /// `within about 3 hours`.
    pub(crate) fn wait(self, seconds: i64) -> String {
        let wait = Wait::of(seconds);
        let (n, one, many) = match (self, wait) {
            (English, Wait::Minutes(n)) => (n, "minute", "minutes"),
            (English, Wait::Hours(n)) => (n, "hour", "hours"),
            (English, Wait::Days(n)) => (n, "day", "days"),
            (German, Wait::Minutes(n)) => (n, "Minute", "Minuten"),
            (German, Wait::Hours(n)) => (n, "Stunde", "Stunden"),
            (German, Wait::Days(n)) => (n, "Tag", "Tagen"),
            (Dutch, Wait::Minutes(n)) => (n, "minuut", "minuten"),
            (Dutch, Wait::Hours(n)) => (n, "uur", "uur"),
            (Dutch, Wait::Days(n)) => (n, "dag", "dagen"),
            (Finnish, Wait::Minutes(n)) => (n, "minuutin", "minuutin"),
            (Finnish, Wait::Hours(n)) => (n, "tunnin", "tunnin"),
            (Finnish, Wait::Days(n)) => (n, "päivän", "päivän"),
            (Russian, Wait::Minutes(n)) => (n, "минуты", "минут"),
            (Russian, Wait::Hours(n)) => (n, "часа", "часов"),
            (Russian, Wait::Days(n)) => (n, "дня", "дней"),
            (Chinese, Wait::Minutes(n)) => (n, "分钟", "分钟"),
            (Chinese, Wait::Hours(n)) => (n, "小时", "小时"),
            (Chinese, Wait::Days(n)) => (n, "天", "天"),
        };
        // The Russian genitive takes the singular after 1, 21, 31 and so on, but not after 11.
        let is_one = if self == Russian { n % 10 == 1 && n % 100 != 11 } else { n == 1 };
        let unit = if is_one { one } else { many };
        match self {
            English => format!("within about {n} {unit}"),
            German => format!("innerhalb von etwa {n} {unit}"),
            Dutch => format!("binnen ongeveer {n} {unit}"),
            Finnish => format!("noin {n} {unit} kuluessa"),
            Russian => format!("примерно в течение {n} {unit}"),
            Chinese => format!("在大约{n}{unit}内"),
        }
    }

    /// `on 25 and 26 December`.
    pub(crate) fn closed(self, dates: &[Date]) -> String {
        let mut dates = dates.to_vec();
        dates.sort_unstable();
        dates.dedup();
        if let (true, [first, .., last]) = (dates.len() > MAX_LISTED, dates.as_slice()) {
            return self.span(*first, *last);
        }
        let months: Vec<String> = dates
            .chunk_by(|a, b| (a.year, a.month) == (b.year, b.month))
            .map(|days| self.days_of_month(days))
            .collect();
        let list = self.listed(&months);
        match self {
            English => format!("on {list}"),
            German => format!("am {list}"),
            Dutch => format!("op {list}"),
            Finnish | Russian | Chinese => list,
        }
    }

    fn span(self, first: Date, last: Date) -> String {
        let (first, last) = (self.days_of_month(&[first]), self.days_of_month(&[last]));
        match self {
            English => format!("from {first} to {last}"),
            German => format!("vom {first} bis {last}"),
            Dutch => format!("van {first} tot en met {last}"),
            Finnish => format!("{first} – {last}"),
            Russian => format!("с {first} по {last}"),
            Chinese => format!("{first}至{last}"),
        }
    }

    /// Days of one month: `25 and 26 December`.
    fn days_of_month(self, dates: &[Date]) -> String {
        let day = |date: &Date| match self {
            English | Dutch | Russian => date.day.to_string(),
            German | Finnish => format!("{}.", date.day),
            Chinese => format!("{}日", date.day),
        };
        let days = self.listed(&dates.iter().map(day).collect::<Vec<_>>());
        let month = dates.first().map_or(1, |date| date.month);
        let name = self.months().split(' ').nth(usize::from(month.saturating_sub(1))).unwrap_or_default();
        if self == Chinese { format!("{month}月{days}") } else { format!("{days} {name}") }
    }

    fn listed(self, items: &[String]) -> String {
        let (comma, and) = match self {
            English => (", ", " and "),
            German => (", ", " und "),
            Dutch => (", ", " en "),
            Finnish => (", ", " ja "),
            Russian => (", ", " и "),
            Chinese => ("、", "和"),
        };
        match items {
            [] => String::new(),
            [only] => only.clone(),
            [head @ .., last] => format!("{}{and}{last}", head.join(comma)),
        }
    }

    /// The months as they stand behind a day; Chinese counts them.
    fn months(self) -> &'static str {
        match self {
            English => {
                "January February March April May June July August September October \
                 November December"
            }
            German => {
                "Januar Februar März April Mai Juni Juli August September Oktober \
                 November Dezember"
            }
            Dutch => {
                "januari februari maart april mei juni juli augustus september oktober \
                 november december"
            }
            Finnish => {
                "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta \
                 heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta"
            }
            Russian => {
                "января февраля марта апреля мая июня июля августа сентября октября \
                 ноября декабря"
            }
            Chinese => "",
        }
    }
}

const ENGLISH: &str = "\
Hello{% if requester.name %} {{requester.name}}{% endif %},

Thank you for your message. It has reached us under the number {{ticket.id}}{% if wait %}, and we expect to answer {{wait}}{% endif %}.\
{% if closed_now %} We are closed at the moment.{% endif %}\
{% if closed %} Please note that we are closed {{closed}}.{% endif %}

If you would like to add anything, simply reply to this message.";

const GERMAN: &str = "\
Guten Tag{% if requester.name %} {{requester.name}}{% endif %},

vielen Dank für Ihre Nachricht. Sie ist unter der Nummer {{ticket.id}} bei uns eingegangen{% if wait %}, und wir antworten Ihnen voraussichtlich {{wait}}{% endif %}.\
{% if closed_now %} Zurzeit haben wir geschlossen.{% endif %}\
{% if closed %} Bitte beachten Sie, dass wir {{closed}} geschlossen haben.{% endif %}

Wenn Sie etwas ergänzen möchten, antworten Sie einfach auf diese Nachricht.";

const DUTCH: &str = "\
Goedendag{% if requester.name %} {{requester.name}}{% endif %},

Bedankt voor uw bericht. Wij hebben het ontvangen onder nummer {{ticket.id}}{% if wait %} en verwachten {{wait}} te antwoorden{% endif %}.\
{% if closed_now %} Op dit moment zijn wij gesloten.{% endif %}\
{% if closed %} Houd er rekening mee dat wij {{closed}} gesloten zijn.{% endif %}

Wilt u iets toevoegen, beantwoord dan gewoon dit bericht.";

const FINNISH: &str = "\
Hei{% if requester.name %} {{requester.name}}{% endif %},

Kiitos viestistäsi. Olemme vastaanottaneet sen numerolla {{ticket.id}}{% if wait %} ja vastaamme arviolta {{wait}}{% endif %}.\
{% if closed_now %} Palvelumme on tällä hetkellä suljettu.{% endif %}\
{% if closed %} Huomaathan, että palvelumme on suljettu {{closed}}.{% endif %}

Jos haluat lisätä jotain, vastaa tähän viestiin.";

const RUSSIAN: &str = "\
Здравствуйте{% if requester.name %}, {{requester.name}}{% endif %}!

Спасибо за ваше сообщение. Мы получили его под номером {{ticket.id}}{% if wait %} и рассчитываем ответить {{wait}}{% endif %}.\
{% if closed_now %} Сейчас мы не работаем.{% endif %}\
{% if closed %} Обратите внимание: {{closed}} мы не работаем.{% endif %}

Если вы хотите что-то добавить, просто ответьте на это письмо.";

const CHINESE: &str = "\
{% if requester.name %}{{requester.name}}，您好：{% else %}您好：{% endif %}

感谢您的来信。我们已收到，编号为 {{ticket.id}}{% if wait %}，预计{{wait}}回复您{% endif %}。\
{% if closed_now %}现在不是我们的工作时间。{% endif %}\
{% if closed %}请注意，我们{{closed}}休息。{% endif %}

如需补充，请直接回复此消息。";

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;

    fn date(text: &str) -> Date {
        Date::read(text).unwrap_or(Date { year: 0, month: 1, day: 1 })
    }

    #[test]
    fn waits_are_rounded_up_to_what_people_say() {
        for (seconds, expected) in [
            (0, "within about 5 minutes"),
            (301, "within about 10 minutes"),
            (3_300, "within about 55 minutes"),
            (3_301, "within about 1 hour"),
            (3 * HOUR, "within about 3 hours"),
            (3 * HOUR + 1, "within about 4 hours"),
            (36 * HOUR, "within about 36 hours"),
            (37 * HOUR, "within about 2 days"),
            (96 * HOUR, "within about 4 days"),
        ] {
            assert_eq!(English.wait(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn every_language_speaks_of_waiting() {
        for (tongue, one, many) in [
            (German, "innerhalb von etwa 1 Stunde", "innerhalb von etwa 4 Tagen"),
            (Dutch, "binnen ongeveer 1 uur", "binnen ongeveer 4 dagen"),
            (Finnish, "noin 1 tunnin kuluessa", "noin 4 päivän kuluessa"),
            (Russian, "примерно в течение 1 часа", "примерно в течение 4 дней"),
            (Chinese, "在大约1小时内", "在大约4天内"),
        ] {
            assert_eq!((tongue.wait(HOUR).as_str(), tongue.wait(96 * HOUR).as_str()), (one, many));
        }
        assert_eq!(Russian.wait(21 * HOUR), "примерно в течение 21 часа");
        assert_eq!(Russian.wait(11 * HOUR), "примерно в течение 11 часов");
    }

    #[test]
    fn every_language_speaks_of_closed_days() {
        let christmas = [date("2026-12-26"), date("2026-12-25")];
        let new_year = [date("2026-12-31"), date("2027-01-01")];
        for (tongue, two_days, two_months) in [
            (English, "on 25 and 26 December", "on 31 December and 1 January"),
            (German, "am 25. und 26. Dezember", "am 31. Dezember und 1. Januar"),
            (Dutch, "op 25 en 26 december", "op 31 december en 1 januari"),
            (Finnish, "25. ja 26. joulukuuta", "31. joulukuuta ja 1. tammikuuta"),
            (Russian, "25 и 26 декабря", "31 декабря и 1 января"),
            (Chinese, "12月25日和26日", "12月31日和1月1日"),
        ] {
            assert_eq!(tongue.closed(&christmas), two_days);
            assert_eq!(tongue.closed(&new_year), two_months);
        }
        assert_eq!(English.closed(&[date("2026-05-01")]), "on 1 May");
        assert_eq!(
            English.closed(&[date("2026-12-24"), date("2026-12-25"), date("2026-12-28")]),
            "on 24, 25 and 28 December"
        );
    }

    #[test]
    fn many_closed_days_are_a_span() {
        let dates: Vec<Date> = (21..=31).map(|day| Date { year: 2026, month: 12, day }).collect();
        for (tongue, expected) in [
            (English, "from 21 December to 31 December"),
            (German, "vom 21. Dezember bis 31. Dezember"),
            (Dutch, "van 21 december tot en met 31 december"),
            (Finnish, "21. joulukuuta – 31. joulukuuta"),
            (Russian, "с 21 декабря по 31 декабря"),
            (Chinese, "12月21日至12月31日"),
        ] {
            assert_eq!(tongue.closed(&dates), expected);
        }
    }

    #[test]
    fn dates_that_are_none_are_left_out() {
        for text in ["", "2026-13-01", "2026-00-10", "2026-12-32", "today", "2026-12"] {
            assert_eq!(Date::read(text), None, "{text}");
        }
    }
}
