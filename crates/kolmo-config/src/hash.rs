//! What names a configuration, and whatever else is known by what it says.

/// The BLAKE3 hash of `content`, in hexadecimal digits.
pub fn content_hash(content: &[u8]) -> String {
    blake3::hash(content).to_hex().to_string()
}
