//! What the operator configures for a source of this connector.

use serde::Deserialize;

/// The source's `settings`; the README explains each.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where actions are posted; without it nothing can be done at this source.
    pub callback_url: Option<String>,
    /// The name of the source's secret that signs them.
    pub callback_secret: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { callback_url: None, callback_secret: "callback".to_owned() }
    }
}
