use chrono::{NaiveDate, NaiveTime};
use deskbell_model::document::Period;

use super::*;

/// With plain spaces in the place of those that do not break, which nobody can tell apart on a screen.
fn plain(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

fn check(language: &str, value: &Value, expected: &str) {
    assert_eq!(plain(&Locale::of(language).value(value)), expected, "{language} {value:?}");
}

#[test]
fn numbers_follow_the_language() {
    let cases = [
        ("en", "1,234,567", "−3.2", "87.4%", "0.25"),
        ("de-AT", "1.234.567", "−3,2", "87,4 %", "0,25"),
        ("nl", "1.234.567", "−3,2", "87,4%", "0,25"),
        ("fi", "1 234 567", "−3,2", "87,4 %", "0,25"),
        ("ru", "1 234 567", "−3,2", "87,4 %", "0,25"),
        ("zh-CN", "1,234,567", "−3.2", "87.4%", "0.25"),
        ("sw", "1,234,567", "−3.2", "87.4%", "0.25"),
    ];
    for (language, integer, negative, percent, small) in cases {
        check(language, &Value::Integer(1_234_567), integer);
        check(language, &Value::Decimal(-3.21), negative);
        check(language, &Value::Percent(0.8741), percent);
        check(language, &Value::Decimal(0.25), small);
        check(language, &Value::None, "–");
    }
    check("en", &Value::Percent(0.9), "90%");
    check("en", &Value::Decimal(-0.001), "0.00");
    check("en", &Value::Decimal(0.999), "1.0");
    check("en", &Value::Integer(i64::MIN), "−9,223,372,036,854,775,808");
    check("de", &Value::Stars(4.25), "4,2 ★");
}

#[test]
fn durations_show_their_two_largest_units() {
    let cases = [
        (0.0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (90.0, "1 min 30 s"),
        (600.0, "10 min"),
        (3_599.0, "1 h"),
        (7_500.0, "2 h 5 min"),
        (172_799.0, "2 d"),
        (273_600.0, "3 d 4 h"),
        (345_599.0, "4 d"),
        (-7_500.0, "−2 h 5 min"),
        (-0.2, "0 s"),
        (9e9, "104,166 d 16 h"),
    ];
    for (seconds, expected) in cases {
        check("en", &Value::Duration(seconds), expected);
    }
    for (language, expected) in
        [("de", "2 Std. 5 Min."), ("nl", "2 u 5 min"), ("fi", "2 t 5 min"), ("ru", "2 ч 5 мин"), ("zh", "2小时5分钟")]
    {
        check(language, &Value::Duration(7_500.0), expected);
    }
}

#[test]
fn amounts_follow_the_language() {
    let cases = [
        ("en", "−€1,234.50", "$1,234.50", "¥1,235", "CN¥1,234.50", "CHF 1,234.50"),
        ("de", "−1.234,50 €", "1.234,50 $", "1.235 ¥", "1.234,50 CN¥", "1.234,50 CHF"),
        ("nl", "€ −1.234,50", "US$ 1.234,50", "JP¥ 1.235", "CN¥ 1.234,50", "CHF 1.234,50"),
        ("fi", "−1 234,50 €", "1 234,50 $", "1 235 ¥", "1 234,50 CN¥", "1 234,50 CHF"),
        ("ru", "−1 234,50 €", "1 234,50 $", "1 235 ¥", "1 234,50 CN¥", "1 234,50 CHF"),
        ("zh", "−€1,234.50", "US$1,234.50", "JP¥1,235", "¥1,234.50", "CHF 1,234.50"),
    ];
    for (language, euro, dollar, yen, yuan, franc) in cases {
        check(language, &Value::currency(-1234.5, "EUR"), euro);
        check(language, &Value::currency(1234.5, "USD"), dollar);
        check(language, &Value::currency(1234.6, "JPY"), yen);
        check(language, &Value::currency(1234.5, "CNY"), yuan);
        check(language, &Value::currency(1234.5, "CHF"), franc);
    }
}

#[test]
fn dates_and_periods_follow_the_language() {
    let cases = [
        ("en", "Mar 2, 2026", "Mar 2", "2:05 PM", "March 2026", "Mar 2, 2026 – Mar 8, 2026"),
        ("de", "2. März 2026", "2.3.", "14:05", "März 2026", "2. März 2026 – 8. März 2026"),
        ("nl", "2 mrt 2026", "2 mrt", "14:05", "maart 2026", "2 mrt 2026 – 8 mrt 2026"),
        ("fi", "2.3.2026", "2.3.", "14.05", "maaliskuu 2026", "2.3.2026 – 8.3.2026"),
        ("ru", "2 мар. 2026 г.", "02.03", "14:05", "март 2026 г.", "2 мар. 2026 г. – 8 мар. 2026 г."),
        ("zh", "2026年3月2日", "3/2", "14:05", "2026年3月", "2026年3月2日 – 2026年3月8日"),
    ];
    let period = |from: &str, to: &str| Period {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        tz: "Europe/Berlin".to_owned(),
    };
    for (language, date, day, time, month, week) in cases {
        let locale = Locale::of(language);
        check(language, &Value::date("2026-03-02"), date);
        assert_eq!(plain(&locale.day(NaiveDate::from_ymd_opt(2026, 3, 2).unwrap())), day);
        assert_eq!(plain(&locale.time(NaiveTime::from_hms_opt(14, 5, 59).unwrap())), time);
        // Clocks change on the 29th: the month's ends are midnights all the same.
        assert_eq!(plain(&locale.period(&period("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"))), month);
        assert_eq!(plain(&locale.period(&period("2026-03-01T23:00:00Z", "2026-03-08T23:00:00Z"))), week);
        assert_eq!(plain(&locale.period(&period("2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z"))), date);
    }
    let empty = Locale::of("de").period(&period("2026-03-01T23:00:00Z", "2026-03-01T23:00:00Z"));
    assert_eq!(plain(&empty), "2. März 2026, 00:00 – 2. März 2026, 00:00 (Europe/Berlin)");
}
