//! Many tensors as one: what a GPU spends on small tensors is mostly the launch of a kernel for each.

use burn::prelude::*;

use crate::gpu::{bindings, is_gpu};

/// Tensors laid down in one kernel, if it may have so many bindings.
const AT_ONCE: usize = 24;

/// Values, of four bytes, at a multiple of which a buffer may begin on every GPU.
const ALIGNED: usize = 64;

/// Values that a part of `size` takes up in what is [joined](join) on `device`. On a GPU that is a multiple of 64, so that the
/// next part begins where a buffer may; what is over is zero.
pub fn room(size: usize, device: &Device) -> usize {
    size.next_multiple_of(aligned(device))
}

fn aligned(device: &Device) -> usize {
    match is_gpu(device) {
        true => ALIGNED,
        false => 1,
    }
}

/// Lays `parts` end to end, each in its [room], in few kernels.
///
/// # Panics
/// If there are none.
pub fn join(parts: Vec<Tensor<1>>) -> Tensor<1> {
    let device = parts[0].device();
    let parts = fill_up(parts, aligned(&device));
    // One binding is the result, one the sizes.
    let bindings = bindings(&device).unwrap_or(usize::MAX);
    end_to_end(parts, bindings)
}

/// `parts`, with zeros after each that is no multiple of `aligned` values.
fn fill_up(parts: Vec<Tensor<1>>, aligned: usize) -> Vec<Tensor<1>> {
    // One tensor of each length: a kernel makes it.
    let mut zeros: Vec<Tensor<1>> = Vec::new();
    let mut filled = Vec::with_capacity(parts.len());
    for part in parts {
        let [size] = part.dims();
        let (over, device) = (size.next_multiple_of(aligned) - size, part.device());
        filled.push(part);
        if over == 0 {
            continue;
        }
        let there = zeros.iter().find(|zeros| zeros.dims() == [over]).cloned();
        filled.push(there.unwrap_or_else(|| {
            let new = Tensor::zeros([over], &device);
            zeros.push(new.clone());
            new
        }));
    }
    filled
}

fn end_to_end(mut parts: Vec<Tensor<1>>, bindings: usize) -> Tensor<1> {
    let at_once = bindings.saturating_sub(2).clamp(2, AT_ONCE);
    while parts.len() > 1 {
        let mut joined = Vec::new();
        while !parts.is_empty() {
            let rest = parts.split_off(at_once.min(parts.len()));
            // One alone would be copied.
            joined.push(match parts.len() {
                1 => parts.swap_remove(0),
                _ => Tensor::cat(parts, 0),
            });
            parts = rest;
        }
        parts = joined;
    }
    parts.swap_remove(0)
}

/// The parts of `sizes` that [`join`] laid end to end. On a GPU they are no copies but views of `joined`, as far
/// as each is of so many values that a buffer may end there: a multiple of 64 will do everywhere.
pub fn split(joined: &Tensor<1>, sizes: impl IntoIterator<Item = usize>) -> Vec<Tensor<1>> {
    take_apart(joined, sizes, aligned(&joined.device()))
}

fn take_apart(
    joined: &Tensor<1>,
    sizes: impl IntoIterator<Item = usize>,
    aligned: usize,
) -> Vec<Tensor<1>> {
    let mut start = 0;
    let parts = sizes.into_iter().map(|size| {
        let part = joined.clone().narrow(0, start, size);
        start += size.next_multiple_of(aligned);
        part
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_joined_comes_apart_again() {
        let device = Device::flex();
        for count in [1, 2, AT_ONCE, AT_ONCE + 1, AT_ONCE * AT_ONCE + 1] {
            let sizes: Vec<usize> = (0..count).map(|k| k % 5 + 1).collect();
            let part = |(k, size): (usize, &usize)| Tensor::<1>::full([*size], k as f32, &device);
            let parts: Vec<_> = sizes.iter().enumerate().map(part).collect();
            let joined = join(parts.clone());
            assert_eq!(joined.dims(), [sizes.iter().sum::<usize>()]);
            for (part, again) in parts.iter().zip(split(&joined, sizes.clone())) {
                assert_eq!(part.to_data(), again.into_data());
            }
            // As on a GPU: three values for each begun.
            let joined = end_to_end(fill_up(parts.clone(), 3), usize::MAX);
            assert_eq!(
                joined.dims(),
                [sizes.iter().map(|n| n.div_ceil(3) * 3).sum::<usize>()]
            );
            let total: f32 = parts
                .iter()
                .map(|part| part.clone().sum().into_scalar::<f32>())
                .sum();
            assert_eq!(joined.clone().sum().into_scalar::<f32>(), total);
            for (part, again) in parts.into_iter().zip(take_apart(&joined, sizes, 3)) {
                assert_eq!(part.into_data(), again.into_data());
            }
        }
    }
}
