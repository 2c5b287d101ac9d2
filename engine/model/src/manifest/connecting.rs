//! Reading what only connectors say.

use serde_json::Value as Json;

use super::reading::{Invalid, MAX_NAME_CHARS, Section};
use super::{Connector, DeliveryId};

const CONNECTOR_MEMBERS: &[&str] = &["hosts", "delivery_id", "signature"];
const SIGNATURE_MEMBERS: &[&str] = &[
    "scheme",
    "algorithm",
    "header",
    "prefix",
    "encoding",
    "signed",
    "timestamp_header",
    "timestamp_format",
    "id_header",
    "tolerance",
    "key",
    "key_template",
];

impl Section<'_> {
    /// The table `[connector]`.
    pub(super) fn connector(&self) -> Result<Connector, Invalid> {
        self.knows(CONNECTOR_MEMBERS)?;
        let hosts = self.texts("hosts")?;
        if let Some(host) = hosts.iter().find(|host| !is_host_pattern(host)) {
            let host: String = host.chars().take(MAX_NAME_CHARS).collect();
            let problem = format!("has '{host}'; say a host such as api.example.com, *.example.com or $base_url");
            return Err(self.wrong("hosts", problem));
        }
        let signature = match self.section("signature")? {
            None => None,
            Some(section) => Some(Section { path: "connector.signature", ..section }.signature()?),
        };
        let places = self.texts("delivery_id")?.into_iter().map(|place| self.delivery_id(place));
        Ok(Connector {
            hosts: hosts.into_iter().map(str::to_owned).collect(),
            delivery_id: places.collect::<Result<_, _>>()?,
            signature,
        })
    }

    fn delivery_id(&self, place: &str) -> Result<DeliveryId, Invalid> {
        match place.split_once(':') {
            Some(("header", name)) if !name.trim().is_empty() => {
                Ok(DeliveryId::Header(name.trim().to_ascii_lowercase()))
            }
            Some(("json", pointer)) if pointer.starts_with('/') => Ok(DeliveryId::Json(pointer.to_owned())),
            _ => Err(self.wrong("delivery_id", "must name places such as \"header:x-request-id\" or \"json:/id\"")),
        }
    }

    /// The members are read by whoever verifies; here only their names are checked.
    fn signature(&self) -> Result<Json, Invalid> {
        self.knows(SIGNATURE_MEMBERS)?;
        self.required("scheme", "say hmac, token, basic, bearer, standard-webhooks or none")?;
        serde_json::to_value(self.table).map_err(|error| self.wrong("scheme", error.to_string()))
    }
}

fn is_host_pattern(host: &str) -> bool {
    let name = host.strip_prefix("*.").or_else(|| host.strip_prefix('$')).unwrap_or(host);
    let is_right = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty() && name.chars().all(is_right)
}
