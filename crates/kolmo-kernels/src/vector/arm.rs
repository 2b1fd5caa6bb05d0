//! Vectors of NEON.

use std::arch::aarch64::*;

use super::Vector;
use crate::simd::Lanes;

/// Four registers of NEON, which every aarch64 that Rust's standard library runs on has.
#[derive(Clone, Copy)]
pub struct Neon([float32x4_t; 4]);

impl Vector for Neon {
    const MANY: bool = false;

    #[inline(always)]
    fn zero() -> Self {
        // SAFETY: there is no machine of this architecture without NEON.
        Self([unsafe { vdupq_n_f32(0.0) }; 4])
    }

    #[inline(always)]
    fn load(from: &Lanes) -> Self {
        let from = from.as_ptr();
        // SAFETY: there is no machine of this architecture without NEON; four times four floats are read from an array of sixteen.
        unsafe {
            Self([
                vld1q_f32(from),
                vld1q_f32(from.add(4)),
                vld1q_f32(from.add(8)),
                vld1q_f32(from.add(12)),
            ])
        }
    }

    #[inline(always)]
    fn add_product(self, x: f32, by: Self) -> Self {
        let mut sums = self.0;
        for (sum, by) in sums.iter_mut().zip(by.0) {
            // SAFETY: there is no machine of this architecture without NEON.
            *sum = unsafe { vfmaq_n_f32(*sum, by, x) };
        }
        Self(sums)
    }

    #[inline(always)]
    fn add_products(self, x: Self, by: Self) -> Self {
        let mut sums = self.0;
        for ((sum, x), by) in sums.iter_mut().zip(x.0).zip(by.0) {
            // SAFETY: there is no machine of this architecture without NEON.
            *sum = unsafe { vfmaq_f32(*sum, x, by) };
        }
        Self(sums)
    }

    #[inline(always)]
    fn set(x: f32) -> Self {
        // SAFETY: there is no machine of this architecture without NEON.
        Self([unsafe { vdupq_n_f32(x) }; 4])
    }

    #[inline(always)]
    fn plus(self, x: Self) -> Self {
        // SAFETY: there is no machine of this architecture without NEON.
        Self(std::array::from_fn(|k| unsafe {
            vaddq_f32(self.0[k], x.0[k])
        }))
    }

    #[inline(always)]
    fn minus(self, x: Self) -> Self {
        // SAFETY: there is no machine of this architecture without NEON.
        Self(std::array::from_fn(|k| unsafe {
            vsubq_f32(self.0[k], x.0[k])
        }))
    }

    #[inline(always)]
    fn times(self, x: Self) -> Self {
        // SAFETY: there is no machine of this architecture without NEON.
        Self(std::array::from_fn(|k| unsafe {
            vmulq_f32(self.0[k], x.0[k])
        }))
    }

    #[inline(always)]
    fn or_larger(self, x: Self) -> Self {
        // SAFETY: there is no machine of this architecture without NEON.
        Self(std::array::from_fn(|k| unsafe {
            vmaxq_f32(self.0[k], x.0[k])
        }))
    }

    #[inline(always)]
    fn store(self, into: &mut Lanes) {
        let into = into.as_mut_ptr();
        for (k, part) in self.0.into_iter().enumerate() {
            // SAFETY: there is no machine of this architecture without NEON; `k` is below four, and the array has four times four.
            unsafe { vst1q_f32(into.add(4 * k), part) }
        }
    }
}
