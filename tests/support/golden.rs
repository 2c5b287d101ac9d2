//! The golden history and the figures that it has; `fixtures/kpi-golden/README.md` says what they are.

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use serde_json::Value;

use super::engine::TestEngine;

/// The options that there are figures for.
pub(crate) const ALL: std::ops::RangeInclusive<u32> = 1..=8;

/// A file of the fixture.
pub(crate) fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "fixtures/kpi-golden", name].iter().collect()
}

/// The lines of the history, in the order of arrival.
pub(crate) fn lines() -> Vec<String> {
    let packed = fs::read(file("events.ndjson.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*packed).read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The calendars that the options name, as lines of a configuration.
pub(crate) fn calendars() -> String {
    fs::read_to_string(file("calendars.toml")).unwrap()
}

fn json(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(file(name)).unwrap()).unwrap()
}

/// The options of that number, as words of a command line.
pub(crate) fn arguments(number: u32) -> Vec<String> {
    let options = json(&format!("options-{number}.json"));
    options["arguments"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// The same as a query of the API.
pub(crate) fn query(number: u32) -> String {
    let arguments = arguments(number);
    let pairs = arguments.chunks(2).map(|pair| format!("{}={}", &pair[0][2..], pair[1].replace('+', "%2B")));
    pairs.collect::<Vec<_>>().join("&")
}

/// Has the figures of these options computed, and compares them with what they are.
pub(crate) async fn check(engine: &TestEngine, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        let mut words = vec!["kpi".to_owned()];
        words.extend(arguments(number));
        words.extend(["--format".to_owned(), "json".to_owned()]);
        let ended = engine.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert!(ended.status.success(), "{number}: {ended:?}");
        compare(number, &ended.stdout);
    }
}

/// Compares a report with the figures of these options.
pub(crate) fn compare(number: u32, report: &str) {
    let mut expected = json(&format!("truth-{number}.json"));
    let not_checked = expected.as_object_mut().unwrap().remove("not_checked").unwrap_or_default();
    let skipped: Vec<&str> = not_checked.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let actual: Value = serde_json::from_str(report).unwrap_or_else(|error| panic!("{number}: {error}: {report}"));
    let mut comparison = Comparison { skipped, n_equal: 0, different: Vec::new() };
    comparison.compare("", &actual, &expected);
    let Comparison { n_equal, different, .. } = comparison;
    assert!(
        different.is_empty(),
        "{number}: {} differ\n{}",
        different.len(),
        different[..different.len().min(30)].join("\n")
    );
    assert!(n_equal > 1000, "{number}: only {n_equal} figures were compared");
}

/// Numbers may differ by what two computations with doubles may differ by.
struct Comparison<'a> {
    skipped: Vec<&'a str>,
    n_equal: usize,
    different: Vec<String>,
}

impl Comparison<'_> {
    fn compare(&mut self, path: &str, actual: &Value, expected: &Value) {
        match (actual, expected) {
            (Value::Object(actual), Value::Object(expected)) => {
                let names: std::collections::BTreeSet<&String> = actual.keys().chain(expected.keys()).collect();
                for name in names {
                    if !self.skipped.contains(&name.as_str()) {
                        let missing = &Value::String("(missing)".to_owned());
                        let member = |of: &serde_json::Map<String, Value>| of.get(name).unwrap_or(missing).clone();
                        self.compare(&format!("{path}.{name}"), &member(actual), &member(expected));
                    }
                }
            }
            (Value::Array(actual), Value::Array(expected)) if actual.len() == expected.len() => {
                for (place, (actual, expected)) in actual.iter().zip(expected).enumerate() {
                    self.compare(&format!("{path}[{place}]"), actual, expected);
                }
            }
            _ if is_same(actual, expected) => self.n_equal += 1,
            _ => self.different.push(format!("{path}: {actual}, expected {expected}")),
        }
    }
}

fn is_same(actual: &Value, expected: &Value) -> bool {
    match (actual.as_f64(), expected.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() <= f64::max(1e-9, 1e-6 * one.abs().max(other.abs())),
        _ => actual == expected,
    }
}

/// Who leads the group that a line is in.
fn find(leaders: &mut [usize], mut of: usize) -> usize {
    while leaders[of] != of {
        leaders[of] = leaders[leaders[of]];
        of = leaders[of];
    }
    of
}

/// The lines in another order of arrival, as late and reordered webhooks have, with the same figures: arrival decides
/// between events of one ticket at one instant and between lines with one id, so those keep their order among themselves.
pub(crate) fn shuffled(lines: &[String], mut seed: u64) -> Vec<String> {
    let mut leaders: Vec<usize> = (0..lines.len()).collect();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (place, line) in lines.iter().enumerate() {
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        let instant = event["time"].as_str().and_then(|time| chrono::DateTime::parse_from_rfc3339(time).ok());
        let instant = instant.map_or(event["time"].to_string(), |time| time.timestamp_micros().to_string());
        for key in [
            format!("id {} {}", event["source"], event["id"]),
            format!("at {} {} {instant}", event["source"], event["subject"]),
        ] {
            if let Some(&first) = seen.get(&key) {
                let (one, other) = (find(&mut leaders, place), find(&mut leaders, first));
                leaders[one] = other;
            } else {
                seen.insert(key, place);
            }
        }
    }
    let mut places: Vec<usize> = (0..lines.len()).collect();
    for last in (1..places.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        places.swap(last, (seed >> 33) as usize % (last + 1));
    }
    let mut groups: HashMap<usize, Vec<usize>> = HashMap::new();
    for place in 0..lines.len() {
        let leader = find(&mut leaders, place);
        groups.entry(leader).or_default().push(place);
    }
    let mut shuffled = vec![String::new(); lines.len()];
    for members in groups.values() {
        let mut theirs: Vec<usize> = members.iter().map(|member| places[*member]).collect();
        theirs.sort_unstable();
        for (member, place) in members.iter().zip(theirs) {
            shuffled[place].clone_from(&lines[*member]);
        }
    }
    shuffled
}
