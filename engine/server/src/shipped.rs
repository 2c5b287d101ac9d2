//! The plugins that are carried inside the binary.

include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The component of a shipped plugin.
pub(crate) fn component(name: &str) -> Option<&'static [u8]> {
    SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, bytes)| *bytes)
}

/// The names of all shipped plugins.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}
