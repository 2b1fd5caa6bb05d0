//! The file: a head that says which model it takes, blocks, and an end with a checksum of the text.
//!
//! | bytes | |
//! | --- | --- |
//! | 6 | `kolmo` and a zero |
//! | 2 | version of the format |
//! | 16 | BLAKE3 hash of the model's weights and of the vocabulary, cut |
//! | 8 | BLAKE3 hash of its predictions at every place of some documents, cut: others would not decode |
//! | | blocks, each: 1 for its kind, `b`; 4 each for the bytes of the text, its lines, the bytes of both its parts; the two parts; 8 of the BLAKE3 hash of all of these |
//! | 33 | the end: `e`, 8 for the bytes of the text, 16 of its BLAKE3 hash, 8 of the BLAKE3 hash of these |
//!
//! Numbers are little-endian. All blocks but the last have as many lines or bytes as they can. Nothing is taken for granted of a file: what is decoded is the text only if the end says so,
//! and who writes it somewhere must not show it before.

use std::io::{BufRead, ErrorKind, Read, Write};

use kolmo_kernels::Workers;
use kolmo_model::weights;
use kolmo_world::Vocabulary;

use crate::{
    block::{Block, Content, MOST_BYTES, MOST_LINES},
    documents::Predictor,
    error::{CodecError, Result},
};

const MAGIC: [u8; 6] = *b"kolmo\0";
const VERSION: u16 = 1;
const BLOCK: u8 = b'b';
const END: u8 = b'e';

/// Largest part of a block: what zstd cannot compress, or a line of words that are all as improbable as can be.
const MOST_CODE: usize = 4 * MOST_BYTES;

/// What was compressed, and to what.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Compressed {
    /// Bytes of the text.
    pub bytes: u64,
    /// Its lines.
    pub lines: u64,
    /// Lines that the model has coded.
    pub modelled: u64,
    /// Bytes of the others, which zstd has compressed.
    pub other_bytes: u64,
    /// Σ −log2 P of the lines that the model has coded, and of which they are, bits.
    pub information_bits: f64,
    /// Length of their arithmetic code, bits.
    pub coded_bits: u64,
    /// Bytes of the file.
    pub written: u64,
}

/// A model that compresses and decompresses.
#[derive(Debug)]
pub struct Codec<'a> {
    predictor: Predictor<'a>,
    vocabulary: &'a Vocabulary,
    workers: &'a Workers,
    head: [u8; 24],
}

impl<'a> Codec<'a> {
    /// With the predictions of `predictor`, whose words are those of `vocabulary`.
    ///
    /// # Errors
    /// A device that fails.
    pub fn new(
        predictor: Predictor<'a>,
        vocabulary: &'a Vocabulary,
        workers: &'a Workers,
    ) -> Result<Self> {
        let mut model = blake3::Hasher::new();
        model.update(&weights::to_safetensors(&weights::read(
            predictor.model(),
        )?)?);
        for token in 0..vocabulary.len() {
            model.update(vocabulary.word(token as u32).unwrap_or_default().as_bytes());
            model.update(b"\n");
        }
        // Computed as they will be: by one thread of the workers.
        let sample = workers.map_on(predictor.device(), vec![()], |()| predictor.sample());
        let mut predictions = blake3::Hasher::new();
        for weights in sample {
            for weight in weights? {
                predictions.update(&weight.to_le_bytes());
            }
        }
        let mut head = [0; 24];
        head[..16].copy_from_slice(&model.finalize().as_bytes()[..16]);
        head[16..].copy_from_slice(&predictions.finalize().as_bytes()[..8]);
        Ok(Self {
            predictor,
            vocabulary,
            workers,
            head,
        })
    }

    /// Compresses all of `text` to `file`; `progress` is told how many bytes of it are done. Memory does not grow with it.
    ///
    /// # Errors
    /// A system that does not read or write, a device that fails.
    pub fn compress(
        &self,
        mut text: impl BufRead,
        file: impl Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Compressed> {
        let mut file = Counted { file, written: 0 };
        file.put(&MAGIC)?;
        file.put(&VERSION.to_le_bytes())?;
        file.put(&self.head)?;
        let mut hash = blake3::Hasher::new();
        let mut all = Compressed::default();
        loop {
            let mut texts = Vec::new();
            while texts.len() < self.workers.threads() {
                match read_block(&mut text).map_err(CodecError::io("read the text"))? {
                    block if block.is_empty() => break,
                    block => texts.push(block),
                }
            }
            if texts.is_empty() {
                break;
            }
            for text in &texts {
                hash.update(text);
            }
            let encode = |text: Vec<u8>| Block::encode(&text, self.vocabulary, &self.predictor);
            for encoded in self.workers.map_on(self.predictor.device(), texts, encode) {
                let (block, content) = encoded?;
                all.add(&block, content);
                file.put(&block.to_bytes())?;
            }
            progress(all.bytes);
        }
        let mut end = all.bytes.to_le_bytes().to_vec();
        end.extend_from_slice(&hash.finalize().as_bytes()[..16]);
        file.put(&[END])?;
        file.put(&end)?;
        file.put(&checksum(&end))?;
        file.file.flush().map_err(CodecError::io(WRITE))?;
        all.written = file.written;
        Ok(all)
    }

    /// Decompresses all of `file` to `text`; `progress` is told how many bytes of the file are done. What is in `text` is what
    /// was compressed only if this is no error.
    ///
    /// # Errors
    /// A file that is not one of this model and whole, a system that does not read or write, a device that fails.
    pub fn decompress(
        &self,
        mut file: impl Read,
        mut text: impl Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64> {
        self.check_head(&mut file)?;
        let mut hash = blake3::Hasher::new();
        let (mut bytes, mut done) = (0u64, 0u64);
        let (mut is_last, mut is_over) = (false, false);
        while !is_over {
            let mut blocks = Vec::new();
            while blocks.len() < self.workers.threads() && !is_over {
                match take::<1>(&mut file, "its end")? {
                    [BLOCK] if is_last => {
                        return Err(CodecError::Damaged("blocks stand behind the last one"));
                    }
                    [BLOCK] => {
                        let block = Block::from_bytes(&mut file)?;
                        is_last = !block.is_full();
                        done += block.written() as u64;
                        blocks.push(block);
                    }
                    [END] => is_over = true,
                    _ => return Err(CodecError::Damaged("a part of it is neither block nor end")),
                }
            }
            let decode = |block: Block| block.decode(self.vocabulary, &self.predictor);
            for decoded in self.workers.map_on(self.predictor.device(), blocks, decode) {
                let decoded = decoded?;
                hash.update(&decoded);
                bytes += decoded.len() as u64;
                text.write_all(&decoded)
                    .map_err(CodecError::io("write the text"))?;
            }
            progress(done);
        }
        let end: [u8; 24] = take(&mut file, "its end")?;
        if take::<8>(&mut file, "its end")? != checksum(&end) {
            return Err(CodecError::Damaged(
                "its end has not the checksum it should",
            ));
        }
        if end[..8] != bytes.to_le_bytes() || end[8..] != hash.finalize().as_bytes()[..16] {
            return Err(CodecError::OtherPredictions);
        }
        let mut more = [0];
        match file.read(&mut more).map_err(CodecError::io(READ))? {
            0 => {}
            _ => return Err(CodecError::Damaged("something stands behind its end")),
        }
        text.flush().map_err(CodecError::io("write the text"))?;
        Ok(bytes)
    }

    fn check_head(&self, file: &mut impl Read) -> Result<()> {
        const HEAD: &str = "its head";
        if take::<6>(file, HEAD)? != MAGIC {
            return Err(CodecError::NotOurs);
        }
        let found = u16::from_le_bytes(take(file, HEAD)?);
        if found != VERSION {
            return Err(CodecError::Version {
                found,
                known: VERSION,
            });
        }
        let head: [u8; 24] = take(file, HEAD)?;
        if head[..16] != self.head[..16] {
            return Err(CodecError::OtherModel);
        }
        if head != self.head {
            return Err(CodecError::OtherPredictions);
        }
        Ok(())
    }
}

impl Compressed {
    fn add(&mut self, block: &Block, content: Content) {
        self.bytes += u64::from(block.bytes);
        self.lines += u64::from(block.lines);
        self.modelled += content.modelled;
        self.other_bytes += content.other_bytes;
        self.information_bits += content.information_bits;
        self.coded_bits += 8 * block.code.len() as u64;
    }
}

impl Block {
    /// Whether another one may follow.
    fn is_full(&self) -> bool {
        self.lines as usize == MOST_LINES || self.bytes as usize == MOST_BYTES
    }

    /// Bytes that it is written in.
    pub(crate) fn written(&self) -> usize {
        1 + 16 + self.code.len() + self.rest.len() + 8
    }

    /// As it is written.
    fn to_bytes(&self) -> Vec<u8> {
        let lengths = [self.code.len() as u32, self.rest.len() as u32];
        let mut bytes = vec![BLOCK];
        for number in [self.bytes, self.lines].into_iter().chain(lengths) {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.code);
        bytes.extend_from_slice(&self.rest);
        let sum = checksum(&bytes[1..]);
        bytes.extend_from_slice(&sum);
        bytes
    }

    /// Behind the byte for its kind.
    fn from_bytes(file: &mut impl Read) -> Result<Self> {
        const WHAT: &str = "the rest of a block";
        let head: [u8; 16] = take(file, WHAT)?;
        let (numbers, _) = head.as_chunks::<4>();
        let number = |k: usize| u32::from_le_bytes(numbers[k]);
        let (code, rest) = (number(2) as usize, number(3) as usize);
        let (text, lines) = (number(0) as usize, number(1) as usize);
        let is_possible = (1..=MOST_LINES.min(text)).contains(&lines)
            && text <= MOST_BYTES
            && code <= MOST_CODE
            && rest <= MOST_CODE;
        if !is_possible {
            return Err(CodecError::Damaged("a block is of no possible size"));
        }
        let mut bytes = head.to_vec();
        let length = (code + rest) as u64;
        let read = file.take(length).read_to_end(&mut bytes);
        if read.map_err(CodecError::io(READ))? as u64 != length {
            return Err(CodecError::Truncated(WHAT));
        }
        if take::<8>(file, WHAT)? != checksum(&bytes) {
            return Err(CodecError::Damaged(
                "a block has not the checksum it should",
            ));
        }
        let rest = bytes.split_off(16 + code);
        Ok(Self {
            bytes: number(0),
            lines: number(1),
            code: bytes.split_off(16),
            rest,
        })
    }
}

const READ: &str = "read the compressed file";
const WRITE: &str = "write the compressed file";

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let mut sum = [0; 8];
    sum.copy_from_slice(&blake3::hash(bytes).as_bytes()[..8]);
    sum
}

/// The next bytes of `file`; `what` they belong to.
fn take<const N: usize>(file: &mut impl Read, what: &'static str) -> Result<[u8; N]> {
    let mut bytes = [0; N];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(CodecError::Truncated(what)),
        Err(error) => Err(CodecError::io(READ)(error)),
    }
}

/// The text of the next block; nothing at the end.
fn read_block(text: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut block = Vec::new();
    for _ in 0..MOST_LINES {
        let left = MOST_BYTES - block.len();
        let read = text
            .by_ref()
            .take(left as u64)
            .read_until(b'\n', &mut block)?;
        if read == 0 {
            break;
        }
    }
    Ok(block)
}

/// A file whose bytes are counted.
struct Counted<W> {
    file: W,
    written: u64,
}

impl<W: Write> Counted<W> {
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.written += bytes.len() as u64;
        self.file.write_all(bytes).map_err(CodecError::io(WRITE))
    }
}
