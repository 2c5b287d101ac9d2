//! Canonical events in their envelopes: CloudEvents 1.0, one or a batch in the body, or one in the `ce-` headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deskbell::prelude::*;
use serde_json::Map;

/// The types that mean something to Deskbell.
const PREFIX: &str = "deskbell.";

/// The attributes of an envelope that have a place of their own in a canonical event.
const ATTRIBUTES: &[&str] = &["specversion", "id", "type", "subject", "time", "data", "data_base64", "datacontenttype"];

/// The events of a webhook, passed through as they are: the engine checks what they say.
///
/// What is no envelope is left out, counted and logged, so that one bad event of a batch does not cost the others; where
/// nothing is left, the whole body is refused.
pub(crate) fn parse(delivery: &Delivery, cx: &Context<'_>) -> Result<Parsed> {
    let envelopes = envelopes(delivery)?;
    let n_envelopes = envelopes.len();
    let (mut events, mut ignored, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    for (index, envelope) in envelopes.into_iter().enumerate() {
        match read(envelope, delivery) {
            Ok(event) if event.kind.starts_with(PREFIX) => events.push(event),
            Ok(event) => ignored.push(event.kind),
            Err(problem) => {
                cx.warn(format!("event {index} of the body: {problem}"));
                rejected.push(json!({ "index": index, "problem": problem }));
            }
        }
    }
    if events.is_empty() && ignored.is_empty() && n_envelopes > 0 {
        let first = rejected.first().and_then(|rejected| rejected.get("problem")).and_then(Value::as_str);
        return Err(Error::fail(format!("the body holds no CloudEvent: {}", first.unwrap_or("it is empty"))));
    }
    let mut parsed = Parsed::events(events);
    if parsed.events.is_empty() {
        let kind = ignored.into_iter().next();
        let reason = kind.map_or("an empty batch".to_owned(), |kind| format!("{kind} is none of Deskbell's types"));
        parsed = Parsed::ignored(reason);
    }
    if !rejected.is_empty() {
        parsed.extra.insert("rejected".to_owned(), Value::from(rejected));
    }
    Ok(parsed)
}

/// Structured mode has the envelope in the body, a batch a list of them, binary mode its attributes in headers.
fn envelopes(delivery: &Delivery) -> Result<Vec<Value>> {
    if delivery.header("ce-specversion").is_some() {
        return Ok(vec![binary(delivery)?]);
    }
    match delivery.json::<Value>()? {
        Value::Array(batch) => Ok(batch),
        envelope => Ok(vec![envelope]),
    }
}

fn binary(delivery: &Delivery) -> Result<Value> {
    let mut envelope = Map::new();
    for (name, value) in &delivery.headers {
        if let Some(attribute) = name.strip_prefix("ce-") {
            envelope.insert(attribute.to_owned(), Value::from(percent_decoded(value)));
        }
    }
    if !delivery.body.is_empty() {
        envelope.insert("data".to_owned(), delivery.json()?);
    }
    Ok(Value::Object(envelope))
}

/// CloudEvents percent-encode what a header cannot carry.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%')
            .then(|| after.get(..2))
            .flatten()
            .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = after.get(if code.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn read(envelope: Value, delivery: &Delivery) -> std::result::Result<CanonicalEvent, String> {
    let Value::Object(mut envelope) = envelope else {
        return Err("it is not a JSON object".to_owned());
    };
    let text = |name: &str| match envelope.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(format!("{name} must be a text that is not empty")),
    };
    let required = |name: &str| text(name)?.ok_or_else(|| format!("{name} is missing"));
    if required("specversion")? != "1.0" {
        return Err("specversion must be 1.0".to_owned());
    }
    let (id, kind, subject) = (required("id")?, required("type")?, text("subject")?);
    let time = match text("time")? {
        Some(time) => Instant::parse_rfc3339(&time).map_err(|error| format!("time: {}", error.message))?,
        None => delivery.received_at,
    };
    if !kind.starts_with(PREFIX) {
        return Ok(CanonicalEvent::new(kind, id, time));
    }
    let data = data(&mut envelope)?;
    let mut event = CanonicalEvent::new(kind, id, time).data(data);
    event.subject = subject;
    event.extra = envelope.into_iter().filter(|(name, _)| !ATTRIBUTES.contains(&name.as_str())).collect();
    Ok(event)
}

/// The data of an envelope: an object, the text of one, or its bytes in base64.
fn data(envelope: &mut Map<String, Value>) -> std::result::Result<Value, String> {
    let object = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok().filter(Value::is_object);
    match (envelope.remove("data"), envelope.get("data_base64")) {
        (Some(data), _) if data.is_object() => Ok(data),
        (Some(Value::String(data)), _) => {
            object(data.as_bytes()).ok_or_else(|| "data is a text, but not that of a JSON object".to_owned())
        }
        (Some(_), _) => Err("data must be a JSON object".to_owned()),
        (None, Some(encoded)) => encoded
            .as_str()
            .and_then(|text| STANDARD.decode(text).ok())
            .and_then(|bytes| object(&bytes))
            .ok_or_else(|| "data_base64 must be a JSON object in base64".to_owned()),
        (None, None) => Err("data is missing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::percent_decoded;

    #[test]
    fn headers_are_decoded() {
        for (header, expected) in
            [("plain", "plain"), ("a%20b", "a b"), ("%E2%82%AC", "€"), ("100%", "100%"), ("%zz", "%zz")]
        {
            assert_eq!(percent_decoded(header), expected);
        }
    }
}
