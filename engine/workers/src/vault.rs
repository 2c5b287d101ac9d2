//! The secrets of sources and destinations, in clear, in memory, for those who send and verify.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretBox, SecretString};

use crate::sender::secrets::Secrets;

/// Secrets by owner (`source:NAME`, `destination:NAME`) and name.
#[derive(Default)]
pub struct Vault {
    held: BTreeMap<(String, String), Vec<SecretBox<[u8]>>>,
}

/// The secrets of one owner.
pub struct OfOwner {
    vault: Arc<Vault>,
    owner: String,
}

impl Vault {
    /// Keeps the secrets of a name: the present one first, then those accepted beside it.
    pub fn keep(&mut self, owner: &str, name: &str, secrets: Vec<SecretBox<[u8]>>) {
        self.held.insert((owner.to_owned(), name.to_owned()), secrets);
    }

    /// The secrets of a name, the present one first.
    pub fn all(&self, owner: &str, name: &str) -> Vec<&[u8]> {
        let held = self.held.get(&(owner.to_owned(), name.to_owned()));
        held.into_iter().flatten().map(ExposeSecret::expose_secret).collect()
    }

    /// What one owner has.
    pub fn of(self: &Arc<Self>, owner: impl Into<String>) -> OfOwner {
        OfOwner { vault: Arc::clone(self), owner: owner.into() }
    }
}

impl Secrets for OfOwner {
    fn secret(&self, name: &str) -> Option<SecretString> {
        let secret = self.vault.all(&self.owner, name).first().copied()?;
        std::str::from_utf8(secret).ok().map(|text| SecretString::from(text.to_owned()))
    }
}
