//! Many tensors as one: what a GPU spends on small tensors is mostly the launch of a kernel for each.

use burn::prelude::*;

use crate::gpu::bindings;

/// Tensors laid down in one kernel, if it may have so many bindings.
const AT_ONCE: usize = 24;

/// Lays `parts` end to end, in few kernels.
///
/// # Panics
/// If there are none.
pub fn join(mut parts: Vec<Tensor<1>>) -> Tensor<1> {
    // One binding is the result, one the sizes.
    let bindings = bindings(&parts[0].device()).unwrap_or(usize::MAX);
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
/// as each begins and ends where a buffer may: every 64 values will do everywhere.
pub fn split(joined: &Tensor<1>, sizes: impl IntoIterator<Item = usize>) -> Vec<Tensor<1>> {
    let mut start = 0;
    let parts = sizes.into_iter().map(|size| {
        let part = joined.clone().narrow(0, start, size);
        start += size;
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
            for (part, again) in parts.into_iter().zip(split(&joined, sizes)) {
                assert_eq!(part.into_data(), again.into_data());
            }
        }
    }
}
