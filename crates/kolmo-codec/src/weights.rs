//! The weights of a model in few bits: rounded to a grid, and entropy coded.
//!
//! Each row of a matrix has a step of its own, and its weights are rounded to a whole number of them, from −m to m; with b
//! bits m is 2^(b − 1) − 1. The step is the one, of some, that leaves the least squared error, which cuts the largest weights
//! off where bits are few. Steps and vectors (gains, biases) have the 16 bits of bfloat16. What comes of it goes through the range coder, the probabilities of each
//! tensor being learnt as it goes, so that nothing needs a table. With 32 bits weights stay as they are.
//!
//! Names and shapes are not in the code: who knows the configuration knows them.

use std::collections::BTreeMap;

use kolmo_config::ParameterSpec;
use kolmo_model::weights::{HostTensor, NamedTensors};

use crate::{
    coder::{Counts, Decoder, Encoder},
    error::{CodecError, Result},
};

/// Bits of a weight that is left as it is.
pub const EXACT: u32 = 32;

/// The bits that weights are rounded to, the finest first.
pub const ROUNDED: [u32; 5] = [8, 6, 4, 3, 2];

/// Steps that are tried: such parts of the largest that is of any use.
const TRIED: u32 = 24;

/// `tensors`, the parameters of `specs`, in `bits` a weight, from 2 to 8, or [`EXACT`].
///
/// # Errors
/// [`CodecError::NotNumbers`] if a weight is none; [`CodecError::Damaged`] if they are of another model.
pub fn compress(tensors: &NamedTensors, specs: &[ParameterSpec], bits: u32) -> Result<Vec<u8>> {
    if tensors
        .values()
        .flat_map(|t| &t.values)
        .any(|x| !short(*x).is_finite())
    {
        return Err(CodecError::NotNumbers);
    }
    let mut encoder = Encoder::default();
    for spec in by_name(specs) {
        let tensor = tensors.get(&spec.name);
        let tensor = tensor.filter(|tensor| tensor.shape == spec.shape);
        let tensor = tensor.ok_or(CodecError::Damaged("the weights are of another model"))?;
        let mut bytes = Bytes::new();
        match grid(spec, bits) {
            None => {
                let width = if bits == EXACT { 4 } else { 2 };
                for value in &tensor.values {
                    bytes.put(*value, width, &mut encoder)?;
                }
            }
            Some((most, width)) => {
                let mut counts = Counts::new(2 * most as usize + 1);
                for row in tensor.values.chunks(width) {
                    let step = step(row, most);
                    bytes.put(step, 2, &mut encoder)?;
                    for value in row {
                        let multiple = nearest(*value, step, most) + most;
                        counts.put(multiple as usize, &mut encoder)?;
                    }
                }
            }
        }
    }
    Ok(encoder.finish())
}

/// The tensors of `specs`, rounded, that [`compress`] made `code` of.
///
/// # Errors
/// [`CodecError::Damaged`] for what is no such code.
pub fn decompress(code: &[u8], specs: &[ParameterSpec], bits: u32) -> Result<NamedTensors> {
    let mut decoder = Decoder::new(code)?;
    let mut tensors = NamedTensors::new();
    for spec in by_name(specs) {
        let mut bytes = Bytes::new();
        let length = spec.count() as usize;
        let mut values = Vec::with_capacity(length);
        match grid(spec, bits) {
            None => {
                let width = if bits == EXACT { 4 } else { 2 };
                for _ in 0..length {
                    values.push(bytes.take(width, &mut decoder)?);
                }
            }
            Some((most, width)) => {
                let mut counts = Counts::new(2 * most as usize + 1);
                while values.len() < length {
                    let step = bytes.take(2, &mut decoder)?;
                    for _ in 0..width.min(length - values.len()) {
                        let multiple = counts.take(&mut decoder)? as i32 - most;
                        values.push(multiple as f32 * step);
                    }
                }
            }
        }
        let shape = spec.shape.clone();
        tensors.insert(spec.name.clone(), HostTensor { shape, values });
    }
    Ok(tensors)
}

/// In the order of the code: by name.
fn by_name(specs: &[ParameterSpec]) -> impl Iterator<Item = &ParameterSpec> {
    let named = specs.iter().map(|spec| (spec.name.as_str(), spec));
    named.collect::<BTreeMap<_, _>>().into_values()
}

/// The largest multiple of a step, and the weights of a row; none of what is not rounded to a grid.
fn grid(spec: &ParameterSpec, bits: u32) -> Option<(i32, usize)> {
    let width = *spec.shape.last()?;
    (spec.kind.is_rounded() && bits != EXACT).then(|| ((1 << (bits.max(2) - 1)) - 1, width))
}

/// The step of least squared error, as it is kept.
fn step(row: &[f32], most: i32) -> f32 {
    let largest = row.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    let steps = (1..=TRIED).map(|k| short(largest / most as f32 * k as f32 / TRIED as f32));
    let error = |step: f32| -> f64 {
        let errors = row.iter().map(|x| {
            let rounded = nearest(*x, step, most) as f32 * step;
            f64::from(x - rounded).powi(2)
        });
        errors.sum()
    };
    let with_error = steps.map(|step| (error(step), step));
    let best = with_error.min_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or(0.0, |(_, step)| step)
}

fn nearest(value: f32, step: f32, most: i32) -> i32 {
    // 0 / 0 is no number, and no number is 0 as an integer.
    ((value / step).round() as i32).clamp(-most, most)
}

/// `value` with the precision of bfloat16.
fn short(value: f32) -> f32 {
    f32::from_bits(value.to_bits().saturating_add(1 << 15) & 0xffff_0000)
}

/// Numbers byte by byte, the first ones first: of sign, exponent and what comes next the counts are learnt, further
/// bytes are as good as random.
struct Bytes([Counts; 2]);

impl Bytes {
    fn new() -> Self {
        Self([Counts::new(256), Counts::new(256)])
    }

    /// The first `width` bytes of `value`, 2 or 4; what is behind them is rounded.
    fn put(&mut self, value: f32, width: usize, encoder: &mut Encoder) -> Result<()> {
        let value = if width == 2 { short(value) } else { value };
        for (k, byte) in value.to_be_bytes().iter().take(width).enumerate() {
            match self.0.get_mut(k) {
                Some(counts) => counts.put(usize::from(*byte), encoder)?,
                None => encoder.put(usize::from(*byte), &[1.0; 256])?,
            }
        }
        Ok(())
    }

    fn take(&mut self, width: usize, decoder: &mut Decoder) -> Result<f32> {
        let mut bytes = [0; 4];
        for (k, byte) in bytes.iter_mut().take(width).enumerate() {
            *byte = match self.0.get_mut(k) {
                Some(counts) => counts.take(decoder)?,
                None => decoder.take(&[1.0; 256])?,
            } as u8;
        }
        Ok(f32::from_be_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use kolmo_world::random::Streams;
    use rand::RngExt;

    use super::*;

    /// A matrix of normal numbers, of row k k times as wide, and a vector.
    fn tensors() -> NamedTensors {
        let mut random = Streams::new(1).stream("test").at(0);
        let mut normal = || (0..12).map(|_| random.random::<f32>()).sum::<f32>() - 6.0;
        let matrix = (0..64 * 256).map(|k| normal() * (k / 256) as f32).collect();
        let vector = (0..300).map(|_| normal()).collect();
        let tensor = |shape: &[usize], values| HostTensor {
            shape: shape.to_vec(),
            values,
        };
        [
            ("matrix", tensor(&[64, 256], matrix)),
            ("vector", tensor(&[300], vector)),
        ]
        .map(|(name, tensor)| (name.to_owned(), tensor))
        .into()
    }

    fn specs() -> [ParameterSpec; 2] {
        [
            ParameterSpec::vector("vector", 300, 0.0),
            ParameterSpec::hidden("matrix", [64, 256]),
        ]
    }

    #[test]
    fn weights_come_back_exactly_or_rounded() {
        let (tensors, specs) = (tensors(), specs());
        let code = compress(&tensors, &specs, EXACT).unwrap();
        assert_eq!(decompress(&code, &specs, EXACT).unwrap(), tensors);
        let mut before = code.len();
        for bits in ROUNDED {
            let code = compress(&tensors, &specs, bits).unwrap();
            let back = decompress(&code, &specs, bits).unwrap();
            // What is rounded already is on a grid, and comes back as it is.
            let again = compress(&back, &specs, bits).unwrap();
            assert_eq!(decompress(&again, &specs, bits).unwrap(), back, "{bits}");
            for (x, y) in tensors["vector"].values.iter().zip(&back["vector"].values) {
                assert!((x - y).abs() <= x.abs() / 256.0);
            }
            assert!(code.len() < before, "{bits}");
            before = code.len();
        }
    }

    /// Of a normal number the best uniform quantiser with so many levels leaves this share of the variance (Max 1960, table II:
    /// 3, 7, 15 levels), and its output has this entropy.
    #[test]
    fn rounding_costs_what_it_must() {
        let (tensors, specs) = (tensors(), specs());
        for (bits, share) in [(2, 0.1902), (3, 0.0440), (4, 0.0120)] {
            let code = compress(&tensors, &specs, bits).unwrap();
            let back = decompress(&code, &specs, bits).unwrap();
            let pairs = || tensors["matrix"].values.iter().zip(&back["matrix"].values);
            let (mut error, mut power) = (0.0, 0.0);
            for (k, (x, y)) in pairs().enumerate() {
                let width = (k / 256).max(1) as f64;
                error += (f64::from(x - y) / width).powi(2);
                power += (f64::from(*x) / width).powi(2);
            }
            // Each row has a step of its own for what came out, a little better than the best one for all.
            let found = error / power;
            assert!(
                found < 1.03 * share && found > 0.9 * share,
                "{bits}: {found}"
            );
            let mut count = BTreeMap::new();
            for (k, (_, y)) in pairs().enumerate() {
                if k >= 256 {
                    let row = &back["matrix"].values[k / 256 * 256..][..256];
                    let least = row.iter().filter(|y| **y != 0.0);
                    let step = least.fold(f32::INFINITY, |least, y| least.min(y.abs()));
                    *count.entry((y / step).round() as i32).or_insert(0.0) += 1.0;
                }
            }
            let total: f64 = count.values().sum();
            let entropy: f64 = count.values().map(|n| -n * f64::log2(n / total)).sum();
            let other = 64.0 * 16.0 + 300.0 * 16.0;
            let length = 8.0 * code.len() as f64;
            assert!(
                length > entropy && length < entropy + other + 1500.0,
                "{bits}: {length} {entropy}"
            );
        }
    }

    #[test]
    fn broken_weights_are_refused() {
        let mut tensors = tensors();
        tensors.get_mut("vector").unwrap().values[7] = f32::NAN;
        assert!(matches!(
            compress(&tensors, &specs(), 4),
            Err(CodecError::NotNumbers)
        ));
    }
}
