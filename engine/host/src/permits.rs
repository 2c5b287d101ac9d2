//! Whether a plugin may do something.

use std::collections::BTreeSet;

use deskbell_model::manifest::{Denied, Grants, Manifest};

use crate::failure::Identity;
use crate::reads::Refusal;

/// What a plugin may do: its manifest's wishes and the operator's grants, taken together.
pub(crate) struct Permits {
    identity: Identity,
    manifest: Manifest,
    grants: Grants,
    /// The words of both, so that the usual case needs no more than a look.
    allowed: BTreeSet<String>,
}

impl Permits {
    pub(crate) fn new(manifest: &Manifest, grants: &Grants) -> Self {
        let allowed = manifest.asks().filter(|word| manifest.may(word, grants).is_ok());
        Self {
            identity: Identity { name: manifest.name.as_str().into(), version: manifest.version.as_str().into() },
            allowed: allowed.map(str::to_owned).collect(),
            manifest: manifest.clone(),
            grants: grants.clone(),
        }
    }

    /// Name and version of the plugin.
    pub(crate) const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What the operator grants.
    pub(crate) const fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Whether the plugin may use a capability.
    pub(crate) fn check(&self, capability: &str) -> Result<(), Refusal> {
        self.check_effect(capability).map_err(|denied| Refusal::denied(denied.to_string()))
    }

    /// Whether the plugin may have effects of a kind.
    pub(crate) fn check_effect(&self, kind: &str) -> Result<(), Denied> {
        if self.allowed.contains(kind) { Ok(()) } else { self.manifest.may(kind, &self.grants) }
    }
}
