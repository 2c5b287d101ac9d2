//! A name for content, for what has no id of its own.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The first 128 bits of the content's SHA-256, in hexadecimal.
pub(crate) fn digest(content: &[u8]) -> String {
    Sha256::digest(content).iter().take(16).fold(String::new(), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
