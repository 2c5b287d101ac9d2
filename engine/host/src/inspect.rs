//! What a component says of itself, read without running any of it.
//!
//! The manifest and the SDK's stamp are custom sections of the core module inside the component. Imports and exports
//! are compared with the contract by name here, where the message can say what to do; their types are compared when the
//! component is linked.

use deskbell_model::manifest::Manifest;
use sha2::{Digest as _, Sha256};
use wasmparser::{ComponentTypeRef, Encoding, Parser, Payload, Validator, WasmFeatures};

mod fit;

use fit::{check_contract, check_exports, check_import};

use crate::host::Host;
use crate::refused::Refused;

/// The newest contract that this engine speaks.
pub const ENGINE_CONTRACT: &str = "1.1.0";

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

#[cfg(test)]
mod tests {
    use super::*;

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
            let actual = match Host::inspect(&bytes) {
                Ok(_) => "taken".to_owned(),
                Err(Refused::Manifest(invalid)) => invalid.to_string(),
                Err(refused) => refused.to_string(),
            };
            assert!(actual.contains(expected), "{actual}");
        };
        check(&["name = 1"], "'world' is missing");
        check(&["a", "b"], "carries 2 manifests");
        let whole = "name='a'\nversion='1'\ncontract='2.0.0'\nworld='automation'\nevents=['*']";
        check(&[whole], "made for contract 2.0.0");
        check(&[&whole.replace('2', "1")], "does not export `handle`");
    }
}
