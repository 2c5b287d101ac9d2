//! Secrets of sources and destinations, sealed with a key that is passed in and never stored.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{Key, KeyInit, XChaCha20Poly1305, XNonce};
use deskbell_model::timestamp::Timestamp;
use secrecy::{ExposeSecret, SecretBox};
use sqlx::Row;

use crate::{Result, Store, at, failed};

/// The first byte of a sealed secret: which key and cipher it was sealed with.
const FORM: u8 = 1;
const NONCE_BYTES: usize = 24;

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error(
        "the secret '{name}' of {owner} does not open with this secret key; start the engine with the key it was sealed with (DESKBELL_SECRET_KEY or the key file), or set it anew with 'deskbell secret set'"
    )]
    WrongKey { owner: String, name: String },
    #[error("a secret key has 32 bytes, written as 64 hexadecimal digits")]
    MalformedKey,
    #[error("the system gives no random numbers")]
    NoRandomness,
}

/// The engine's secret key.
pub struct SecretKey(SecretBox<[u8; 32]>);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey")
    }
}

impl SecretKey {
    /// Reads 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> std::result::Result<Self, SealError> {
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key).map_err(|_| SealError::MalformedKey)?;
        Ok(Self(SecretBox::new(Box::new(key))))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.0.expose_secret()))
    }

    /// Seals a secret, bound to whom it belongs to, so that it opens nowhere else.
    pub fn seal(&self, tenant: i32, owner: &str, name: &str, secret: &[u8]) -> std::result::Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| SealError::NoRandomness)?;
        let bound = bound_to(tenant, owner, name);
        let payload = Payload { msg: secret, aad: bound.as_bytes() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::NoRandomness)?;
        Ok([&[FORM], &nonce[..], &sealed].concat())
    }

    /// Opens a sealed secret.
    pub fn open(&self, tenant: i32, owner: &str, name: &str, sealed: &[u8]) -> std::result::Result<Vec<u8>, SealError> {
        let wrong = || SealError::WrongKey { owner: owner.to_owned(), name: name.to_owned() };
        let (&form, rest) = sealed.split_first().ok_or_else(wrong)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES).ok_or_else(wrong)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| wrong())?;
        if form != FORM {
            return Err(wrong());
        }
        let bound = bound_to(tenant, owner, name);
        let payload = Payload { msg: sealed, aad: bound.as_bytes() };
        self.cipher().decrypt(&XNonce::from(nonce), payload).map_err(|_| wrong())
    }
}

fn bound_to(tenant: i32, owner: &str, name: &str) -> String {
    format!("{tenant}\u{1f}{owner}\u{1f}{name}")
}

const SET: &str = "
INSERT INTO secret (tenant_id, owner, name, sealed, changed_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, owner, name) DO UPDATE
    SET previous = CASE WHEN $6 THEN secret.sealed END, sealed = excluded.sealed, changed_at = excluded.changed_at";

const GET: &str = "SELECT owner, name, sealed, previous FROM secret WHERE tenant_id = $1";

const DELETE: &str = "DELETE FROM secret WHERE tenant_id = $1 AND owner = $2 AND name = $3";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[("secret.set", SET), ("secret.get", GET), ("secret.delete", DELETE)];

/// A secret in clear, for the one who needs it. It has no `Debug` that shows it.
pub struct Opened {
    pub owner: String,
    pub name: String,
    /// The present one first, then the one before it, where both hold.
    pub secrets: Vec<SecretBox<[u8]>>,
}

impl Store {
    /// Keeps a secret, sealed. With `keep_previous` the one it replaces goes on being accepted beside it.
    pub async fn set_secret(
        &self,
        key: &SecretKey,
        owner: &str,
        name: &str,
        secret: &[u8],
        keep_previous: bool,
        now: Timestamp,
    ) -> Result<()> {
        let sealed = key.seal(self.tenant, owner, name, secret)?;
        sqlx::query(SET)
            .bind(self.tenant)
            .bind(owner)
            .bind(name)
            .bind(sealed)
            .bind(at(now))
            .bind(keep_previous)
            .execute(&self.reads)
            .await
            .map_err(failed("secret.set"))?;
        Ok(())
    }

    /// All secrets, opened.
    pub async fn open_secrets(&self, key: &SecretKey) -> Result<Vec<Opened>> {
        let rows = sqlx::query(GET).bind(self.tenant).fetch_all(&self.reads).await.map_err(failed("secret.get"))?;
        let mut opened = Vec::with_capacity(rows.len());
        for row in &rows {
            let (owner, name): (String, String) = (row.get(0), row.get(1));
            let sealed = [row.get::<Option<&[u8]>, _>(2), row.get::<Option<&[u8]>, _>(3)];
            let mut secrets = Vec::new();
            for sealed in sealed.into_iter().flatten() {
                let clear = key.open(self.tenant, &owner, &name, sealed)?;
                secrets.push(SecretBox::new(clear.into_boxed_slice()));
            }
            opened.push(Opened { owner, name, secrets });
        }
        Ok(opened)
    }

    /// Forgets a secret; false where there was none.
    pub async fn delete_secret(&self, owner: &str, name: &str) -> Result<bool> {
        let query = sqlx::query(DELETE).bind(self.tenant).bind(owner).bind(name);
        let done = query.execute(&self.reads).await.map_err(failed("secret.delete"))?;
        Ok(done.rows_affected() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_its_key_for_its_owner_and_untouched() {
        let key = SecretKey::from_hex(&"ab".repeat(32)).unwrap();
        let other = SecretKey::from_hex(&"cd".repeat(32)).unwrap();
        let sealed = key.seal(1, "source:a", "token", b"hush").unwrap();
        assert_eq!(key.open(1, "source:a", "token", &sealed).unwrap(), b"hush");
        assert!(!sealed.windows(4).any(|window| window == b"hush"));
        assert!(other.open(1, "source:a", "token", &sealed).is_err());
        assert!(key.open(1, "source:b", "token", &sealed).is_err());
        assert!(key.open(2, "source:a", "token", &sealed).is_err());
        for n in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[n] ^= 1;
            assert!(key.open(1, "source:a", "token", &bent).is_err(), "byte {n}");
            assert!(key.open(1, "source:a", "token", &sealed[..n]).is_err(), "cut at {n}");
        }
    }

    #[test]
    fn refuses_a_key_of_another_length() {
        for text in ["", "ab", &"ab".repeat(31), &"zz".repeat(32)] {
            assert!(SecretKey::from_hex(text).is_err(), "{text}");
        }
    }
}
