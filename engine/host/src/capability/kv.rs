//! A plugin's memory. Writes are buffered; what the call wrote itself it also reads.

use std::collections::BTreeMap;

use deskbell_bindings::v1_0_0::generated::deskbell::plugin::{kv, types};
use deskbell_model::plugin::{Scope, Write};

use crate::ceilings::bytes;
use crate::reads::Refusal;
use crate::state::State;

const CAPABILITY: &str = "kv";

/// What a call wrote, and how what it wrote looks to it.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    writes: Vec<Write>,
    n_bytes: usize,
    /// The values of the keys written to; none where the key was deleted.
    written: BTreeMap<(Scope, String), Option<String>>,
}

impl Memory {
    /// The writes, in the order in which they were asked for.
    pub(crate) fn take(&mut self) -> Vec<Write> {
        std::mem::take(&mut self.writes)
    }

    /// Notes a write that no key's value follows from.
    pub(crate) fn push(&mut self, write: Write) {
        self.n_bytes += match &write {
            Write::KvSet { key, value, .. } => key.len() + value.len(),
            Write::TimerSet { name, payload, .. } => name.len() + payload.len(),
            Write::KvDelete { key, .. } | Write::KvIncrement { key, .. } => key.len(),
            Write::TimerCancel { name } => name.len(),
        };
        self.writes.push(write);
    }

    fn note(&mut self, write: Write, scope: Scope, key: String, value: Option<String>) {
        self.push(write);
        self.written.insert((scope, key), value);
    }

    /// The value of a key that the call wrote to; none inside where it deleted it.
    fn own(&self, scope: Scope, key: &str) -> Option<&Option<String>> {
        self.written.get(&(scope, key.to_owned()))
    }

    /// The keys that the call wrote to and that begin with `prefix`.
    fn own_with<'a>(&'a self, scope: Scope, prefix: &'a str) -> impl Iterator<Item = (&'a String, &'a Option<String>)> {
        let from = (scope, prefix.to_owned());
        let pairs =
            self.written.range(from..).take_while(move |((at, key), _)| *at == scope && key.starts_with(prefix));
        pairs.map(|((_, key), value)| (key, value))
    }
}

impl State {
    /// Whether there is room for one more write, with a key or name and a value or payload of these bytes.
    pub(crate) fn need_room_to_write(&self, key: &str, value: &str) -> Result<(), Refusal> {
        let allowed = self.ceilings.writes;
        if self.memory.writes.len() >= allowed {
            return Err(Refusal::limit(format!("the call has used up its {allowed} writes; write less in one call")));
        }
        let allowed = self.ceilings.write_bytes;
        if self.memory.n_bytes + key.len() + value.len() > allowed {
            let allowed = bytes(allowed as u64);
            return Err(Refusal::limit(format!(
                "the call has used up its {allowed} of keys and values written; write less in one call"
            )));
        }
        Ok(())
    }

    /// Whether a key, or the name of a timer, can be stored.
    pub(crate) fn check_key(&self, what: &str, key: &str) -> Result<(), Refusal> {
        let allowed = self.ceilings.key_bytes;
        if key.is_empty() {
            return Err(Refusal::invalid(format!("the {what} is empty")));
        }
        if key.len() > allowed {
            return Err(Refusal::limit(format!("the {what} has {} bytes, and {allowed} are allowed", key.len())));
        }
        check_text(what, key)
    }

    /// Whether a value, or the payload of a timer, can be stored.
    pub(crate) fn check_value(&self, what: &str, value: &str) -> Result<(), Refusal> {
        let allowed = self.ceilings.value_bytes;
        if value.len() > allowed {
            return Err(Refusal::limit(format!("the {what} has {} bytes, and {allowed} are allowed", value.len())));
        }
        check_text(what, value)
    }

    fn scope(&self, scope: &str) -> Result<Scope, Refusal> {
        match scope {
            "plugin" => Ok(Scope::Plugin),
            "ticket" => self.need_ticket().map(|()| Scope::Ticket),
            _ => Err(Refusal::invalid("the scope must be 'plugin' or 'ticket'")),
        }
    }

    fn prepare_write(&mut self, scope: &str, key: &str, value: &str) -> Result<Scope, Refusal> {
        self.use_capability(CAPABILITY)?;
        let scope = self.scope(scope)?;
        self.check_key("key", key)?;
        self.check_value("value", value)?;
        self.need_room_to_write(key, value)?;
        Ok(scope)
    }

    /// A key's value as the call sees it.
    async fn value(&mut self, scope: Scope, key: &str) -> Result<Option<String>, Refusal> {
        if let Some(own) = self.memory.own(scope, key) {
            return Ok(own.clone());
        }
        let reads = self.use_read(CAPABILITY)?;
        reads.kv_get(&self.asker, scope, key).await
    }

    async fn get_value(&mut self, scope: &str, key: &str) -> Result<Option<String>, Refusal> {
        self.use_capability(CAPABILITY)?;
        let scope = self.scope(scope)?;
        self.check_key("key", key)?;
        self.value(scope, key).await
    }

    fn set_value(&mut self, scope: &str, key: String, value: String, ttl_seconds: Option<u64>) -> Result<(), Refusal> {
        let scope = self.prepare_write(scope, &key, &value)?;
        if ttl_seconds == Some(0) {
            return Err(Refusal::invalid("ttl-seconds must be at least 1; leave it out to keep the value"));
        }
        let expires_at =
            ttl_seconds.map(|seconds| self.asker.now.plus_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)));
        let write = Write::KvSet { scope, key: key.clone(), value: value.clone(), expires_at };
        self.memory.note(write, scope, key, Some(value));
        Ok(())
    }

    fn delete_value(&mut self, scope: &str, key: String) -> Result<(), Refusal> {
        let scope = self.prepare_write(scope, &key, "")?;
        let write = Write::KvDelete { scope, key: key.clone() };
        self.memory.note(write, scope, key, None);
        Ok(())
    }

    async fn add_to(&mut self, scope: &str, key: String, by: i64) -> Result<i64, Refusal> {
        let scope = self.prepare_write(scope, &key, "")?;
        let value = self.value(scope, &key).await?;
        let before: i64 = match value.as_deref() {
            None => 0,
            Some(number) => number.parse().map_err(|_| {
                Refusal::invalid(format!("the value of '{key}' is no whole number; delete it before counting"))
            })?,
        };
        let sum = before.checked_add(by);
        let sum = sum.ok_or_else(|| Refusal::invalid(format!("the sum under '{key}' would be too large")))?;
        let write = Write::KvIncrement { scope, key: key.clone(), by };
        self.memory.note(write, scope, key, Some(sum.to_string()));
        Ok(sum)
    }

    async fn list_values(&mut self, scope: &str, prefix: &str, limit: u32) -> Result<Vec<(String, String)>, Refusal> {
        let reads = self.use_read(CAPABILITY)?;
        let scope = self.scope(scope)?;
        if !prefix.is_empty() {
            self.check_key("prefix", prefix)?;
        }
        let limit = self.entries(limit);
        // Stored pairs that the call deleted make room for others, so that many more are asked for.
        let n_own = u32::try_from(self.memory.own_with(scope, prefix).count()).unwrap_or(u32::MAX);
        let stored = reads.kv_list(&self.asker, scope, prefix, limit.saturating_add(n_own)).await?;
        let mut pairs: BTreeMap<String, String> = stored.into_iter().collect();
        for (key, value) in self.memory.own_with(scope, prefix) {
            match value {
                Some(value) => pairs.insert(key.clone(), value.clone()),
                None => pairs.remove(key),
            };
        }
        Ok(pairs.into_iter().take(limit as usize).collect())
    }
}

/// Texts with a NUL cannot be stored.
fn check_text(what: &str, text: &str) -> Result<(), Refusal> {
    if text.contains('\0') { Err(Refusal::invalid(format!("the {what} contains a NUL character"))) } else { Ok(()) }
}

type Answer<T> = wasmtime::Result<Result<T, types::Refusal>>;

impl kv::Host for State {
    async fn get(&mut self, scope: String, key: String) -> Answer<Option<String>> {
        Ok(self.get_value(&scope, &key).await.map_err(Into::into))
    }

    fn set(&mut self, scope: String, key: String, value: String, ttl_seconds: Option<u64>) -> Answer<()> {
        Ok(self.set_value(&scope, key, value, ttl_seconds).map_err(Into::into))
    }

    fn delete(&mut self, scope: String, key: String) -> Answer<()> {
        Ok(self.delete_value(&scope, key).map_err(Into::into))
    }

    async fn increment(&mut self, scope: String, key: String, by: i64) -> Answer<i64> {
        Ok(self.add_to(&scope, key, by).await.map_err(Into::into))
    }

    async fn list(&mut self, scope: String, prefix: String, limit: u32) -> Answer<Vec<(String, String)>> {
        Ok(self.list_values(&scope, &prefix, limit).await.map_err(Into::into))
    }
}
