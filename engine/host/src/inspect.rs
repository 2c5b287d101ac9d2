//! What a component says of itself, read without running any of it.
//!
//! The manifest and the SDK's stamp are custom sections of the core module inside the component. Imports and exports
//! are compared with the contract by name here, where the message can say what to do; their types are compared when the
//! component is linked.

use deskbell_model::manifest::{Contract, Manifest, World};
use sha2::{Digest as _, Sha256};
use wasmparser::{ComponentTypeRef, Encoding, Parser, Payload, Validator, WasmFeatures};

use crate::host::Host;
use crate::refused::Refused;

/// The newest contract that this engine speaks.
pub const ENGINE_CONTRACT: &str = "1.0.0";

/// The largest component that is taken. Interpreters with their libraries have some 20 MiB.
pub const MAX_COMPONENT_BYTES: u64 = 32 << 20;

const MANIFEST_SECTION: &str = "deskbell:manifest";
const SDK_SECTION: &str = "deskbell:sdk";

/// The longest section that is read.
const MAX_SECTION_BYTES: usize = 64 << 10;

/// What a component says of itself.
#[derive(Clone, Debug)]
pub struct Inspected {
    pub manifest: Manifest,
    /// The SDK and its version, as it stamped them; empty where there is no stamp.
    pub sdk: String,
    /// SHA-256 of the component, in lower-case hexadecimal.
    pub digest: String,
    pub size_bytes: u64,
    /// The interfaces that it imports, with their versions.
    pub imports: Vec<String>,
}

impl Host {
    /// Reads and checks what a component says of itself. Nothing of it is run or compiled.
    pub fn inspect(bytes: &[u8]) -> Result<Inspected, Refused> {
        let size_bytes = bytes.len() as u64;
        if size_bytes > MAX_COMPONENT_BYTES {
            return Err(Refused::TooLarge { size_bytes, limit_bytes: MAX_COMPONENT_BYTES });
        }
        validate(bytes)?;
        let surface = Surface::read(bytes).map_err(|error| Refused::Malformed(error.to_string()))?;
        let manifest = surface.manifest()?;
        check_contract(manifest.contract)?;
        // Exports first: what says that it is of the wrong world usually imports the other world's interfaces too.
        check_exports(&surface.exports, manifest.world)?;
        for import in &surface.imports {
            check_import(import, manifest.world)?;
        }
        Ok(Inspected {
            manifest,
            sdk: surface.sdk,
            digest: hex::encode(Sha256::digest(bytes)),
            size_bytes,
            imports: surface.imports,
        })
    }
}

/// Whether the bytes are a valid component with no features but those that the engine has on. The compiler is only
/// given what has passed here.
pub(crate) fn validate(bytes: &[u8]) -> Result<(), Refused> {
    let malformed = |error: wasmparser::BinaryReaderError| Refused::Malformed(error.to_string());
    match Parser::new(0).parse_all(bytes).next() {
        Some(Ok(Payload::Version { encoding: Encoding::Component, .. })) => {}
        Some(Ok(_)) => return Err(Refused::NoComponent),
        Some(Err(error)) => return Err(malformed(error)),
        None => return Err(Refused::Malformed("it is empty".to_owned())),
    }
    Validator::new_with_features(features()).validate_all(bytes).map(drop).map_err(malformed)
}

/// What plugins may be made of; the engine's configuration has the same.
fn features() -> WasmFeatures {
    WasmFeatures::WASM2
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::COMPONENT_MODEL
}

/// The parts of a component that show what it is.
#[derive(Default)]
struct Surface {
    manifests: Vec<Vec<u8>>,
    sdk: String,
    imports: Vec<String>,
    exports: Vec<String>,
}

impl Surface {
    fn read(bytes: &[u8]) -> wasmparser::Result<Self> {
        let mut surface = Self::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CustomSection(section) => surface.section(section.name(), section.data()),
                Payload::ComponentImportSection(imports) if depth == 0 => {
                    for import in imports {
                        let import = import?;
                        // A world's `use` makes an import of a type, which says nothing that its interface does not.
                        if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                            surface.imports.push(import.name.name.to_owned());
                        }
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 0 => {
                    for export in exports {
                        surface.exports.push(export?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(surface)
    }

    fn section(&mut self, name: &str, data: &[u8]) {
        let data = data.get(..MAX_SECTION_BYTES).unwrap_or(data);
        match name {
            MANIFEST_SECTION => self.manifests.push(data.to_vec()),
            SDK_SECTION => String::from_utf8_lossy(data).trim().clone_into(&mut self.sdk),
            _ => {}
        }
    }

    fn manifest(&self) -> Result<Manifest, Refused> {
        match self.manifests.as_slice() {
            [] => Err(Refused::NoManifest),
            [manifest] => {
                let text = std::str::from_utf8(manifest).map_err(|_| Refused::ManifestEncoding)?;
                Ok(Manifest::parse(text)?)
            }
            several => Err(Refused::SeveralManifests(several.len())),
        }
    }
}

const fn spoken() -> Contract {
    Contract { major: 1, minor: 0, patch: 0 }
}

fn check_contract(wanted: Contract) -> Result<(), Refused> {
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

/// What each world may import of the contract. Interfaces without functions (the first three) are in all of them: an SDK
/// that has both worlds' types imports both worlds' types.
const fn interfaces(world: World) -> &'static [&'static str] {
    match world {
        World::Automation => &[
            "types", "http", "connecting", "log", "settings", "clock", "kv", "timers", "tickets", "agents",
            "calendars", "figures",
        ],
        World::Connector => &["types", "http", "connecting", "log", "settings", "clock"],
    }
}

/// What the engine has of WASI 0.2. Sockets are there to be refused when they are used: languages' libraries import them.
const WASI_PACKAGES: &[&str] = &["cli", "io", "clocks", "random", "filesystem", "sockets"];

fn check_import(import: &str, world: World) -> Result<(), Refused> {
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
        };
        return refuse(remedy);
    }
    if let Some(interface) = path.strip_prefix("wasi:") {
        let package = interface.split('/').next().unwrap_or_default();
        if package == "http" {
            return refuse("plugins send nothing by themselves; return an effect, or write a connector that renders it");
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

fn check_exports(exports: &[String], world: World) -> Result<(), Refused> {
    const CALL_AUTOMATION: &str = "call deskbell::automation!(handle) in lib.rs, or correct `world` in plugin.toml";
    const CALL_CONNECTOR: &str = "call deskbell::connector!(Type) in lib.rs, or correct `world` in plugin.toml";
    let (wanted, name, remedy): (&[&'static str], _, _) = match world {
        World::Automation => (&["handle"], "automation", CALL_AUTOMATION),
        World::Connector => (&["parse", "render", "probe", "poll"], "connector", CALL_CONNECTOR),
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
        check("deskbell:plugin/connecting@1.0.3", World::Connector, "taken");
        check("wasi:io/streams@0.2.6", World::Automation, "taken");
        check("wasi:sockets/tcp@0.2.0", World::Connector, "taken");
    }

    #[test]
    fn says_what_to_do_about_every_other_import() {
        check("deskbell:plugin/kv@1.0.0", World::Connector, "connectors are pure functions");
        check("deskbell:plugin/secrets@1.0.0", World::Automation, "automations have no such interface");
        check("deskbell:plugin/kv@1.1.0", World::Automation, "made for contract 1.1.0, and this engine speaks 1.0.0; update");
        check("deskbell:plugin/kv@0.9.0", World::Automation, "build the plugin with a newer SDK");
        check("deskbell:plugin/kv", World::Automation, "names no version");
        check("wasi:http/outgoing-handler@0.2.0", World::Automation, "return an effect");
        check("wasi:keyvalue/store@0.2.0", World::Automation, "only WASI's cli");
        check("wasi:io/poll@0.3.0", World::Automation, "wasm32-wasip2");
        check("env", World::Automation, "may import the contract");
    }

    #[test]
    fn refuses_what_is_no_component() {
        let check = |bytes: &[u8], expected: &str| {
            let actual = Host::inspect(bytes).map_or_else(|error| error.to_string(), |_| "taken".to_owned());
            assert!(actual.contains(expected), "{actual}");
        };
        check(b"", "no valid WebAssembly component");
        check(b"hello", "no valid WebAssembly component");
        check(b"\0asm\x01\0\0\0", "a core module; build it for the target wasm32-wasip2");
        check(b"\0asm\x0d\0\x01\0", "carries no manifest");
        check(b"\0asm\x0d\0\x01\0\xff\xff", "no valid WebAssembly component");
    }

    #[test]
    fn finds_manifests_and_counts_them() {
        // A component with custom sections: id 0, length, length of the name, name, content.
        let section = |name: &str, content: &str| {
            let mut section = vec![0, (1 + name.len() + content.len()) as u8, name.len() as u8];
            section.extend_from_slice(name.as_bytes());
            section.extend_from_slice(content.as_bytes());
            section
        };
        let check = |contents: &[&str], expected: &str| {
            let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
            for content in contents {
                bytes.extend(section(MANIFEST_SECTION, content));
            }
            let actual = Host::inspect(&bytes).map_or_else(|error| error.to_string(), |_| "taken".to_owned());
            assert!(actual.contains(expected), "{actual}");
        };
        check(&["name = 1"], "'world' is missing");
        check(&["a", "b"], "carries 2 manifests");
        let whole = "name='a'\nversion='1'\ncontract='2.0.0'\nworld='automation'\nevents=['*']";
        check(&[whole], "made for contract 2.0.0");
        check(&[&whole.replace('2', "1")], "does not export `handle`");
    }
}
