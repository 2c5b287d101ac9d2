//! The plugin as a whole, on a host in memory.
#![expect(clippy::needless_pass_by_value, reason = "short cases")]

use deskbell::prelude::*;
use deskbell::testing::{TestCalendar, TestHost, event};
use deskbell_wording::{fallback, template};

use crate::handle;
use crate::phrases::Tongue;
use crate::wait::{Date, Outlook};

const HOUR: f64 = 3_600.0;

fn summary(count: u64, mean_hours: f64) -> Summary {
    Summary { count, mean_seconds: mean_hours * HOUR, p50_seconds: HOUR, p90_seconds: 10.0 * HOUR }
}

fn created(ticket: Value) -> Event {
    event(json!({ "actor": { "id": "customer-1", "role": "customer" }, "ticket": ticket }))
}

fn host() -> TestHost {
    TestHost::new().first_response(None, summary(200, 3.0))
}

fn reply(host: &mut TestHost, event: &Event) -> String {
    let effects = host.call(handle, event).unwrap();
    assert_eq!(effects.len(), 1, "{:?}", host.logs());
    assert_eq!(effects[0].kind, Effect::REPLY);
    assert!(effects[0].reason.is_some());
    effects[0].data["body"].as_str().unwrap().to_owned()
}

/// That nothing is sent, and why.
#[track_caller]
fn check_silence(host: &mut TestHost, event: &Event, why: &str) {
    assert_eq!(host.call(handle, event).unwrap(), []);
    let said = host.logs().last().unwrap().to_string();
    assert!(said.contains(why), "{said}");
}

#[test]
fn a_customer_is_told_how_long_it_will_take() {
    let ticket = json!({ "id": "4711", "subject": "Help", "requester": { "name": "Ann Lee", "language": "en" } });
    let text = reply(&mut host(), &created(ticket));
    assert_eq!(
        text,
        "Hello Ann Lee,\n\nThank you for your message. It has reached us under the number 4711, and we expect to answer \
         within about 3 hours.\n\nIf you would like to add anything, simply reply to this message."
    );
}

#[test]
fn weekends_and_holidays_show() {
    // Thursday 24 December, 15:00: two hours are left, and the rest of three comes on Monday.
    let mut host = host()
        .settings(json!({ "calendar": "office" }))
        .calendar("office", TestCalendar::weekdays(9, 17).closed_on("2026-12-25"));
    let mut ticket = created(json!({ "requester": { "language": "de", "name": "Frau Möller" } }));
    ticket.time = Instant::parse_rfc3339("2026-12-24T15:00:00Z").unwrap();
    ticket.received_at = ticket.time;
    let text = reply(&mut host, &ticket);
    assert!(text.contains("und wir antworten Ihnen voraussichtlich innerhalb von etwa 4 Tagen."), "{text}");
    assert!(text.contains("Bitte beachten Sie, dass wir am 25. Dezember geschlossen haben."), "{text}");
    assert!(!text.contains("Zurzeit"), "{text}");

    let mut evening = created(json!({ "id": "2", "requester": { "id": "c2", "language": "en" } }));
    evening.time = Instant::parse_rfc3339("2026-12-22T20:00:00Z").unwrap();
    evening.received_at = evening.time;
    let effects = host.call(handle, &evening).unwrap();
    let text = effects[0].data["body"].as_str().unwrap();
    assert!(text.contains("within about 16 hours. We are closed at the moment."), "{text}");
    assert!(
        effects[0].reason.as_deref().unwrap().ends_with(
            "average first response of the last 28 days 10800s over 200 tickets, counted in calendar 'office' from now: \
             2026-12-23T12:00:00Z"
        ),
        "{effects:?}"
    );
}

#[test]
fn the_figures_of_the_group_go_before_those_of_all() {
    let mut with_group =
        host().first_response(Some("billing"), summary(50, 1.0)).first_response(Some("new"), summary(2, 90.0));
    for (id, group, expected) in [("1", "billing", "1 hour"), ("2", "new", "3 hours"), ("3", "other", "3 hours")] {
        let text = reply(&mut with_group, &created(json!({ "id": id, "group": group, "requester": { "id": id } })));
        assert!(text.contains(&format!("within about {expected}")), "{group}: {text}");
    }
}

#[test]
fn without_enough_past_nothing_is_promised() {
    for mut host in [
        TestHost::new(),
        TestHost::new().first_response(None, summary(4, 1.0)),
        TestHost::new().first_response(None, Summary { count: 9, mean_seconds: f64::NAN, ..Summary::default() }),
    ] {
        let text = reply(&mut host, &created(json!({})));
        assert!(text.contains("under the number 1.") && !text.contains("within"), "{text}");
    }
    let mut never = host().settings(json!({ "calendar": "never" })).calendar("never", false);
    let text = reply(&mut never, &created(json!({})));
    assert!(!text.contains("within"), "{text}");
}

#[test]
fn the_measure_can_be_chosen() {
    for (measure, expected) in [("mean", "3 hours"), ("p50", "1 hour"), ("p90", "10 hours")] {
        let text = reply(&mut host().settings(json!({ "measure": measure })), &created(json!({})));
        assert!(text.contains(&format!("within about {expected}.")), "{text}");
    }
}

#[test]
fn the_language_is_the_requesters_or_else_the_tickets_or_else_detected() {
    let russian = "Здравствуйте, я не могу войти в систему уже второй день, помогите, пожалуйста.";
    for (ticket, expected) in [
        (json!({ "requester": { "language": "fi-FI" }, "language": "de" }), "Hei"),
        (json!({ "language": "zh_CN", "requester": { "name": "王伟" } }), "王伟，您好："),
        (json!({ "language": "nl" }), "Goedendag"),
        (json!({ "description": russian, "requester": { "name": "Иван" } }), "Здравствуйте, Иван!"),
        (json!({ "requester": { "language": "tlh" } }), "Hello,"),
        (json!({ "requester": { "language": "" }, "language": "" }), "Hello,"),
    ] {
        let text = reply(&mut host(), &created(ticket));
        assert!(text.starts_with(expected), "{text}");
    }
    let mut off = host().settings(json!({ "detect_language": false, "default_language": "de" }));
    assert!(reply(&mut off, &created(json!({ "description": russian }))).starts_with("Guten Tag,"));
}

#[test]
fn every_shipped_text_can_be_filled_in_every_way() {
    let outlooks = [
        Outlook::default(),
        Outlook { seconds: Some(7_200), ..Outlook::default() },
        Outlook {
            seconds: Some(500_000),
            is_closed_now: true,
            closed: vec![Date::read("2026-12-25").unwrap()],
            ..Outlook::default()
        },
    ];
    for tongue in Tongue::ALL {
        for outlook in &outlooks {
            for name in [None, Some("Ann")] {
                let ticket = deskbell::testing::ticket(json!({ "id": "77", "requester": { "name": name } }));
                let mut values = template::ticket_values(&ticket);
                values.extend(outlook.values(tongue));
                let text = fallback::fill_or(None, tongue.template(), &Value::Object(values), |_| {}).unwrap();
                assert!(text.contains("77") && !text.contains('{') && !text.contains("  "), "{text}");
                assert_eq!(text.contains("Ann"), name.is_some(), "{text}");
                assert_eq!(text.matches("\n\n").count(), 2, "{text}");
            }
        }
    }
}

#[test]
fn own_texts_go_before_the_shipped_ones() {
    let settings = json!({
        "templates": {
            "fr": "Bonjour {{requester.first_name|à vous}}, réponse sous {{wait_hours}} h ({{ticket.id}}).",
            "en": "Hi {{custom.nickname}}!",
        },
    });
    let text = reply(&mut host().settings(settings.clone()), &created(json!({ "requester": { "language": "fr-CA" } })));
    assert_eq!(text, "Bonjour à vous, réponse sous 3 h (1).");
    let mut other = host().settings(settings);
    let text = reply(&mut other, &created(json!({})));
    assert!(text.starts_with("Hello,"), "a text with a gap is not sent: {text}");
    assert!(other.logs()[0].to_string().contains("`templates.en`: no value for custom.nickname"));
}

#[test]
fn nobody_but_customers_is_answered() {
    for role in ["agent", "bot", "system"] {
        let mut event = created(json!({}));
        event.actor.as_mut().unwrap().role = role.to_owned();
        check_silence(&mut host(), &event, &format!("its author is a {role}"));
    }
    let mut commented = created(json!({}));
    commented.kind = "ticket.updated".into();
    check_silence(&mut host(), &commented, "it is not new");
    let mut by_nobody = created(json!({ "channel": "phone" }));
    by_nobody.actor = None;
    check_silence(&mut host(), &by_nobody, "phone");
    by_nobody.ticket.as_mut().unwrap().channel = "email".into();
    reply(&mut host(), &by_nobody);
}

#[test]
fn machines_are_not_answered() {
    for (ticket, why) in [
        (json!({ "subject": "Automatische Antwort: Re: Ihre Anfrage" }), "automatic message"),
        (json!({ "subject": "自动回复: 您好" }), "automatic message"),
        (json!({ "requester": { "email": "no-reply@example.com" } }), "nobody reads"),
        (json!({ "tags": ["spam"] }), "the tag spam"),
    ] {
        check_silence(&mut host(), &created(ticket), why);
    }
    let settings = json!({ "except_emails": ["*@own.example", "bot@other.example"], "channels": ["email"] });
    for (ticket, why) in [
        (json!({ "requester": { "email": "Desk@OWN.example" } }), "`except_emails`"),
        (json!({ "requester": { "email": "bot@other.example" } }), "`except_emails`"),
        (json!({ "channel": "web" }), "its channel is web"),
    ] {
        check_silence(&mut host().settings(settings.clone()), &created(ticket), why);
    }
}

#[test]
fn two_machines_that_write_to_each_other_come_to_an_end() {
    let mut host = host();
    let mut n_sent = 0;
    for number in 0..50 {
        let ticket = json!({ "id": number.to_string(), "requester": { "id": format!("new-{number}"), "email": "Loop@example.com" } });
        n_sent += host.call(handle, &created(ticket)).unwrap().len();
    }
    assert_eq!(n_sent, 3, "as many as a day allows, however many ids the helpdesk makes of the address");
    let mut next_day = created(json!({ "id": "99", "requester": { "id": "x", "email": "loop@example.com" } }));
    next_day.time = next_day.time + seconds(86_401);
    next_day.received_at = next_day.time;
    reply(&mut host, &next_day);
}

#[test]
fn a_ticket_is_acknowledged_once() {
    let mut host = host();
    reply(&mut host, &created(json!({})));
    check_silence(&mut host, &created(json!({})), "acknowledged before");
}

#[test]
fn what_comes_too_late_is_not_acknowledged() {
    let mut late = created(json!({}));
    late.late = true;
    late.received_at = late.time + seconds(12 * 3_600 + 1);
    check_silence(&mut host(), &late, "more than 12h after");
    let answered = created(json!({ "agent_replies": 1 }));
    check_silence(&mut host(), &answered, "it has been answered");
    check_silence(&mut host(), &created(json!({ "status": "closed" })), "it has been answered");
}

#[test]
fn names_that_are_bait_are_not_mailed_to_strangers() {
    let text = reply(&mut host(), &created(json!({ "requester": { "name": "Win at https://evil.example" } })));
    assert!(text.starts_with("Hello,\n"), "{text}");
}

#[test]
fn odd_tickets_do_no_harm() {
    let huge = "жук 词 word ".repeat(100_000);
    for ticket in [
        json!({ "subject": "", "description": null }),
        json!({ "subject": huge, "description": huge, "requester": { "name": huge } }),
        json!({ "subject": "{{ticket.id}} {% for x in y %}", "requester": { "id": "", "name": "{{x}}", "email": "" } }),
    ] {
        let text = reply(&mut host(), &created(ticket));
        assert!(text.len() < 1_000 && !text.contains("{{"), "{text}");
    }
    let mut orphan = created(json!({}));
    orphan.ticket = None;
    assert_eq!(host().call(handle, &orphan).unwrap(), []);
}

#[test]
fn bad_settings_name_the_member() {
    for (settings, expected) in [
        (json!({ "template": {} }), "unknown field `template`"),
        (json!({ "default_language": "xx" }), "`default_language`: there is no text in 'xx'"),
        (json!({ "calendar": "nowhere" }), "setting `calendar` = 'nowhere'"),
        (json!({ "max_age": "soon" }), "setting `max_age`"),
        (json!({ "measure": "best" }), "unknown variant `best`"),
        (json!({ "days": 0 }), "`days`"),
    ] {
        let error = host().settings(settings).call(handle, &created(json!({}))).unwrap_err();
        assert!(error.message.contains(expected), "{error}");
    }
}

#[test]
fn fixtures_hold() {
    for name in ["dutch-customer", "out-of-office", "own-text"] {
        TestHost::check_fixture(handle, format!("fixtures/{name}.json"));
    }
}
