//! What operators write in the settings of several shipped plugins, and how it is read: texts with placeholders, conditions on
//! a ticket's fields, tags of languages; and the texts that are shipped for notices.
//!
//! A library and no plugin: it has no manifest. A plugin of anybody else's could use it just as well, for it knows nothing of
//! the engine but the SDK.

pub mod detect;
pub mod fallback;
pub mod fields;
pub mod language;
pub mod notices;
pub mod template;
