//! Whether what a component imports and exports fits this engine, by name.

use deskbell_model::manifest::{Contract, World};

use super::ENGINE_CONTRACT;
use crate::refused::Refused;

const fn spoken() -> Contract {
    Contract { major: 1, minor: 1, patch: 0 }
}

pub(super) fn check_contract(wanted: Contract) -> Result<(), Refused> {
    let spoken = spoken();
    let remedy = if (wanted.major, wanted.minor) > (spoken.major, spoken.minor) {
        "update the engine, or build the plugin with an older SDK"
    } else if wanted.major < spoken.major {
        "build the plugin with a newer SDK"
    } else {
        return Ok(());
    };
    Err(Refused::Contract { wanted: wanted.to_string(), spoken: ENGINE_CONTRACT, remedy })
}

/// What each world may import of the contract. Interfaces without functions (the first four) are in all of them: an SDK
/// that has all worlds' types imports all of them.
const fn interfaces(world: World) -> &'static [&'static str] {
    match world {
        World::Automation => &[
            "types",
            "http",
            "connecting",
            "reporting",
            "log",
            "settings",
            "clock",
            "kv",
            "timers",
            "tickets",
            "agents",
            "calendars",
            "figures",
        ],
        World::Connector => &["types", "http", "connecting", "reporting", "log", "settings", "clock"],
        World::Reporter => &[
            "types",
            "http",
            "connecting",
            "reporting",
            "log",
            "settings",
            "clock",
            "calendars",
            "kpis",
            "comments",
            "automation-figures",
        ],
    }
}

/// What the engine has of WASI 0.2. Sockets are there to be refused when they are used: languages' libraries import them.
const WASI_PACKAGES: &[&str] = &["cli", "io", "clocks", "random", "filesystem", "sockets"];

pub(super) fn check_import(import: &str, world: World) -> Result<(), Refused> {
    let refuse = |remedy: &str| Err(Refused::Import { import: import.to_owned(), remedy: remedy.to_owned() });
    let (path, version) = import.split_once('@').unwrap_or((import, ""));
    if let Some(interface) = path.strip_prefix("deskbell:plugin/") {
        let Ok(version) = version.parse::<Contract>() else {
            return refuse("it names no version of the contract; build the plugin with a released SDK");
        };
        check_contract(version)?;
        if interfaces(world).contains(&interface) {
            return Ok(());
        }
        let remedy = match world {
            World::Automation => "automations have no such interface; build it with an SDK for this contract",
            World::Connector => "connectors are pure functions; only automations read and remember",
            World::Reporter => "reporters read figures and remember nothing; do this in an automation",
        };
        return refuse(remedy);
    }
    if let Some(interface) = path.strip_prefix("wasi:") {
        let package = interface.split('/').next().unwrap_or_default();
        if package == "http" {
            return refuse(
                "plugins send nothing by themselves; return an effect, or write a connector that renders it",
            );
        }
        if !WASI_PACKAGES.contains(&package) {
            return refuse("only WASI's cli, io, clocks, random and filesystem are there; leave out what needs it");
        }
        if version.starts_with("0.2.") {
            return Ok(());
        }
        return refuse("this engine has WASI 0.2; build for the target wasm32-wasip2");
    }
    refuse("a plugin may import the contract (deskbell:plugin) and WASI 0.2 alone")
}

pub(super) fn check_exports(exports: &[String], world: World) -> Result<(), Refused> {
    const CALL_AUTOMATION: &str = "call deskbell::automation!(handle) in lib.rs, or correct `world` in plugin.toml";
    const CALL_REPORTER: &str = "call deskbell::reporter!(report) in lib.rs, or correct `world` in plugin.toml";
    const CALL_CONNECTOR: &str = "call deskbell::connector!(Type) in lib.rs, or correct `world` in plugin.toml";
    let (wanted, name, remedy): (&[&'static str], _, _) = match world {
        World::Automation => (&["handle"], "automation", CALL_AUTOMATION),
        World::Connector => (&["parse", "render", "probe", "reconcile"], "connector", CALL_CONNECTOR),
        World::Reporter => (&["report"], "reporter", CALL_REPORTER),
    };
    match wanted.iter().find(|wanted| !exports.iter().any(|export| export == *wanted)) {
        None => Ok(()),
        Some(export) => Err(Refused::Export { export, world: name, remedy }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(import: &str, world: World, expected: &str) {
        let actual = check_import(import, world).map_or_else(|error| error.to_string(), |()| "taken".to_owned());
        assert!(actual.contains(expected), "{import}: {actual}");
    }

    #[test]
    fn takes_the_contract_and_the_harmless_part_of_wasi() {
        check("deskbell:plugin/kv@1.0.0", World::Automation, "taken");
        check("deskbell:plugin/kpis@1.1.0", World::Reporter, "taken");
        check("deskbell:plugin/connecting@1.0.3", World::Connector, "taken");
        check("wasi:io/streams@0.2.6", World::Automation, "taken");
        check("wasi:sockets/tcp@0.2.0", World::Connector, "taken");
    }

    #[test]
    fn says_what_to_do_about_every_other_import() {
        check("deskbell:plugin/kv@1.0.0", World::Connector, "connectors are pure functions");
        check("deskbell:plugin/kv@1.1.0", World::Reporter, "reporters read figures and remember nothing");
        check("deskbell:plugin/secrets@1.0.0", World::Automation, "automations have no such interface");
        check(
            "deskbell:plugin/kv@1.2.0",
            World::Automation,
            "made for contract 1.2.0, and this engine speaks 1.1.0; update",
        );
        check("deskbell:plugin/kv@0.9.0", World::Automation, "build the plugin with a newer SDK");
        check("deskbell:plugin/kv", World::Automation, "names no version");
        check("wasi:http/outgoing-handler@0.2.0", World::Automation, "return an effect");
        check("wasi:keyvalue/store@0.2.0", World::Automation, "only WASI's cli");
        check("wasi:io/poll@0.3.0", World::Automation, "wasm32-wasip2");
        check("env", World::Automation, "may import the contract");
    }
}
