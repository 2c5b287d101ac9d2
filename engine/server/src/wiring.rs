//! Putting a running engine together from configuration, database and plugins.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use deskbell_host::{Ceilings, Compiler, Host, Plugin};
use deskbell_model::calendar::Book;
use deskbell_model::kpi;
use deskbell_model::manifest::{Grants, World};
use deskbell_model::sla::{Editions, Policies};
use deskbell_store::Store;
use deskbell_workers::deliverer::{Destination, Means};
use deskbell_workers::engine::{Clock, Engine, Options, Retention, Source, SystemClock, Wake};
use deskbell_workers::guard::Limits;
use deskbell_workers::mail::{Mailer, Smtp};
use deskbell_workers::reads::first_responses::FirstResponses;
use deskbell_workers::registry::{Automation, Connector, Registry};
use deskbell_workers::scheduler::{Scheduled, Work};
use deskbell_workers::sender::hosts::AllowedHosts;
use deskbell_workers::sender::{self, Sender};
use deskbell_workers::signature::{Kind, Scheme, Verifier};
use deskbell_workers::vault::Vault;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use crate::commands::secret::secret_key;
use crate::config::Config;
use crate::config::account::Source as ConfiguredSource;
use crate::config::destination::Kind as DestinationKind;
use crate::config::settings::Settings;
use crate::intake::Account;
use crate::service_levels;
use crate::shipped;

pub(crate) mod reports;

/// An engine, ready to run.
pub(crate) struct Wired {
    pub(crate) engine: Arc<Engine>,
    pub(crate) accounts: HashMap<String, Account>,
    pub(crate) sender: Sender,
}

/// Puts an engine together. The database has been brought to this version's tables.
pub(crate) async fn wire(config: &Config, store: Store, data_dir: &Path) -> anyhow::Result<Wired> {
    let host = host(config, data_dir)?;
    let components = Components::find(&store, config).await?;
    let vault = Arc::new(vault(config, &store, data_dir).await?);
    let registry = registry(config, &host, &components).await?;
    let calendars = Arc::new(calendars(config)?);
    let sources = sources(config, &store).await?;
    let destinations = destinations(config, &store, &vault).await?;
    let accounts = accounts(config, &store, &sources, &registry, &vault).await?;
    let sender = sender(config)?;
    let schedules = schedules(config, &store).await?;
    let reports = reports::all(config, &host, &components).await?;
    let mailer = config.mail.is_some().then(|| mailer(config)).transpose()?;
    let own_source = store.source(OWN_SOURCE).await?;
    let levels = service_levels::levels(config, &store, SystemClock.now()).await?;
    let kpi = Arc::new(kpi(config, Arc::clone(levels.editions())));
    let engine = Arc::new(Engine {
        store,
        clock: Arc::new(SystemClock) as Arc<dyn Clock>,
        registry,
        sources,
        destinations,
        calendars,
        levels,
        schedules,
        reports,
        kpi,
        surge_zone: config.kpi.surge_zone(),
        mailer,
        own_source,
        options: options(config),
        wake: Wake::default(),
        vault,
        first_responses: FirstResponses::default(),
    });
    Ok(Wired { engine, accounts, sender })
}

/// The plugin host, with compiled plugins kept in the data directory.
pub(crate) fn host(config: &Config, data_dir: &Path) -> anyhow::Result<Host> {
    let program = std::env::current_exe().context("this program does not know where it lies")?;
    host_with(config, data_dir, Compiler::ChildProcess(program), false)
}

/// The same with a choice of compiler; `count_fuel` counts instructions.
pub(crate) fn host_with(
    config: &Config,
    data_dir: &Path,
    compiler: Compiler,
    count_fuel: bool,
) -> anyhow::Result<Host> {
    // Others must be able to pass through to the database's folder, where that is another account's.
    if !data_dir.exists() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o711)
            .create(data_dir)
            .with_context(|| format!("cannot make {}", data_dir.display()))?;
    }
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let limits = &config.limits;
    let ceilings = Ceilings {
        memory_bytes: limits.memory,
        cpu: limits.cpu,
        wall: limits.wall,
        effects: limits.effects,
        log_bytes: usize::try_from(limits.log).unwrap_or(usize::MAX),
        ..Ceilings::default()
    };
    let options = deskbell_host::Options {
        cache_dir: data_dir.join("compiled"),
        max_concurrent_calls: (cores * 16).clamp(16, 256),
        ceilings,
        count_fuel,
        compiler,
    };
    Host::new(options).context("the plugin host does not start")
}

/// Where components come from: files of the configuration, installed ones, those in the binary.
pub(crate) struct Components {
    installed: BTreeMap<String, Arc<[u8]>>,
    files: BTreeMap<String, Arc<[u8]>>,
}

impl Components {
    pub(crate) async fn find(store: &Store, config: &Config) -> anyhow::Result<Self> {
        let mut installed = BTreeMap::new();
        for plugin in store.installed_plugins().await?.into_iter().filter(|plugin| plugin.active) {
            if let Some(component) = store.plugin_component(&plugin.name, &plugin.digest).await? {
                installed.insert(plugin.name, Arc::from(component));
            }
        }
        let mut files = BTreeMap::new();
        for plugin in &config.plugins {
            let Some(path) = &plugin.component else { continue };
            let path = config.folder.join(path);
            let component = fs::read(&path).with_context(|| {
                format!("the component of plugin '{}', {}, cannot be read", plugin.name, path.display())
            })?;
            files.insert(plugin.name.clone(), Arc::from(component));
        }
        Ok(Self { installed, files })
    }

    /// A component, and whether it ships with the engine.
    pub(crate) fn get(&self, name: &str) -> anyhow::Result<(Arc<[u8]>, bool)> {
        if let Some(component) = self.files.get(name).or_else(|| self.installed.get(name)) {
            return Ok((Arc::clone(component), false));
        }
        if let Some(component) = shipped::component(name) {
            return Ok((Arc::from(component), true));
        }
        let known: Vec<String> = shipped::names().map(str::to_owned).chain(self.installed.keys().cloned()).collect();
        let likeness = |other: &String| strsim::jaro_winkler(name, other);
        let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        let hint = nearest.map(|nearest| format!("; did you mean '{nearest}'?")).unwrap_or_default();
        bail!(
            "there is no plugin '{name}'{hint} Install one with `deskbell plugin install FILE`, or name its file with `component`"
        )
    }
}

/// Loads a plugin under its name.
pub(crate) async fn load(
    host: &Host,
    components: &Components,
    name: &str,
    grant: Option<&[String]>,
    world: World,
) -> anyhow::Result<Plugin> {
    let (component, ships) = components.get(name)?;
    let grants = match (grant, ships) {
        (Some(words), _) => Grants::only(words)?,
        (None, true) => Grants::AsAsked,
        (None, false) => Grants::only::<&str>([])?,
    };
    let plugin = host.load(component, grants).await.with_context(|| format!("the plugin '{name}' cannot be used"))?;
    let manifest = plugin.manifest();
    if manifest.name != name {
        bail!("the component of plugin '{name}' says that it is '{}'; use that name in [[plugin]]", manifest.name);
    }
    if manifest.world != world {
        let is = manifest.world.as_str();
        let wanted = match world {
            World::Automation => "an automation; connectors are named in [[source]], reporters in [[report]]",
            World::Connector => "a connector; automations are named in [[plugin]], reporters in [[report]]",
            World::Reporter => "a reporter; connectors are named in [[source]], automations in [[plugin]]",
        };
        bail!("the plugin '{name}' is a kind of {is} where the configuration wants {wanted}");
    }
    Ok(plugin)
}

async fn registry(config: &Config, host: &Host, components: &Components) -> anyhow::Result<Registry> {
    let mut registry = Registry::default();
    for plugin in config.plugins.iter().filter(|plugin| plugin.enabled && !reports::makes_reports(config, &plugin.name))
    {
        let loaded = load(host, components, &plugin.name, plugin.grant.as_deref(), World::Automation).await?;
        let settings = Arc::from(plugin.settings.to_json());
        registry.automations.push(Arc::new(Automation::new(loaded, settings, plugin.sources.clone())));
    }
    for name in config.sources.iter().filter_map(|source| source.connector.as_deref()) {
        if !registry.connectors.contains_key(name) {
            let loaded = load(host, components, name, Some(&[]), World::Connector).await?;
            registry.connectors.insert(name.to_owned(), Arc::new(Connector::new(loaded)));
        }
    }
    Ok(registry)
}

/// The source of what belongs to no account.
const OWN_SOURCE: &str = "deskbell";

async fn schedules(config: &Config, store: &Store) -> anyhow::Result<Vec<Scheduled>> {
    let mut schedules = Vec::new();
    for schedule in &config.schedules {
        let work = match &schedule.report {
            Some(report) => Work::Report { report: report.clone() },
            None => Work::Event {
                source_id: store.source(schedule.source.as_deref().unwrap_or(OWN_SOURCE)).await?,
                plugin: schedule.plugin.clone(),
                data: schedule.data.as_ref().map(Settings::to_value).unwrap_or_default(),
            },
        };
        schedules.push(Scheduled {
            name: schedule.name.clone(),
            schedule: schedule.schedule()?,
            missed: schedule.missed,
            overlap: schedule.overlap,
            work,
        });
    }
    Ok(schedules)
}

/// The business calendars of the configuration.
pub(crate) fn calendars(config: &Config) -> anyhow::Result<Book> {
    let read = |path: &str| fs::read_to_string(config.folder.join(path)).map_err(|error| error.to_string());
    Ok(Book::from_table(&config.calendars, &read)?)
}

/// The SLA policies of the configuration.
pub(crate) fn policies(config: &Config, calendars: &Book) -> anyhow::Result<Policies> {
    Ok(Policies::from_values(&config.sla, calendars)?)
}

/// What figures are judged and weighed with.
pub(crate) fn kpi(config: &Config, policies: Arc<Editions>) -> kpi::Settings {
    config.kpi.settings(policies, !config.sla.is_empty())
}

/// The secrets of the configuration and those sealed in the database.
async fn vault(config: &Config, store: &Store, data_dir: &Path) -> anyhow::Result<Vault> {
    let mut vault = Vault::default();
    let key = secret_key(data_dir)?;
    for opened in store.open_secrets(&key).await? {
        vault.keep(&opened.owner, &opened.name, opened.secrets);
    }
    for source in &config.sources {
        let owner = format!("source:{}", source.name);
        for (name, places) in &source.secrets {
            let mut secrets = Vec::new();
            for place in places.all() {
                match place
                    .read(&config.folder)
                    .with_context(|| format!("the secret '{name}' of source '{}'", source.name))?
                {
                    Some(secret) => secrets.push(bytes(&secret)),
                    None => secrets.extend(vault.all(&owner, name).into_iter().map(|held| SecretBox::new(held.into()))),
                }
            }
            if secrets.is_empty() {
                bail!(
                    "the secret '{name}' of source '{}' is not set; set it with `deskbell secret set source:{} {name}`",
                    source.name,
                    source.name
                );
            }
            vault.keep(&owner, name, secrets);
        }
    }
    for destination in &config.destinations {
        let owner = format!("destination:{}", destination.name);
        for (name, place) in [("url", &destination.url), ("secret", &destination.secret)] {
            let Some(place) = place else { continue };
            let read = place
                .read(&config.folder)
                .with_context(|| format!("the {name} of destination '{}'", destination.name))?;
            match read {
                Some(secret) => vault.keep(&owner, name, vec![bytes(&secret)]),
                None if vault.all(&owner, name).is_empty() => bail!(
                    "the {name} of destination '{}' is not set; set it with `deskbell secret set {owner} {name}`",
                    destination.name
                ),
                None => {}
            }
        }
    }
    Ok(vault)
}

fn bytes(secret: &SecretString) -> SecretBox<[u8]> {
    SecretBox::new(secret.expose_secret().as_bytes().into())
}

async fn sources(config: &Config, store: &Store) -> anyhow::Result<BTreeMap<String, Arc<Source>>> {
    let mut sources = BTreeMap::new();
    for source in &config.sources {
        let source_id = store.source(&source.name).await?;
        let destination_id = match &source.connector {
            Some(_) => Some(store.destination(&format!("source:{}", source.name)).await?),
            None => None,
        };
        let wired = Source {
            name: source.name.clone(),
            source_id,
            destination_id,
            connector: source.connector.clone(),
            settings: Arc::from(source.settings.to_json()),
            hosts: AllowedHosts::parse(format!("`hosts` of source '{}'", source.name), &source.hosts)?,
            own_actors: source.own_actors.clone(),
            rate_per_second: source.rate_per_second,
            silent_after: source.silent_after,
        };
        sources.insert(source.name.clone(), Arc::new(wired));
    }
    Ok(sources)
}

async fn destinations(
    config: &Config,
    store: &Store,
    vault: &Arc<Vault>,
) -> anyhow::Result<BTreeMap<String, Arc<Destination>>> {
    let mut destinations = BTreeMap::new();
    for destination in &config.destinations {
        let owner = format!("destination:{}", destination.name);
        let url = vault.all(&owner, "url").first().and_then(|url| std::str::from_utf8(url).ok()).unwrap_or_default();
        let hosts = || AllowedHosts::of_url(format!("the url of destination '{}'", destination.name), url);
        let means = match destination.kind {
            DestinationKind::Slack => Means::Slack { hosts: hosts()? },
            DestinationKind::Webhook => {
                Means::Webhook { hosts: hosts()?, signed: !vault.all(&owner, "secret").is_empty() }
            }
            DestinationKind::Mail => Means::Mail { to: destination.to.clone(), mailer: mailer(config)? },
            DestinationKind::Folder => {
                Means::Folder { path: config.folder.join(destination.path.as_deref().unwrap_or(Path::new(""))) }
            }
        };
        let destination_id = store.destination(&owner).await?;
        let wired = Destination {
            name: destination.name.clone(),
            destination_id,
            rate_per_second: destination.rate_per_second,
            means,
        };
        destinations.insert(destination.name.clone(), Arc::new(wired));
    }
    Ok(destinations)
}

fn mailer(config: &Config) -> anyhow::Result<Mailer> {
    // A destination by mail cannot be configured without [mail].
    let Some(mail) = &config.mail else { bail!("there is no [mail]") };
    if let Some(folder) = &mail.folder {
        return Ok(Mailer::folder(config.folder.join(folder), &mail.from)?);
    }
    let secret = match &mail.password {
        Some(place) => place.read(&config.folder).context("the password of [mail]")?,
        None => None,
    };
    Ok(Mailer::smtp(Smtp {
        host: mail.host.clone(),
        port: mail.port(),
        tls: mail.tls,
        user: mail.user.clone(),
        secret,
        from: mail.from.clone(),
        timeout: mail.timeout,
        extra_roots_pem: extra_roots_pem(config)?,
    })?)
}

async fn accounts(
    config: &Config,
    store: &Store,
    sources: &BTreeMap<String, Arc<Source>>,
    registry: &Registry,
    vault: &Vault,
) -> anyhow::Result<HashMap<String, Account>> {
    let mut accounts = HashMap::new();
    for account in &config.sources {
        let Some(source) = sources.get(&account.name) else { continue };
        let manifest = account
            .connector
            .as_ref()
            .and_then(|name| registry.connectors.get(name))
            .and_then(|connector| connector.plugin.manifest().connector.clone());
        let scheme = scheme(account, manifest.as_ref().and_then(|manifest| manifest.signature.as_ref()))?;
        let owner = format!("source:{}", account.name);
        let secrets = vault.all(&owner, "webhook");
        let verifier = Verifier::new(&scheme, &secrets).with_context(|| {
            format!(
                "webhooks of source '{}' cannot be verified; give it a secret: secrets = {{ webhook = {{ env = \"NAME\" }} }}, or `deskbell secret set source:{} webhook`",
                account.name, account.name
            )
        })?;
        let mut named = HashMap::from([(account.name.clone(), source.source_id)]);
        for name in &account.sources {
            named.insert(name.clone(), store.source(name).await?);
        }
        let delivery_id = manifest.map(|manifest| manifest.delivery_id).unwrap_or_default();
        let wired = Account::new(Arc::clone(source), verifier, scheme.credential_headers(), delivery_id, named);
        accounts.insert(account.name.clone(), wired);
    }
    Ok(accounts)
}

/// The signature scheme of an account: its own, else its connector's, else Standard Webhooks.
pub(crate) fn scheme(account: &ConfiguredSource, manifest: Option<&serde_json::Value>) -> anyhow::Result<Scheme> {
    if let Some(scheme) = &account.signature {
        return Ok(scheme.clone());
    }
    match manifest {
        Some(stated) => Scheme::deserialize_from(stated)
            .with_context(|| format!("the signature scheme in the manifest of source '{}'s connector", account.name)),
        None => Ok(Scheme::of(Kind::StandardWebhooks)),
    }
}

trait FromManifest: Sized {
    fn deserialize_from(stated: &serde_json::Value) -> anyhow::Result<Self>;
}

impl FromManifest for Scheme {
    fn deserialize_from(stated: &serde_json::Value) -> anyhow::Result<Self> {
        Ok(serde_json::from_value(stated.clone())?)
    }
}

/// Certificates of further authorities.
fn extra_roots_pem(config: &Config) -> anyhow::Result<Vec<u8>> {
    match &config.deliver.ca_file {
        Some(path) => fs::read(config.folder.join(path)).with_context(|| format!("deliver.ca_file {}", path.display())),
        None => Ok(Vec::new()),
    }
}

fn sender(config: &Config) -> anyhow::Result<Sender> {
    let options = sender::Options {
        connect_timeout: config.deliver.connect_timeout,
        timeout: config.deliver.timeout,
        allow_private: config.deliver.allow_private.clone(),
        extra_roots_pem: extra_roots_pem(config)?,
        ..sender::Options::default()
    };
    Ok(Sender::new(&options)?)
}

fn options(config: &Config) -> Options {
    Options {
        batch: config.dispatch.batch,
        in_work: config.dispatch.in_work,
        lease: config.dispatch.lease,
        finishers: config.dispatch.workers,
        limits: Limits {
            max_hops: i16::try_from(config.loop_guard.max_hops).unwrap_or(i16::MAX),
            actions_per_hour: u32::try_from(config.loop_guard.actions_per_ticket_per_hour).unwrap_or(u32::MAX),
        },
        plugin_attempts: i32::try_from(config.limits.attempts).unwrap_or(i32::MAX),
        deliveries: config.deliver.concurrency,
        retention: Retention {
            bodies: config.retention.bodies,
            calls: config.retention.calls,
            attempts: config.retention.attempts,
            delivery_ids: config.retention.delivery_ids,
        },
    }
}

/// How often a process says that it is running.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(5);
