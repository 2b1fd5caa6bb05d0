//! A model as a compressor: whatever goes in comes out, in as many bits as it should take, and nothing else ever does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::{f64::consts::LN_2, panic};

use burn::prelude::Device;
use kolmo_codec::{Codec, CodecError, Compressed, Predictor, bayes};
use kolmo_config::{Discount, ModelConfig, Transformer};
use kolmo_kernels::Workers;
use kolmo_model::Model;
use kolmo_theory::BayesLearner;
use kolmo_world::{
    Document, Token, World, WorldConfig,
    random::{Random, Streams},
};
use rand::{RngExt, seq::IndexedRandom};

/// Dates of three words, documents of two sentences, and a small vocabulary.
const WORLD: &str = r#"
    family = "biography"
    relations_per_document = 2
    frequency = { law = "zipf", exponent = 1.3, elements = 60 }
    names = { pools = [4, 3, 5] }
    syntax = { templates = 3, filler_words = 2 }
    relations = [{ name = "birth_date", values = 24 }, { name = "major", values = 3 }, { name = "birth_city", values = 5 }]
"#;

struct Setup {
    world: World,
    model: Model,
    device: Device,
    workers: [Workers; 2],
}

impl Setup {
    /// A model that knows nothing, which is as good as any for what comes back.
    fn new(seed: u64) -> Self {
        let config: WorldConfig = toml::from_str(WORLD).unwrap();
        let world = World::new(&config, 1).unwrap();
        let device = Device::flex();
        let config = ModelConfig::gpt(Transformer {
            d_model: 16,
            layers: 1,
            heads: 2,
            ..Transformer::default()
        });
        let vocabulary = world.vocabulary().len();
        let model = Model::new(&config, vocabulary, &Streams::new(seed), &device).unwrap();
        Self {
            world,
            model,
            device,
            workers: [1, 2].map(|threads| Workers::new(threads).unwrap()),
        }
    }

    /// Codecs of one thread and of two.
    fn codecs(&self) -> [Codec<'_>; 2] {
        let room = self.world.max_document_length();
        self.workers.each_ref().map(|workers| {
            let predictor = Predictor::new(&self.model, &self.device, room);
            Codec::new(predictor, self.world.vocabulary(), workers).unwrap()
        })
    }

    /// Documents from `first` on as text.
    fn text(&self, first: u64, count: u64) -> Vec<u8> {
        let documents = (first..first + count).map(|n| self.world.document(n).tokens);
        let line = |tokens: Vec<Token>| {
            let words = &tokens[..tokens.len() - 1];
            self.world.vocabulary().text(words) + "\n"
        };
        documents.map(line).collect::<String>().into_bytes()
    }
}

fn compress(codec: &Codec<'_>, text: &[u8]) -> (Vec<u8>, Compressed) {
    let mut file = Vec::new();
    let done = codec.compress(text, &mut file, &mut |_| {}).unwrap();
    assert_eq!(done.written, file.len() as u64);
    assert_eq!(done.bytes, text.len() as u64);
    (file, done)
}

fn decompress(codec: &Codec<'_>, file: &[u8]) -> Result<Vec<u8>, CodecError> {
    let mut text = Vec::new();
    let bytes = codec.decompress(file, &mut text, &mut |_| {})?;
    assert_eq!(bytes, text.len() as u64);
    Ok(text)
}

/// Text of the world, other text, bytes, parts of each in turns, nothing, a byte; mostly short.
fn any_file(setup: &Setup, k: u64, random: &mut Random) -> Vec<u8> {
    let length = [0, 1, 2, 30, 300, 3000][random.random_range(0..6)];
    let mut file = Vec::new();
    let mut pieces = random.random_range(1..5);
    while pieces > 0 {
        pieces -= 1;
        let piece: Vec<u8> = match random.random_range(0..5) {
            0 => setup.text(random.random_range(0..1000), length as u64 / 30),
            1 => (0..length).map(|_| random.random()).collect(),
            2 => "Once upon a time, \r\nthere was\n\n a fact that nobody had stated.\n"
                .bytes()
                .cycle()
                .take(length)
                .collect(),
            // Words of the world in no order of its, with spaces at will.
            3 => {
                let vocabulary = setup.world.vocabulary();
                let words = (0..length / 8).map(|_| {
                    let token = random.random_range(0..vocabulary.len()) as Token;
                    let between = *[" ", " ", " ", "\n", "  ", "\t", ""]
                        .choose(random)
                        .unwrap();
                    vocabulary.word(token).unwrap().to_owned() + between
                });
                words.collect::<String>().into_bytes()
            }
            _ => vec![*b"\n x\0".choose(random).unwrap(); length],
        };
        file.extend(piece);
    }
    // Now and then cut in the middle of a line.
    if k.is_multiple_of(3) && !file.is_empty() {
        file.truncate(random.random_range(0..=file.len()));
    }
    file
}

#[test]
fn a_thousand_files_come_back() {
    let setup = Setup::new(1);
    let codecs = setup.codecs();
    let mut modelled = 0;
    for k in 0..1000 {
        let mut random = Streams::new(1).stream("test/files").at(k);
        let text = match k {
            0 => Vec::new(),
            1 => vec![7],
            2 => b"\n".to_vec(),
            _ => any_file(&setup, k, &mut random),
        };
        let [one, other] = match k % 2 {
            0 => [&codecs[0], &codecs[1]],
            _ => [&codecs[1], &codecs[0]],
        };
        let (file, done) = compress(one, &text);
        modelled += done.modelled;
        assert!(done.written < 120 + 2 * text.len() as u64);
        let back = decompress(other, &file).unwrap();
        assert!(back == text, "file {k}, {} bytes", text.len());
    }
    assert!(modelled > 2000, "{modelled} lines of the world");
}

#[test]
fn ten_megabytes_come_back() {
    let setup = Setup::new(1);
    let codecs = setup.codecs();
    let mut random = Streams::new(1).stream("test/files").at(5000);
    // More blocks of the world than threads, a line that is longer than a block, and bytes.
    let mut text = setup.text(0, 20_000);
    text.extend(std::iter::repeat_n(b'x', 5_000_000));
    text.extend((text.len()..10_000_000).map(|_| random.random::<u8>()));
    text.push(b'x');
    text.extend(setup.text(20_000, 500));
    let (file, done) = compress(&codecs[0], &text);
    // The first line behind the bytes has some before it; among them may be a full stop by itself, which is a word.
    assert!((20_499..20_503).contains(&done.modelled));
    let (other, _) = compress(&codecs[1], &text);
    assert!(file == other, "as many threads as there are, the same bits");
    assert!(decompress(&codecs[1], &file).unwrap() == text);
}

#[test]
fn a_code_is_as_long_as_the_loss_of_a_forward_pass() {
    let setup = Setup::new(1);
    let codecs = setup.codecs();
    for count in [1, 7, 64, 65, 5000] {
        let documents: Vec<Document> = (0..count).map(|n| setup.world.document(n)).collect();
        let (_, done) = compress(&codecs[1], &setup.text(0, count));
        assert_eq!(done.modelled, count);
        let nats = kolmo_eval::code(
            &setup.model,
            &setup.world,
            &documents,
            &setup.device,
            &setup.workers[1],
        );
        let nats: f64 = nats.unwrap().iter().map(|nats| nats.total()).sum();
        let bits = nats / LN_2;
        let coded = done.coded_bits as f64;
        assert!(
            coded > bits && coded <= 1.001 * bits + 64.0,
            "{coded} for {bits}"
        );
        // By its own count, with what tells lines of words from others.
        assert!((done.information_bits - bits).abs() < 1e-5 * bits + 10.0);
    }
}

#[test]
fn what_zstd_codes_better_is_left_to_it() {
    let setup = Setup::new(1);
    let codec = &setup.codecs()[1];
    // Few words of many letters cost a model that knows nothing little, many of a letter or two much.
    let stops = ". . . .\n".repeat(3000).into_bytes();
    let (file, done) = compress(codec, &stops);
    assert_eq!((done.modelled, done.other_bytes), (0, stops.len() as u64));
    assert!(file.len() < 300, "{} bytes", file.len());
    assert!(decompress(codec, &file).unwrap() == stops);
    let (_, done) = compress(codec, &setup.text(0, 3000));
    assert_eq!((done.modelled, done.other_bytes), (3000, 0));
}

#[test]
fn the_bayes_learner_codes_in_the_bits_it_computes() {
    let setup = Setup::new(1);
    let world = &setup.world;
    for before in [0, 3000] {
        let mut learner = BayesLearner::new(world, Discount::Law);
        let mut nats = Vec::new();
        for n in 0..before {
            learner.read(&world.document(n), &mut nats);
        }
        let written = (1 << 40..(1 << 40) + 4000).map(|n| world.document(n));
        let written: Vec<_> = written.collect();
        let documents: Vec<_> = written.iter().map(|of| of.tokens.clone()).collect();
        let mut decoder = learner.clone();
        let mut reader = learner.clone();
        let (code, information) = bayes::encode(&mut learner, &documents).unwrap();
        let expected = written.iter().map(|document| {
            reader.read(document, &mut nats);
            nats.iter().sum::<f64>()
        });
        let expected = expected.sum::<f64>() / LN_2;
        assert!((information / expected - 1.0).abs() < 1e-9);
        let length = 8.0 * code.len() as f64;
        assert!(
            (length / expected - 1.0).abs() < 1e-3,
            "{length} for {expected}"
        );
        let back = bayes::decode(&mut decoder, &code, documents.len()).unwrap();
        assert_eq!(back, documents);
        assert_eq!(decoder.state(), learner.state());
        // What no world has written is refused, and what is no code is none.
        let foreign = vec![documents[0][..3].to_vec()];
        assert!(bayes::encode(&mut learner, &foreign).is_err());
    }
}

/// Either the text or an error, and no panic.
fn check(codec: &Codec<'_>, file: &[u8], text: &[u8]) {
    if let Ok(found) = decompress(codec, file) {
        assert!(found == text, "wrong text");
        panic!("what is damaged was taken for whole");
    }
}

#[test]
fn what_is_damaged_is_refused() {
    let setup = Setup::new(1);
    let codec = &setup.codecs()[1];
    let mut text = setup.text(0, 20);
    text.extend(b"and something else that zstd has to take\n");
    let (file, _) = compress(codec, &text);
    for length in 0..file.len() {
        let cut = decompress(codec, &file[..length]);
        assert!(
            matches!(cut, Err(CodecError::Truncated(_))),
            "{length}: {cut:?}"
        );
    }
    let mut random = Streams::new(1).stream("test/damage").at(0);
    for place in 0..file.len() {
        let mut damaged = file.clone();
        damaged[place] ^= 1 << random.random_range(0..8);
        check(codec, &damaged, &text);
        damaged = file.clone();
        damaged[place] = damaged[place].wrapping_add(random.random_range(1..=255));
        check(codec, &damaged, &text);
    }
    for _ in 0..300 {
        // A part left out, doubled or moved.
        let mut ends = [0; 3].map(|_| random.random_range(0..=file.len()));
        ends.sort_unstable();
        let [a, b, c] = ends;
        for parts in [
            [&file[..a], &file[b..], &[]],
            [&file[..b], &file[a..], &[]],
            [&file[..a], &file[b..c], &[&file[a..b], &file[c..]].concat()],
        ] {
            let damaged = parts.concat();
            if damaged != file {
                check(codec, &damaged, &text);
            }
        }
        let garbage: Vec<u8> = (0..random.random_range(0..200))
            .map(|_| random.random())
            .collect();
        check(codec, &garbage, &text);
        check(codec, &[&file[..32], &garbage[..]].concat(), &text);
    }
    let more = [&file[..], b"x"].concat();
    assert!(matches!(
        decompress(codec, &more),
        Err(CodecError::Damaged(_))
    ));
}

#[test]
fn another_model_or_version_is_told() {
    let setup = Setup::new(1);
    let (file, _) = compress(&setup.codecs()[0], &setup.text(0, 20));
    let other = Setup::new(2);
    let found = decompress(&other.codecs()[0], &file);
    assert!(matches!(found, Err(CodecError::OtherModel)), "{found:?}");
    let codec = &setup.codecs()[0];
    let mut newer = file.clone();
    newer[6] = 9;
    let found = decompress(codec, &newer);
    assert!(
        matches!(found, Err(CodecError::Version { found: 9, known: 1 })),
        "{found:?}"
    );
    // As if another machine had computed the predictions.
    let mut elsewhere = file.clone();
    elsewhere[24] ^= 1;
    let found = decompress(codec, &elsewhere);
    assert!(
        matches!(found, Err(CodecError::OtherPredictions)),
        "{found:?}"
    );
    assert!(matches!(
        decompress(codec, b"PK\x03\x04....."),
        Err(CodecError::NotOurs)
    ));
}

#[test]
fn a_disk_that_is_full_is_an_error() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let setup = Setup::new(1);
    let codec = &setup.codecs()[0];
    let text = setup.text(0, 5);
    let result = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        codec.compress(&text[..], Full, &mut |_| {})
    }));
    assert!(matches!(result, Ok(Err(CodecError::Io { .. }))));
    let (file, _) = compress(codec, &text);
    let result = codec.decompress(&file[..], Full, &mut |_| {});
    assert!(matches!(result, Err(CodecError::Io { .. })));
}
