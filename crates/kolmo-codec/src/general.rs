//! General compressors, each as strong as it gets: what a model's code is compared with.

use std::io::{self, Read, Write};

/// A compressor that knows nothing of the text.
#[derive(Debug, Clone, Copy)]
pub struct General {
    /// Its name, with the level.
    pub name: &'static str,
    compress: fn(&[u8]) -> io::Result<Vec<u8>>,
    decompress: fn(&[u8]) -> io::Result<Vec<u8>>,
}

/// Those that are compared.
pub const ALL: [General; 4] = [
    General {
        name: "zstd -19",
        compress: |text| zstd::stream::encode_all(text, 19),
        decompress: |code| zstd::stream::decode_all(code),
    },
    General {
        name: "xz -9",
        compress: |text| {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 9);
            encoder.write_all(text)?;
            encoder.finish()
        },
        decompress: |code| read_all(liblzma::read::XzDecoder::new(code)),
    },
    General {
        name: "brotli -11",
        compress: |text| {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), BUFFER, 11, BROTLI_WINDOW);
            encoder.write_all(text)?;
            Ok(encoder.into_inner())
        },
        decompress: |code| read_all(brotli::Decompressor::new(code, BUFFER)),
    },
    General {
        name: "PPMd -o32",
        compress: |text| {
            let mut encoder = ppmd_rust::Ppmd7Encoder::new(Vec::new(), PPM_ORDER, PPM_MEMORY)
                .map_err(io::Error::other)?;
            encoder.write_all(text)?;
            encoder.finish(true)
        },
        decompress: |code| {
            let decoder = ppmd_rust::Ppmd7Decoder::new(code, PPM_ORDER, PPM_MEMORY);
            read_all(decoder.map_err(io::Error::other)?)
        },
    },
];

const BUFFER: usize = 1 << 16;

/// log2 of the largest window that brotli has.
const BROTLI_WINDOW: u32 = 24;

/// Bytes that PPMd predicts the next one from: of 8 to 64 the best on texts of several worlds.
const PPM_ORDER: u32 = 32;

/// Bytes that it remembers with: enough for some 10 MB of such text.
const PPM_MEMORY: u32 = 64 << 20;

fn read_all(mut reader: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    reader.read_to_end(&mut text)?;
    Ok(text)
}

impl General {
    /// `text`, compressed.
    ///
    /// # Errors
    /// The library's, for want of memory.
    pub fn compress(&self, text: &[u8]) -> io::Result<Vec<u8>> {
        (self.compress)(text)
    }

    /// What [`compress`](Self::compress) made `code` of.
    ///
    /// # Errors
    /// The library's, for what is no such code.
    pub fn decompress(&self, code: &[u8]) -> io::Result<Vec<u8>> {
        (self.decompress)(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_get_shorter() {
        let text: String = (0..5000)
            .map(|k| format!("line {} of some\n", k * k % 97))
            .collect();
        for general in ALL {
            for text in [text.as_bytes(), b"", b"x"] {
                let code = general.compress(text).unwrap();
                assert_eq!(general.decompress(&code).unwrap(), text, "{}", general.name);
                assert!(
                    code.len() < 80 + text.len() / 20,
                    "{}: {}",
                    general.name,
                    code.len()
                );
            }
        }
    }
}
