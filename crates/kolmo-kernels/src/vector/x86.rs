//! Vectors of AVX-512 and of AVX2.

use std::arch::x86_64::*;

use super::{Task, Vector};
use crate::simd::{LANES, Lanes};

/// Runs `task` with vectors of one register.
///
/// # Safety
/// The machine must have all instructions that the `target_feature` enables: those of [`Body::Avx512`](super::Body).
#[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
pub unsafe fn with_avx512(task: impl Task) {
    task.run::<Avx512>();
}

/// Runs `task` with vectors of two registers.
///
/// # Safety
/// The machine must have all instructions that the `target_feature` enables: those of [`Body::Avx2`](super::Body).
#[target_feature(enable = "avx2,fma")]
pub unsafe fn with_avx2(task: impl Task) {
    task.run::<Avx2>();
}

/// One register of AVX-512. Only [`with_avx512`] names this type: whatever runs its methods has the instructions, which
/// is why they may call them.
#[derive(Clone, Copy)]
pub struct Avx512(__m512);

impl Vector for Avx512 {
    const MANY: bool = true;

    #[inline(always)]
    fn zero() -> Self {
        // SAFETY: only `with_avx512` names this type, where the machine has AVX-512F.
        Self(unsafe { _mm512_setzero_ps() })
    }

    #[inline(always)]
    fn load(from: &Lanes) -> Self {
        // SAFETY: only `with_avx512` names this type; sixteen floats are read from an array of as many, wherever it lies.
        Self(unsafe { _mm512_loadu_ps(from.as_ptr()) })
    }

    #[inline(always)]
    fn add_product(self, x: f32, by: Self) -> Self {
        // SAFETY: only `with_avx512` names this type, where the machine has AVX-512F.
        Self(unsafe { _mm512_fmadd_ps(_mm512_set1_ps(x), by.0, self.0) })
    }

    #[inline(always)]
    fn add_products(self, x: Self, by: Self) -> Self {
        // SAFETY: only `with_avx512` names this type, where the machine has AVX-512F.
        Self(unsafe { _mm512_fmadd_ps(x.0, by.0, self.0) })
    }

    #[inline(always)]
    fn set(x: f32) -> Self {
        // SAFETY: only `with_avx512` names this type, where the machine has AVX-512F.
        Self(unsafe { _mm512_set1_ps(x) })
    }

    #[inline(always)]
    fn plus(self, x: Self) -> Self {
        // SAFETY: only `with_avx512` names this type, where the machine has AVX-512F.
        Self(unsafe { _mm512_add_ps(self.0, x.0) })
    }

    #[inline(always)]
    fn minus(self, x: Self) -> Self {
        // SAFETY: only `with_avx512` names this type, where the machine has AVX-512F.
        Self(unsafe { _mm512_sub_ps(self.0, x.0) })
    }

    #[inline(always)]
    fn times(self, x: Self) -> Self {
        // SAFETY: only `with_avx512` names this type, where the machine has AVX-512F.
        Self(unsafe { _mm512_mul_ps(self.0, x.0) })
    }

    #[inline(always)]
    fn or_larger(self, x: Self) -> Self {
        // SAFETY: only `with_avx512` names this type, where the machine has AVX-512F.
        Self(unsafe { _mm512_max_ps(x.0, self.0) })
    }

    #[inline(always)]
    fn store(self, into: &mut Lanes) {
        // SAFETY: only `with_avx512` names this type; sixteen floats are written to an array of as many, wherever it lies.
        unsafe { _mm512_storeu_ps(into.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize) -> Self {
        // SAFETY: only `with_avx512` names this type; lanes that the mask leaves out are not read, and of `count` < 16 the caller
        // vouches for so many.
        Self(unsafe { _mm512_maskz_loadu_ps((1 << count) - 1, from) })
    }

    #[inline(always)]
    unsafe fn store_part(self, into: *mut f32, count: usize) {
        // SAFETY: only `with_avx512` names this type; lanes that the mask leaves out are not written, and of `count` < 16 the
        // caller vouches for room for so many.
        unsafe { _mm512_mask_storeu_ps(into, (1 << count) - 1, self.0) }
    }

    #[inline(always)]
    fn transpose(from: &[f32], of: usize, into: &mut [f32], to: usize) {
        Avx2::transpose(from, of, into, to);
    }
}

/// Two registers of AVX. Only [`with_avx2`] and, for transposing, [`Avx512`] name this type: whatever runs its methods has
/// AVX2 and FMA, which is why they may call them.
#[derive(Clone, Copy)]
pub struct Avx2(__m256, __m256);

impl Vector for Avx2 {
    const MANY: bool = false;

    #[inline(always)]
    fn zero() -> Self {
        // SAFETY: whoever names this type runs where the machine has AVX.
        let zero = unsafe { _mm256_setzero_ps() };
        Self(zero, zero)
    }

    #[inline(always)]
    fn load(from: &Lanes) -> Self {
        let from = from.as_ptr();
        // SAFETY: whoever names this type runs where the machine has AVX; twice eight floats are read from an array of sixteen.
        unsafe { Self(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
    }

    #[inline(always)]
    fn add_product(self, x: f32, by: Self) -> Self {
        // SAFETY: whoever names this type runs where the machine has AVX and FMA.
        unsafe {
            let x = _mm256_set1_ps(x);
            Self(
                _mm256_fmadd_ps(x, by.0, self.0),
                _mm256_fmadd_ps(x, by.1, self.1),
            )
        }
    }

    #[inline(always)]
    fn add_products(self, x: Self, by: Self) -> Self {
        // SAFETY: whoever names this type runs where the machine has AVX and FMA.
        unsafe {
            Self(
                _mm256_fmadd_ps(x.0, by.0, self.0),
                _mm256_fmadd_ps(x.1, by.1, self.1),
            )
        }
    }

    #[inline(always)]
    fn set(x: f32) -> Self {
        // SAFETY: whoever names this type runs where the machine has AVX.
        let x = unsafe { _mm256_set1_ps(x) };
        Self(x, x)
    }

    #[inline(always)]
    fn plus(self, x: Self) -> Self {
        // SAFETY: whoever names this type runs where the machine has AVX.
        unsafe { Self(_mm256_add_ps(self.0, x.0), _mm256_add_ps(self.1, x.1)) }
    }

    #[inline(always)]
    fn minus(self, x: Self) -> Self {
        // SAFETY: whoever names this type runs where the machine has AVX.
        unsafe { Self(_mm256_sub_ps(self.0, x.0), _mm256_sub_ps(self.1, x.1)) }
    }

    #[inline(always)]
    fn times(self, x: Self) -> Self {
        // SAFETY: whoever names this type runs where the machine has AVX.
        unsafe { Self(_mm256_mul_ps(self.0, x.0), _mm256_mul_ps(self.1, x.1)) }
    }

    #[inline(always)]
    fn or_larger(self, x: Self) -> Self {
        // SAFETY: whoever names this type runs where the machine has AVX.
        unsafe { Self(_mm256_max_ps(x.0, self.0), _mm256_max_ps(x.1, self.1)) }
    }

    #[inline(always)]
    fn store(self, into: &mut Lanes) {
        let into = into.as_mut_ptr();
        // SAFETY: whoever names this type runs where the machine has AVX; twice eight floats are written to an array of sixteen.
        unsafe {
            _mm256_storeu_ps(into, self.0);
            _mm256_storeu_ps(into.add(8), self.1);
        }
    }

    #[inline(always)]
    fn transpose(from: &[f32], of: usize, into: &mut [f32], to: usize) {
        for (row, column) in [(0, 0), (0, 8), (8, 0), (8, 8)] {
            let from = &from[row * of + column..];
            let into = &mut into[column * to + row..];
            // SAFETY: whoever names this type runs where the machine has AVX.
            let mut rows = [unsafe { _mm256_setzero_ps() }; 8];
            for (k, into) in rows.iter_mut().enumerate() {
                let row = &from[k * of..][..LANES / 2];
                // SAFETY: as above, and the slice has eight floats.
                *into = unsafe { _mm256_loadu_ps(row.as_ptr()) };
            }
            // SAFETY: as above; it needs AVX.
            let columns = unsafe { transposed(rows) };
            for (k, column) in columns.into_iter().enumerate() {
                let into = &mut into[k * to..][..LANES / 2];
                // SAFETY: as above, and the slice has eight floats.
                unsafe { _mm256_storeu_ps(into.as_mut_ptr(), column) }
            }
        }
    }
}

/// Eight rows of eight as eight columns.
///
/// # Safety
/// The machine must have AVX.
#[inline(always)]
unsafe fn transposed(r: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: the caller vouches for AVX, which is all that these need; they touch registers alone.
    unsafe {
        let top = transposed_pairs(r[0], r[1], r[2], r[3]);
        let bottom = transposed_pairs(r[4], r[5], r[6], r[7]);
        let mut columns = r;
        for k in 0..4 {
            columns[k] = _mm256_permute2f128_ps::<0x20>(top[k], bottom[k]);
            columns[k + 4] = _mm256_permute2f128_ps::<0x31>(top[k], bottom[k]);
        }
        columns
    }
}

/// Four rows of eight, the two halves of each transposed for themselves: pairs of rows, then fours.
///
/// # Safety
/// The machine must have AVX.
#[inline(always)]
unsafe fn transposed_pairs(a: __m256, b: __m256, c: __m256, d: __m256) -> [__m256; 4] {
    // SAFETY: the caller vouches for AVX, which is all that these need; they touch registers alone.
    unsafe {
        let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let (low_2, high_2) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        [
            _mm256_shuffle_ps::<0x44>(low, low_2),
            _mm256_shuffle_ps::<0xee>(low, low_2),
            _mm256_shuffle_ps::<0x44>(high, high_2),
            _mm256_shuffle_ps::<0xee>(high, high_2),
        ]
    }
}
