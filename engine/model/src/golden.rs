//! Golden histories, read as an import leaves them behind; the README beside each says what it is.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::event::{Event, LaneKind};
use crate::facts::Facts;
use crate::history::History;

/// The folder of that name among the fixtures.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(name)
}

/// The text of a file, packed or not.
pub(crate) fn text(path: &Path) -> String {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
        text
    } else {
        String::from_utf8(bytes).unwrap()
    }
}

/// A folder's events in the order of arrival: invalid lines are left out, and so is what has an id that was there.
pub(crate) fn events(folder: &Path) -> Vec<Event> {
    let paths = ["events.ndjson", "events.ndjson.gz"].map(|name| folder.join(name));
    let text = text(paths.iter().find(|path| path.exists()).unwrap());
    let mut seen = HashSet::new();
    let read = text.lines().filter_map(|line| Event::from_json(line.as_bytes()).ok());
    read.filter(|event| seen.insert((event.source.clone(), event.id.clone()))).collect()
}

/// The facts of each ticket, by source and id.
pub(crate) fn facts(events: &[Event]) -> BTreeMap<(String, String), Facts> {
    let mut lanes: BTreeMap<(String, String), Vec<&Event>> = BTreeMap::new();
    for event in events {
        if let (LaneKind::Ticket, ticket) = event.lane() {
            lanes.entry((event.source.clone(), ticket.to_owned())).or_default().push(event);
        }
    }
    lanes.into_iter().filter_map(|(key, events)| Some((key, History::fold(&events).0.facts?))).collect()
}
