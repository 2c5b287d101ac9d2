//! Guests, hosts, events and something to read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use deskbell_host::{Answer, Asker, Call, Ceilings, Compiler, Host, Options, Plugin, Reads, Refusal};
use deskbell_model::manifest::Grants;
use deskbell_model::plugin::{Agent, Decision, Event, Scope, Summary};
use deskbell_model::ticket::{Actor, Fields, Requester, Role, Ticket};
use deskbell_model::timestamp::Timestamp;

/// 2026-01-05T08:00:00Z.
pub(crate) const NOON: Timestamp = Timestamp::from_seconds(1_767_600_000);

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The folder of built guests. They are built once for each run of the tests.
fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = root().join("target/guests");
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release", "--target", "wasm32-wasip2", "--target-dir"])
            .arg(&target)
            .current_dir(root().join("tests/guests"))
            // What cargo and clippy set for this build is not meant for the guests' build.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("RUSTC_WORKSPACE_WRAPPER")
            .status()
            .unwrap();
        assert!(status.success(), "the guests in tests/guests do not build");
        target.join("wasm32-wasip2/release")
    })
}

/// The component of the guest in `tests/guests/NAME`.
pub(crate) fn component(name: &str) -> Arc<[u8]> {
    let path = built().join(format!("guest_{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into()
}

pub(crate) fn options() -> Options {
    Options {
        cache_dir: root().join("target/guests/code"),
        max_concurrent_calls: 8,
        ceilings: Ceilings::default(),
        count_fuel: false,
        compiler: Compiler::InProcess,
    }
}

/// A host that all tests share.
pub(crate) fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host::new(options()).unwrap())
}

pub(crate) async fn plugin(name: &str) -> Plugin {
    host().load(component(name), Grants::AsAsked).await.unwrap()
}

pub(crate) fn settings() -> Arc<str> {
    Arc::from(r#"{"base_url":"https://acme.example"}"#)
}

pub(crate) fn ticket() -> Ticket {
    Ticket {
        fields: Fields {
            subject: "No dial tone".to_owned(),
            channel: "email".to_owned(),
            tags: vec!["phone".to_owned()],
            requester: Requester { id: "r-1".to_owned(), ..Requester::default() },
            custom: BTreeMap::from([("floor".to_owned(), 3.into())]),
            ..Fields::default()
        },
        created_at: NOON,
        updated_at: NOON,
        created_by: Some(Role::Customer),
        first_response_at: None,
        last_agent_reply_at: None,
        last_customer_comment_at: Some(NOON),
        solved_at: None,
        agent_replies: 0,
        customer_comments: 1,
        reopens: 0,
        escalations: 2,
        end: None,
    }
}

/// An event of ticket 7.
pub(crate) fn event() -> Event {
    Event {
        id: "e-1".to_owned(),
        source: "support".to_owned(),
        kind: "ticket.created".to_owned(),
        subject: Some("7".to_owned()),
        time: NOON,
        received_at: NOON.plus_seconds(1),
        late: false,
        actor: Some(Actor { id: "r-1".to_owned(), role: Role::Customer, name: None }),
        ticket: Some(("7".to_owned(), Arc::new(ticket()))),
        data: "[]".to_owned(),
        extra: vec![("session".to_owned(), "\"s-1\"".to_owned())],
    }
}

/// An event whose subject tells the guest what to do.
pub(crate) fn event_about(subject: &str) -> Event {
    Event { subject: Some(subject.to_owned()), ..event() }
}

/// Calls a guest about an event, with something to read.
pub(crate) async fn call(name: &str, subject: &str) -> Call<Decision> {
    plugin(name).await.handle(&event_about(subject), &settings(), Arc::new(Stored::default())).await
}

/// The message of a call that failed.
#[track_caller]
pub(crate) fn failed(call: &Call<Decision>) -> String {
    match &call.result {
        Ok(decision) => panic!("it worked: {decision:?}"),
        Err(failure) => failure.to_string(),
    }
}

/// The body of the one note that a call asked for.
#[track_caller]
pub(crate) fn note(call: &Call<Decision>) -> String {
    match &call.result {
        Ok(decision) => decision.effects.first().unwrap().text("body").unwrap().to_owned(),
        Err(failure) => panic!("{failure}"),
    }
}

/// Something to read. Only the plugins `reads-all`, `remembers` and `routing` remember anything.
#[derive(Default)]
pub(crate) struct Stored {
    /// Reads of keys are never answered.
    pub(crate) hangs: bool,
}

impl Stored {
    fn pairs(asker: &Asker, scope: Scope) -> Vec<(String, String)> {
        let pairs: &[(&str, &str)] = match (&*asker.plugin, scope) {
            ("routing", _) => &[("secret", "of routing")],
            ("remembers", Scope::Plugin) => {
                &[("a", "stored"), ("c", "stored"), ("count", "40"), ("d", "stored"), ("e", "stored")]
            }
            ("reads-all", _) => &[("key", "value")],
            _ => &[],
        };
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    Box::pin(std::future::ready(Ok(value)))
}

impl Reads for Stored {
    fn kv_get<'a>(&'a self, asker: &'a Asker, scope: Scope, key: &'a str) -> Answer<'a, Option<String>> {
        if self.hangs {
            return Box::pin(std::future::pending());
        }
        ready(Self::pairs(asker, scope).into_iter().find(|(at, _)| at == key).map(|(_, value)| value))
    }

    fn kv_list<'a>(
        &'a self,
        asker: &'a Asker,
        scope: Scope,
        prefix: &'a str,
        limit: u32,
    ) -> Answer<'a, Vec<(String, String)>> {
        let pairs = Self::pairs(asker, scope).into_iter().filter(|(key, _)| key.starts_with(prefix));
        ready(pairs.take(limit as usize).collect())
    }

    fn history<'a>(&'a self, asker: &'a Asker, limit: u32) -> Answer<'a, Vec<Event>> {
        assert_eq!((asker.source.as_str(), asker.ticket.as_deref()), ("support", Some("7")));
        ready(vec![event(); limit as usize])
    }

    fn tickets_of<'a>(&'a self, _: &'a Asker, requester: &'a str, _: u32) -> Answer<'a, Vec<(String, Arc<Ticket>)>> {
        ready(vec![(format!("of {requester}"), Arc::new(ticket()))])
    }

    fn agents<'a>(&'a self, _: &'a Asker, group: Option<&'a str>) -> Answer<'a, Vec<Agent>> {
        let agent = Agent {
            id: "a-1".to_owned(),
            status: "online".to_owned(),
            capacity: Some(5),
            groups: group.map(str::to_owned).into_iter().collect(),
            skills: vec![],
            languages: vec![],
            open_tickets: 2,
        };
        ready(vec![agent])
    }

    fn first_response<'a>(&'a self, _: &'a Asker, days: u32, _: Option<&'a str>) -> Answer<'a, Option<Summary>> {
        ready(Some(Summary { count: u64::from(days), mean_seconds: 1.5, p50_seconds: 1.0, p90_seconds: 2.0 }))
    }

    fn working_seconds(&self, calendar: &str, start: Timestamp, end: Timestamp) -> Result<u64, Refusal> {
        match calendar {
            "office" => Ok((end.since(start) / 1_000_000) as u64),
            _ => Err(Refusal::invalid(format!("there is no calendar '{calendar}'"))),
        }
    }

    fn add_working(&self, _: &str, start: Timestamp, _: &str) -> Result<Timestamp, Refusal> {
        Ok(start)
    }

    fn is_open(&self, _: &str, _: Timestamp) -> Result<bool, Refusal> {
        Ok(true)
    }

    fn next_opening(&self, _: &str, at: Timestamp) -> Result<Timestamp, Refusal> {
        Ok(at)
    }

    fn closed_dates(&self, _: &str, _: Timestamp, days: u32) -> Result<Vec<String>, Refusal> {
        Ok(vec!["2026-01-06".to_owned(); days as usize / 7])
    }
}
