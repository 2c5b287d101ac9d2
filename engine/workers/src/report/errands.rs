//! Who gets a report, and how: by mail to its recipients, in short to its destinations.

use std::collections::BTreeMap;
use std::sync::Arc;

use deskbell_model::document::Document;
use deskbell_model::timestamp::Timestamp;
use deskbell_render::report as render;
use deskbell_store::Store;
use deskbell_store::report::Errand;
use serde_json::{Map, json};
use uuid::Uuid;

use super::{Made, Report};
use crate::deliverer::Destination;

/// A report by mail to its recipients.
pub const MAIL: &str = "report.mail";
/// A report in short to a destination.
pub const NOTIFY: &str = "report.notify";
/// A report that could not be made: it is made again when a person has that dead letter replayed.
pub const MAKE: &str = "report.make";
/// The namespace of the keys.
const KEYS: Uuid = Uuid::from_u128(0x6f0c_57a1_3bd1_4d8e_9a54_2c1f_7706_be31);
/// Characters of a report that a chat gets.
const SHORT: usize = 3000;

/// What has to be done to bring a report to all who get it. `occasion` is the same for the same report: when it was due, or
/// when somebody asked for it.
pub async fn of(
    store: &Store,
    destinations: &BTreeMap<String, Arc<Destination>>,
    report: &Report,
    made: &Made,
    occasion: &str,
) -> Result<Vec<Errand>, deskbell_store::Error> {
    let key = |to: &str| key(store, report, occasion, to);
    let mut errands = Vec::new();
    if !report.recipients.is_empty() {
        let data = Map::from_iter([("to".to_owned(), json!(report.recipients))]);
        let destination_id = store.destination(&format!("report:{}", report.name)).await?;
        errands.push(Errand { destination_id, key: key("mail"), kind: MAIL, data });
    }
    for name in &report.to {
        let Some(destination) = destinations.get(name) else { continue };
        let data = Map::from_iter([
            ("subject".to_owned(), json!(made.document.title)),
            ("text".to_owned(), json!(short(&made.document))),
        ]);
        errands.push(Errand { destination_id: destination.destination_id, key: key(name), kind: NOTIFY, data });
    }
    Ok(errands)
}

fn key(store: &Store, report: &Report, occasion: &str, to: &str) -> Uuid {
    Uuid::new_v5(&KEYS, format!("{}/{}/{occasion}/{to}", store.tenant(), report.name).as_bytes())
}

/// What is left of a scheduled report that could not be made.
pub struct Failed {
    /// Makes it again.
    pub again: Errand,
    /// Tells the destinations that want to know.
    pub notices: Vec<Errand>,
}

/// What has to be done about a report that was due and could not be made.
pub async fn of_failed(
    store: &Store,
    destinations: &BTreeMap<String, Arc<Destination>>,
    report: &Report,
    due_at: Timestamp,
    error: &str,
) -> Result<Failed, deskbell_store::Error> {
    let occasion = due_at.to_string();
    let again = Errand {
        destination_id: store.destination(&format!("report:{}", report.name)).await?,
        key: key(store, report, &occasion, "make"),
        kind: MAKE,
        data: Map::from_iter([("due".to_owned(), json!(due_at))]),
    };
    let text = format!(
        "The report '{}' that was due at {due_at} could not be made: {error}\n\nWhen the cause is gone, \
         `deskbell dead-letters list` shows it and `deskbell dead-letters replay ID` has it made and sent.",
        report.name
    );
    let known = report.failures_to.iter().filter_map(|name| destinations.get(name));
    let notices = known.map(|destination| Errand {
        destination_id: destination.destination_id,
        key: key(store, report, &occasion, &format!("failed/{}", destination.name)),
        kind: NOTIFY,
        data: Map::from_iter([
            ("subject".to_owned(), json!(format!("The report '{}' could not be made", report.name))),
            ("text".to_owned(), json!(text)),
        ]),
    });
    Ok(Failed { again, notices: notices.collect() })
}

/// The beginning of the report as text.
fn short(document: &Document) -> String {
    let text = render::text(document).unwrap_or_else(|_| document.title.clone());
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => {
            let kept = text.get(..end).unwrap_or(&text);
            format!("{} …", kept.rsplit_once('\n').map_or(kept, |(whole, _)| whole))
        }
        None => text,
    }
}
