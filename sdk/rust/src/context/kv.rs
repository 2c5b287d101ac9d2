//! What a plugin remembers from call to call.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
#[cfg(target_family = "wasm")]
use crate::host::Host as _;
use crate::host::{Asked, Scope};

/// The values that a plugin remembers, for all tickets or for the event's. Nobody else can read them.
///
/// A call sees its own writes; they take effect together with its effects, or not at all.
///
/// ```
/// use deskbell::prelude::*;
/// use deskbell::testing::{self, TestHost};
///
/// fn handle(_: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
///     let kv = cx.kv(Scope::Plugin);
///     kv.set("last/anna", "7")?;
///     assert_eq!(kv.get("last/anna")?.as_deref(), Some("7"));
///     assert_eq!(kv.list("last/", 10)?.len(), 1);
///     kv.increment("count", 2)?;
///     Ok(vec![])
/// }
///
/// let mut host = TestHost::new();
/// host.call(handle, &testing::event(json!({})))?;
/// assert_eq!(host.kv(Scope::Plugin, "count").as_deref(), Some("2"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Kv<'a> {
    host: Asked<'a>,
    scope: Scope,
}

impl<'a> Kv<'a> {
    pub(super) fn new(host: Asked<'a>, scope: Scope) -> Self {
        Self { host, scope }
    }

    /// The value, where one is remembered.
    pub fn get(&self, key: impl AsRef<str>) -> Result<Option<String>> {
        Ok(self.host.kv_get(self.scope, key.as_ref())?)
    }

    /// The value, read as JSON into your type.
    pub fn get_json<T: DeserializeOwned>(&self, key: impl AsRef<str>) -> Result<Option<T>> {
        let key = key.as_ref();
        let Some(text) = self.get(key)? else {
            return Ok(None);
        };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| Error::fail(format!("the value remembered under '{key}' cannot be read: {error}")))
    }

    /// Remembers the value, replacing an earlier one.
    pub fn set(&self, key: impl AsRef<str>, value: impl AsRef<str>) -> Result<()> {
        Ok(self.host.kv_set(self.scope, key.as_ref(), value.as_ref(), None)?)
    }

    /// Remembers your type as JSON.
    pub fn set_json<T: Serialize + ?Sized>(&self, key: impl AsRef<str>, value: &T) -> Result<()> {
        self.set(key, serde_json::to_string(value)?)
    }

    /// Remembers the value for so many seconds.
    pub fn set_for(&self, key: impl AsRef<str>, value: impl AsRef<str>, ttl_seconds: u64) -> Result<()> {
        Ok(self.host.kv_set(self.scope, key.as_ref(), value.as_ref(), Some(ttl_seconds))?)
    }

    /// Forgets the value; nothing happens where there is none.
    pub fn delete(&self, key: impl AsRef<str>) -> Result<()> {
        Ok(self.host.kv_delete(self.scope, key.as_ref())?)
    }

    /// Adds to a counter, which begins at 0, and gives the sum as this call sees it. Concurrent additions are never lost.
    pub fn increment(&self, key: impl AsRef<str>, by: i64) -> Result<i64> {
        Ok(self.host.kv_increment(self.scope, key.as_ref(), by)?)
    }

    /// Up to `limit` pairs of key and value whose key begins with `prefix`, by key.
    pub fn list(&self, prefix: impl AsRef<str>, limit: u32) -> Result<Vec<(String, String)>> {
        Ok(self.host.kv_list(self.scope, prefix.as_ref(), limit)?)
    }
}
