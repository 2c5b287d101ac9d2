//! What `deskbell source test` looks at, and what it says of it.

use anyhow::{Context as _, bail};
use deskbell_host::Plugin;
use deskbell_model::manifest::World;
use deskbell_model::timestamp::Timestamp;
use deskbell_store::Store;
use deskbell_store::secret::SecretKey;
use deskbell_store::source::Listed;
use deskbell_workers::sender::hosts::host_of;
use deskbell_workers::signature::{Kind, Scheme};
use secrecy::{ExposeSecret, SecretBox};
use serde_json::json;

use super::webhook_url;
use crate::cli::{Common, Format};
use crate::commands::output::Rows;
use crate::config::account::Source;
use crate::config::{Config, secret::SecretRef};
use crate::wiring::{self, Components};

/// The secret that webhooks are verified with.
const WEBHOOK_SECRET: &str = "webhook";

/// What was looked at, and how it is.
#[derive(Default)]
pub(super) struct Checks {
    rows: Vec<(&'static str, &'static str, String)>,
    n_problems: usize,
}

/// What a source's webhooks are verified with.
pub(super) type Secrets = Vec<SecretBox<[u8]>>;

impl Checks {
    pub(super) fn note(&mut self, what: &'static str, detail: impl Into<String>) {
        self.rows.push((what, "ok", detail.into()));
    }

    fn advise(&mut self, what: &'static str, detail: impl Into<String>) {
        self.rows.push((what, "note", detail.into()));
    }

    fn problem(&mut self, what: &'static str, detail: impl Into<String>) {
        self.n_problems += 1;
        self.rows.push((what, "PROBLEM", detail.into()));
    }

    pub(super) async fn connector(
        &mut self,
        common: &Common,
        config: &Config,
        source: &Source,
        store: &Store,
    ) -> Option<Plugin> {
        let Some(name) = &source.connector else {
            self.note("connector", "none; the source posts canonical events (CloudEvents)");
            return None;
        };
        let loading = async {
            let host = wiring::host(config, &common.data_dir)?;
            let components = Components::find(store, config).await?;
            wiring::load(&host, &components, name, Some(&[]), World::Connector).await
        };
        match loading.await {
            Ok(plugin) => {
                let version = &plugin.manifest().version;
                self.note("connector", format!("{name} {version} loads (sha256 {})", plugin.digest()));
                Some(plugin)
            }
            Err(error) => {
                self.problem("connector", format!("{error:#}"));
                None
            }
        }
    }

    /// Looks for every secret that the configuration or the database names. Gives those of the webhook.
    pub(super) async fn secrets(
        &mut self,
        config: &Config,
        source: &Source,
        store: &Store,
        key: &SecretKey,
    ) -> anyhow::Result<Secrets> {
        let owner = format!("source:{}", source.name);
        let mut sealed = store.open_secrets(key).await.context("the sealed secrets")?;
        sealed.retain(|opened| opened.owner == owner);
        let mut webhook = Secrets::new();
        for (name, places) in &source.secrets {
            let mut n_found = 0;
            for place in places.all() {
                match place.read(&config.folder) {
                    Ok(Some(secret)) => {
                        n_found += 1;
                        if name == WEBHOOK_SECRET {
                            webhook.push(SecretBox::new(secret.expose_secret().as_bytes().into()));
                        }
                    }
                    Ok(None) => {}
                    Err(error) => self.problem("secret", format!("'{name}': {:#}", anyhow::Error::from(error))),
                }
            }
            let may_be_sealed = places.all().contains(&SecretRef::Sealed);
            let held = sealed.iter_mut().find(|opened| may_be_sealed && opened.name == *name);
            match held {
                Some(opened) => {
                    n_found += opened.secrets.len();
                    if name == WEBHOOK_SECRET {
                        webhook.append(&mut opened.secrets);
                    }
                }
                None if may_be_sealed => {
                    self.problem("secret", format!("'{name}' is not sealed; run `deskbell secret set {owner} {name}`"));
                }
                None => {}
            }
            if n_found > 0 {
                self.note("secret", format!("'{name}' is there"));
            }
        }
        for opened in sealed.iter_mut().filter(|opened| !source.secrets.contains_key(&opened.name)) {
            self.note("secret", format!("'{}' is sealed in the database", opened.name));
            if opened.name == WEBHOOK_SECRET {
                webhook.append(&mut opened.secrets);
            }
        }
        Ok(webhook)
    }

    pub(super) fn signature(&mut self, source: &Source, plugin: Option<&Plugin>, secrets: &Secrets) -> Option<Scheme> {
        if source.connector.is_some() && plugin.is_none() && source.signature.is_none() {
            self.problem("signature", "its scheme is the connector's, which does not load");
            return None;
        }
        let manifest = plugin.and_then(|plugin| plugin.manifest().connector.as_ref());
        let stated = manifest.and_then(|connector| connector.signature.as_ref());
        let scheme = match wiring::scheme(source, stated) {
            Ok(scheme) => scheme,
            Err(error) => {
                self.problem("signature", format!("{error:#}"));
                return None;
            }
        };
        let secrets: Vec<&[u8]> = secrets.iter().map(ExposeSecret::expose_secret).collect();
        match scheme.validate(&secrets) {
            Ok(()) if scheme.scheme == Kind::None => {
                self.advise("signature", "anybody may post here; name a scheme to change that");
            }
            Ok(()) => self.note("signature", format!("{} can be verified", described(&scheme))),
            Err(error) => self.problem(
                "signature",
                format!("{error}. Give the source a secret: `deskbell secret set {} webhook`", source.name),
            ),
        }
        Some(scheme)
    }

    pub(super) fn sending(&mut self, source: &Source, plugin: Option<&Plugin>) {
        let Some(manifest) = plugin.and_then(|plugin| plugin.manifest().connector.as_ref()) else {
            if source.connector.is_none() {
                self.advise("writing back", "nothing can be written back without a connector");
            }
            return;
        };
        if source.hosts.is_empty() {
            let to = manifest.hosts.join(", ");
            let text = format!("nothing can be written back: the source has no hosts (the connector may send to {to})");
            self.advise("writing back", text);
            return;
        }
        self.note("writing back", format!("to {}", source.hosts.join(", ")));
        self.own_writes(source);
        for setting in manifest.hosts.iter().filter_map(|host| host.strip_prefix('$')) {
            let url = source.settings.get(setting).and_then(serde_json::Value::as_str);
            let Some(host) = url.and_then(host_of) else {
                self.advise("writing back", format!("the setting '{setting}' names no URL to send to"));
                continue;
            };
            if let Some(text) = unlisted(source, setting, &host) {
                self.problem("writing back", text);
            }
        }
    }

    /// Whether the engine will know its own writes when their webhooks come back.
    fn own_writes(&mut self, source: &Source) {
        if source.own_actors.is_empty() {
            self.advise(
                "own writes",
                "own_actors is empty, so what Deskbell does there is known by its content alone when it comes back; list the ids, as events show them, of the users that it writes as",
            );
        } else {
            self.note("own writes", format!("are those of {}", source.own_actors.join(", ")));
        }
    }

    pub(super) fn heard(&mut self, source: &Source, heard: Option<&Listed>, now: Timestamp) {
        match heard.and_then(|heard| heard.last_delivery_at) {
            Some(at) => {
                let minutes = now.since(at) / 60_000_000;
                self.note("last webhook", format!("{at}, {minutes} min ago (noted once a minute)"));
            }
            None => self.advise("last webhook", "none has come yet"),
        }
        let silent_since = heard.and_then(|heard| heard.silent_since);
        match (silent_since, source.silent_after) {
            (Some(since), _) => self.problem(
                "silence",
                format!("nothing was heard since {since}; look whether the helpdesk has switched the webhook off"),
            ),
            (None, Some(after)) => {
                self.note("silence", format!("would be announced after {} min", after.as_secs() / 60));
            }
            (None, None) => self.advise("silence", "would not be announced; set silent_after"),
        }
    }

    /// What a person has to enter at the helpdesk.
    pub(super) fn enter(&mut self, config: &Config, source: &Source, scheme: Option<&Scheme>) {
        self.note("webhook url", webhook_url(config, &source.name));
        if config.server.public_url.is_none() {
            self.advise(
                "webhook url",
                "set server.public_url to the address under which the helpdesk reaches this engine",
            );
        }
        let content = if source.connector.is_some() {
            "JSON, as the helpdesk sends it"
        } else {
            "CloudEvents: application/cloudevents+json"
        };
        self.note("enter there", format!("method POST; content {content}"));
        if let Some(scheme) = scheme {
            self.note("enter there", secret_to_enter(scheme));
        }
    }

    pub(super) fn conclude(&self, format: Format) -> anyhow::Result<()> {
        let mut rows = Rows::new(["what", "state", "detail"]);
        for (what, state, detail) in &self.rows {
            rows.push([json!(what), json!(state), json!(detail)]);
        }
        rows.print(format)?;
        match self.n_problems {
            0 => Ok(()),
            1 => bail!("there is 1 problem; mend it and test again"),
            n_problems => bail!("there are {n_problems} problems; mend them and test again"),
        }
    }
}

/// What is wrong where a setting names a host that the operator's `hosts` leave out. Without any `hosts` nothing is meant to
/// be written back.
pub(in crate::commands) fn unlisted_host(source: &Source, plugin: &Plugin) -> Option<String> {
    let manifest = plugin.manifest().connector.as_ref().filter(|_| !source.hosts.is_empty())?;
    let mut settings = manifest.hosts.iter().filter_map(|host| host.strip_prefix('$'));
    settings.find_map(|setting| {
        let host = source.settings.get(setting).and_then(serde_json::Value::as_str).and_then(host_of)?;
        unlisted(source, setting, &host)
    })
}

fn unlisted(source: &Source, setting: &str, host: &str) -> Option<String> {
    let is_listed = source.hosts.iter().any(|entry| covers(entry, host));
    (!is_listed).then(|| format!("the setting '{setting}' names {host}, which `hosts` does not list; add it there"))
}

/// Whether an entry of `hosts` allows a host, given with its port where that is not the usual one.
fn covers(entry: &str, host: &str) -> bool {
    let (is_wildcard, name) = entry.strip_prefix("*.").map_or((false, entry), |name| (true, name));
    let named = ["https", "http"].iter().filter_map(|scheme| host_of(&format!("{scheme}://{name}")));
    let is_below = |named: &str| host.strip_suffix(named).is_some_and(|rest| rest.ends_with('.'));
    named.into_iter().any(|named| if is_wildcard { is_below(&named) } else { host == named })
}

fn described(scheme: &Scheme) -> String {
    match scheme.scheme {
        Kind::Hmac => {
            let algorithm = json!(scheme.algorithm);
            format!("hmac ({}) in the header {}", algorithm.as_str().unwrap_or_default(), scheme.header)
        }
        Kind::Token => format!("a token in the header {}", scheme.header),
        Kind::Basic => "user and password".to_owned(),
        Kind::Bearer => "a bearer token".to_owned(),
        Kind::StandardWebhooks => "Standard Webhooks".to_owned(),
        Kind::None => "nothing".to_owned(),
    }
}

fn secret_to_enter(scheme: &Scheme) -> String {
    match scheme.scheme {
        Kind::Hmac => "as the webhook's signing secret: the secret 'webhook'".to_owned(),
        Kind::Token => format!("as the value of the header {}: {}the secret 'webhook'", scheme.header, scheme.prefix),
        Kind::Basic => "as user and password: the two parts of the secret 'webhook' (user:password)".to_owned(),
        Kind::Bearer => "as the bearer token: the secret 'webhook'".to_owned(),
        Kind::StandardWebhooks => "as the signing secret: the secret 'webhook' (whsec_BASE64)".to_owned(),
        Kind::None => "no secret".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(text, Path::new("deskbell.toml")).unwrap()
    }

    #[test]
    fn tells_where_webhooks_are_posted_to() {
        let source = "[[source]]\nname = 'support'\n";
        assert_eq!(webhook_url(&config(source), "support"), "http://127.0.0.1:8484/hooks/support");
        let public = format!("{source}[server]\npublic_url = 'https://bell.example.com/'\n");
        assert_eq!(webhook_url(&config(&public), "support"), "https://bell.example.com/hooks/support");
    }

    #[test]
    fn takes_a_missing_secret_for_a_problem_unless_anybody_may_post() {
        for (text, n_secrets, n_problems) in [
            ("[[source]]\nname = 'a'\n", 0, 1),
            ("[[source]]\nname = 'a'\nsignature = { scheme = 'bearer' }\n", 1, 0),
            ("[[source]]\nname = 'a'\nsignature = { scheme = 'none' }\n", 0, 0),
        ] {
            let config = config(text);
            let secret = || SecretBox::<[u8]>::new(b"a-long-random-text-of-ours".as_slice().into());
            let secrets: Secrets = (0..n_secrets).map(|_| secret()).collect();
            let mut checks = Checks::default();
            checks.signature(config.sources.first().unwrap(), None, &secrets);
            assert_eq!(checks.n_problems, n_problems, "{text}: {:?}", checks.rows);
        }
    }

    #[test]
    fn asks_for_the_users_that_write_for_deskbell() {
        for (own_actors, expected) in [("", "note"), ("own_actors = ['4711']", "ok")] {
            let config = config(&format!("[[source]]\nname = 'a'\n{own_actors}\n"));
            let mut checks = Checks::default();
            checks.own_writes(config.sources.first().unwrap());
            let states: Vec<&str> = checks.rows.iter().map(|(_, state, _)| *state).collect();
            assert_eq!(states, [expected], "{:?}", checks.rows);
        }
    }

    #[test]
    fn knows_which_entries_allow_a_host() {
        for (entry, host, expected) in [
            ("help.example.com", "help.example.com", true),
            ("Help.Example.com", "help.example.com", true),
            ("127.0.0.1:8999", "127.0.0.1:8999", true),
            ("127.0.0.1", "127.0.0.1:8999", false),
            ("*.example.com", "help.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "evilexample.com", false),
            ("*.example.com", "help.example.com:8443", false),
            ("hilfe.m\u{fc}nchen.example", "hilfe.xn--mnchen-3ya.example", true),
        ] {
            assert_eq!(covers(entry, host), expected, "{entry} {host}");
        }
    }
}
