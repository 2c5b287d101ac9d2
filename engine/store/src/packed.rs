//! The data of events as they are kept: JSON text, compressed where that makes it smaller.
//!
//! Events stay for ever, and Postgres compresses only rows of more than 2 KB, so most would lie there as they came.

/// Less is not worth it.
const LEAST: usize = 512;
/// More is no event's: bodies and lines of an import are bounded far below.
const MOST: usize = 64 << 20;
/// What a compressed text begins with; no JSON text does. Then an LZ4 block behind its length, four bytes, lowest first.
const LZ4: u8 = 1;

/// The bytes for a JSON text.
pub(crate) fn pack(text: &str) -> Vec<u8> {
    if text.len() >= LEAST {
        let block = lz4_flex::block::compress_prepend_size(text.as_bytes());
        if block.len() + 1 < text.len() {
            let mut packed = Vec::with_capacity(block.len() + 1);
            packed.push(LZ4);
            packed.extend_from_slice(&block);
            return packed;
        }
    }
    text.as_bytes().to_vec()
}

/// The JSON text of such bytes; none of what [`pack`] never gave.
pub(crate) fn unpack(packed: &[u8]) -> Option<String> {
    let text = match packed.split_first() {
        Some((&LZ4, block)) => {
            let (length, block) =
                lz4_flex::block::uncompressed_size(block).ok().filter(|(length, _)| *length <= MOST)?;
            lz4_flex::block::decompress(block, length).ok()?
        }
        _ => packed.to_vec(),
    };
    String::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        let long = format!(r#"{{"text":"{}"}}"#, "Where is my order? ".repeat(100));
        let noise: String =
            (0..2000_u32).map(|n| char::from(33 + (n.wrapping_mul(2_654_435_761) >> 25) as u8)).collect();
        for text in ["", "{}", "null", r#"{"a":"ü"}"#, &long, &noise] {
            assert_eq!(unpack(&pack(text)).as_deref(), Some(text));
            assert!(pack(text).len() <= text.len());
        }
        assert!(pack(&long).len() < long.len() / 10);
        assert_eq!(pack(r#"{"a":1}"#), br#"{"a":1}"#, "what is short can be read with psql");
    }

    #[test]
    fn what_was_never_packed_is_none() {
        for packed in [&[LZ4][..], &[LZ4, 255, 255, 255, 255, 0], &[LZ4, 4, 0, 0, 0, 0x40, b'a'], &[0xff]] {
            assert_eq!(unpack(packed), None);
        }
    }
}
