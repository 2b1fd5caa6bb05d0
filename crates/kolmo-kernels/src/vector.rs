//! Vectors of sixteen floats in registers, for the one loop that a compiler does not turn into SIMD by itself:
//! a product of small matrices, whose partial sums must not leave the registers.

// Intrinsics are unsafe to call without knowing the machine.
#![allow(unsafe_code)]

use crate::simd::{LANES, Lanes};

/// Sixteen floats. The methods are inlined into a function compiled for the instructions they need.
pub(crate) trait Vector: Copy {
    /// Zeros.
    fn zero() -> Self;
    /// Sixteen values.
    fn load(from: &Lanes) -> Self;
    /// self + x · by, rounded once.
    fn add_product(self, x: f32, by: Self) -> Self;
    /// To memory.
    fn store(self, into: &mut Lanes);
}

/// Without intrinsics.
#[derive(Clone, Copy)]
pub(crate) struct Portable(Lanes);

impl Vector for Portable {
    #[inline(always)]
    fn zero() -> Self {
        Self([0.0; LANES])
    }

    #[inline(always)]
    fn load(from: &Lanes) -> Self {
        Self(*from)
    }

    #[inline(always)]
    fn add_product(self, x: f32, by: Self) -> Self {
        Self(std::array::from_fn(|lane| {
            x.mul_add(by.0[lane], self.0[lane])
        }))
    }

    #[inline(always)]
    fn store(self, into: &mut Lanes) {
        *into = self.0;
    }
}

/// What runs on the widest vectors this machine has.
pub(crate) trait Task {
    /// The work, with vectors of type `V`. It must be `#[inline(always)]`.
    fn run<V: Vector>(self);
}

/// Runs `task`.
#[cfg(target_arch = "x86_64")]
pub(crate) fn dispatch(task: impl Task) {
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
        // SAFETY: the machine has the instructions.
        unsafe { x86::with_avx512(task) }
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the machine has the instructions.
        unsafe { x86::with_avx2(task) }
    } else {
        task.run::<Portable>();
    }
}

/// Runs `task`.
#[cfg(target_arch = "aarch64")]
pub(crate) fn dispatch(task: impl Task) {
    task.run::<arm::Neon>();
}

/// Runs `task`.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) fn dispatch(task: impl Task) {
    task.run::<Portable>();
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Task, Vector};
    use crate::simd::Lanes;

    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub unsafe fn with_avx512(task: impl Task) {
        task.run::<Avx512>();
    }

    #[target_feature(enable = "avx2,fma")]
    pub unsafe fn with_avx2(task: impl Task) {
        task.run::<Avx2>();
    }

    #[derive(Clone, Copy)]
    pub struct Avx512(__m512);

    // SAFETY of all: only `dispatch` names this type, where the machine has the instructions; loads and stores
    // are of whole arrays.
    impl Vector for Avx512 {
        #[inline(always)]
        fn zero() -> Self {
            Self(unsafe { _mm512_setzero_ps() })
        }

        #[inline(always)]
        fn load(from: &Lanes) -> Self {
            Self(unsafe { _mm512_loadu_ps(from.as_ptr()) })
        }

        #[inline(always)]
        fn add_product(self, x: f32, by: Self) -> Self {
            Self(unsafe { _mm512_fmadd_ps(_mm512_set1_ps(x), by.0, self.0) })
        }

        #[inline(always)]
        fn store(self, into: &mut Lanes) {
            unsafe { _mm512_storeu_ps(into.as_mut_ptr(), self.0) }
        }
    }

    #[derive(Clone, Copy)]
    pub struct Avx2(__m256, __m256);

    // SAFETY of all: as above.
    impl Vector for Avx2 {
        #[inline(always)]
        fn zero() -> Self {
            let zero = unsafe { _mm256_setzero_ps() };
            Self(zero, zero)
        }

        #[inline(always)]
        fn load(from: &Lanes) -> Self {
            let from = from.as_ptr();
            unsafe { Self(_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))) }
        }

        #[inline(always)]
        fn add_product(self, x: f32, by: Self) -> Self {
            unsafe {
                let x = _mm256_set1_ps(x);
                Self(
                    _mm256_fmadd_ps(x, by.0, self.0),
                    _mm256_fmadd_ps(x, by.1, self.1),
                )
            }
        }

        #[inline(always)]
        fn store(self, into: &mut Lanes) {
            let into = into.as_mut_ptr();
            unsafe {
                _mm256_storeu_ps(into, self.0);
                _mm256_storeu_ps(into.add(8), self.1);
            }
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::aarch64::*;

    use super::Vector;
    use crate::simd::Lanes;

    #[derive(Clone, Copy)]
    pub struct Neon([float32x4_t; 4]);

    // SAFETY of all: every aarch64 has the instructions; loads and stores are of whole arrays.
    impl Vector for Neon {
        #[inline(always)]
        fn zero() -> Self {
            Self([unsafe { vdupq_n_f32(0.0) }; 4])
        }

        #[inline(always)]
        fn load(from: &Lanes) -> Self {
            let from = from.as_ptr();
            Self(std::array::from_fn(|k| unsafe {
                vld1q_f32(from.add(4 * k))
            }))
        }

        #[inline(always)]
        fn add_product(self, x: f32, by: Self) -> Self {
            Self(std::array::from_fn(|k| unsafe {
                vfmaq_n_f32(self.0[k], by.0[k], x)
            }))
        }

        #[inline(always)]
        fn store(self, into: &mut Lanes) {
            let into = into.as_mut_ptr();
            for (k, part) in self.0.into_iter().enumerate() {
                unsafe { vst1q_f32(into.add(4 * k), part) }
            }
        }
    }
}
