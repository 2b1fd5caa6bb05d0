//! Vectors of sixteen floats in registers, for the loops that a compiler does not turn into SIMD by itself: sums that must not
//! leave the registers, of products of small matrices and of sixteen heads or rows side by side, and transposition.
//!
//! Every function between [`dispatch`] and an intrinsic is `#[inline(always)]`, and there is no closure: code that is not
//! inlined into a function compiled for the instructions calls each of them as a function.

// Intrinsics are unsafe to call without knowing the machine, and bounds checks cost as much as the sums.
#![allow(unsafe_code)]

use crate::simd::{LANES, Lanes};

mod block;

pub(crate) use block::{Block, transpose};

/// Sixteen floats. The methods are inlined into a function compiled for the instructions they need.
pub(crate) trait Vector: Copy {
    /// Whether the registers have room for more than four of these and what is multiplied.
    const MANY: bool;
    /// Zeros.
    fn zero() -> Self;
    /// Sixteen values.
    fn load(from: &Lanes) -> Self;
    /// self + x · by, rounded once.
    fn add_product(self, x: f32, by: Self) -> Self;
    /// self + x · by, lane by lane, each rounded once.
    fn add_products(self, x: Self, by: Self) -> Self;
    /// x in every lane.
    fn set(x: f32) -> Self;
    /// self + x.
    fn plus(self, x: Self) -> Self;
    /// self − x.
    fn minus(self, x: Self) -> Self;
    /// self · x.
    fn times(self, x: Self) -> Self;
    /// The larger of self and x; either where one is not a number.
    fn or_larger(self, x: Self) -> Self;
    /// To memory.
    fn store(self, into: &mut Lanes);

    /// The first `count` < 16 of sixteen values, and zeros.
    ///
    /// # Safety
    /// There are so many values at `from`.
    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize) -> Self {
        let mut lanes = [0.0; LANES];
        for (lane, value) in lanes.iter_mut().enumerate().take(count) {
            // SAFETY: lane < count, and the caller vouches for so many values.
            *value = unsafe { *from.add(lane) };
        }
        Self::load(&lanes)
    }

    /// The first `count` < 16 values to memory.
    ///
    /// # Safety
    /// There is room for so many values at `into`.
    #[inline(always)]
    unsafe fn store_part(self, into: *mut f32, count: usize) {
        let mut lanes = [0.0; LANES];
        self.store(&mut lanes);
        for (lane, value) in lanes.iter().enumerate().take(count) {
            // SAFETY: lane < count, and the caller vouches for room for so many values.
            unsafe { *into.add(lane) = *value };
        }
    }

    /// Sixteen rows of sixteen values, in `from` one every `of` values, become columns of `into`, whose rows
    /// begin every `to` values.
    ///
    /// # Panics
    /// If a slice is too short.
    #[inline(always)]
    fn transpose(from: &[f32], of: usize, into: &mut [f32], to: usize) {
        for row in 0..LANES {
            for column in 0..LANES {
                into[column * to + row] = from[row * of + column];
            }
        }
    }
}

/// Rows of a product made at once.
pub(crate) const ROWS: usize = 4;

/// Four neighbouring rows or columns of a matrix, as the left side of a product.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    values: &'a [f32],
    /// From one of the four to the next.
    down: usize,
    /// From one value of each to the next.
    right: usize,
}

impl<'a> Left<'a> {
    /// Rows `i`.. of a matrix with rows of `width`.
    #[inline(always)]
    pub fn rows(matrix: &'a [f32], width: usize, i: usize) -> Self {
        Self {
            values: &matrix[i * width..],
            down: width,
            right: 1,
        }
    }

    /// Columns `j`.. of a matrix with rows of `width`, from row `j` on.
    #[inline(always)]
    pub fn columns(matrix: &'a [f32], width: usize, j: usize) -> Self {
        Self {
            values: &matrix[j * width + j..],
            down: 1,
            right: width,
        }
    }
}

/// Rows of a matrix, as the right side of a product.
#[derive(Clone, Copy)]
pub(crate) struct Right<'a> {
    values: &'a [f32],
    width: usize,
}

impl<'a> Right<'a> {
    /// Rows `first`.. of a matrix with rows of `width`.
    #[inline(always)]
    pub fn new(matrix: &'a [f32], width: usize, first: usize) -> Self {
        Self {
            values: &matrix[first * width..],
            width,
        }
    }

    /// Length of a row.
    #[inline(always)]
    pub fn width(self) -> usize {
        self.width
    }
}

/// [`ROWS`] rows of left times the first `depth` rows of right: of each as many vectors as `BLOCKS`, from the
/// `block`th on, into the rows of `into`, which are as long as those of right.
///
/// # Panics
/// If one of the three is too short.
#[inline(always)]
pub(crate) fn tile<V: Vector, const BLOCKS: usize>(
    left: Left<'_>,
    right: Right<'_>,
    depth: usize,
    block: usize,
    into: &mut [f32],
) {
    let Right { values, width } = right;
    let columns = block * LANES;
    assert!(columns + BLOCKS * LANES <= width && depth * width <= values.len());
    assert!(depth > 0 && (ROWS - 1) * left.down + (depth - 1) * left.right < left.values.len());
    let mut sums = [[V::zero(); BLOCKS]; ROWS];
    let mut row = values.as_ptr().wrapping_add(columns);
    let mut four = left.values.as_ptr();
    for _ in 0..depth {
        let mut vectors = [V::zero(); BLOCKS];
        for (b, vector) in vectors.iter_mut().enumerate() {
            // SAFETY: row k < depth of right has `width` values, in which the vectors end, and all rows up to `depth` lie in the
            // slice: both are asserted above. An array of floats is aligned as a float is.
            *vector = V::load(unsafe { &*row.wrapping_add(b * LANES).cast() });
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            // SAFETY: r < ROWS and k < depth, and of the last of both the place is asserted above to lie in the slice.
            let x = unsafe { *four.wrapping_add(r * left.down) };
            for (sum, vector) in sums.iter_mut().zip(vectors) {
                *sum = sum.add_product(x, vector);
            }
        }
        row = row.wrapping_add(width);
        four = four.wrapping_add(left.right);
    }
    for (r, sums) in sums.iter().enumerate() {
        let into = &mut into[r * width + columns..][..BLOCKS * LANES];
        let (vectors, _) = into.as_chunks_mut::<LANES>();
        for (into, sum) in vectors.iter_mut().zip(sums) {
            sum.store(into);
        }
    }
}

/// Vectors at equal distances.
#[derive(Clone, Copy)]
pub(crate) struct Factors<'a> {
    vectors: &'a [Lanes],
    apart: usize,
}

impl<'a> Factors<'a> {
    /// Every `apart`th of `vectors`.
    #[inline(always)]
    pub fn new(vectors: &'a [Lanes], apart: usize) -> Self {
        Self { vectors, apart }
    }

    /// The same from the `first`th of all vectors on.
    #[inline(always)]
    pub fn from(self, first: usize) -> Self {
        Self {
            vectors: &self.vectors[first..],
            ..self
        }
    }
}

/// `SUMS` sums of `depth` products, lane by lane: Σ left · right, right beginning `apart` vectors further for each.
///
/// # Panics
/// If there are fewer vectors.
#[inline(always)]
pub(crate) fn sums_of_products<V: Vector, const SUMS: usize>(
    left: Factors<'_>,
    right: Factors<'_>,
    apart: usize,
    depth: usize,
    into: &mut [Lanes],
) {
    assert!(depth > 0 && (depth - 1) * left.apart < left.vectors.len());
    assert!((depth - 1) * right.apart + (SUMS - 1) * apart < right.vectors.len());
    let mut sums = [V::zero(); SUMS];
    for k in 0..depth {
        // SAFETY: k < depth, and the last of the vectors that are read is asserted above to be there.
        let x = V::load(unsafe { left.vectors.get_unchecked(k * left.apart) });
        for (s, sum) in sums.iter_mut().enumerate() {
            // SAFETY: as above, and s < SUMS.
            let by = unsafe { right.vectors.get_unchecked(k * right.apart + s * apart) };
            *sum = sum.add_products(x, V::load(by));
        }
    }
    for (into, sum) in into[..SUMS].iter_mut().zip(sums) {
        sum.store(into);
    }
}

/// Without intrinsics.
#[derive(Clone, Copy)]
pub(crate) struct Portable(Lanes);

impl Vector for Portable {
    const MANY: bool = false;

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
    fn add_products(self, x: Self, by: Self) -> Self {
        Self(std::array::from_fn(|lane| {
            x.0[lane].mul_add(by.0[lane], self.0[lane])
        }))
    }

    #[inline(always)]
    fn set(x: f32) -> Self {
        Self([x; LANES])
    }

    #[inline(always)]
    fn plus(self, x: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + x.0[lane]))
    }

    #[inline(always)]
    fn minus(self, x: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] - x.0[lane]))
    }

    #[inline(always)]
    fn times(self, x: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] * x.0[lane]))
    }

    #[inline(always)]
    fn or_larger(self, x: Self) -> Self {
        let larger = |lane: usize| {
            if x.0[lane] > self.0[lane] {
                x.0[lane]
            } else {
                self.0[lane]
            }
        };
        Self(std::array::from_fn(larger))
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

/// Instructions that a body is compiled for.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
struct Instructions {
    avx512f: bool,
    avx512vl: bool,
    avx2: bool,
    fma: bool,
}

/// The bodies there are.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Avx512,
    Avx2,
    Portable,
}

#[cfg(target_arch = "x86_64")]
impl Instructions {
    /// Those of this machine. A virtual machine may hide any of them, whatever its processor has.
    fn here() -> Self {
        Self {
            avx512f: is_x86_feature_detected!("avx512f"),
            avx512vl: is_x86_feature_detected!("avx512vl"),
            avx2: is_x86_feature_detected!("avx2"),
            fma: is_x86_feature_detected!("fma"),
        }
    }

    /// The body with the widest vectors of which the machine has every instruction: all that the `target_feature` of its
    /// function enables.
    fn body(self) -> Body {
        let Self {
            avx512f,
            avx512vl,
            avx2,
            fma,
        } = self;
        match (avx2 && fma, avx512f && avx512vl) {
            (true, true) => Body::Avx512,
            (true, false) => Body::Avx2,
            (false, _) => Body::Portable,
        }
    }
}

/// The instructions of this machine that the operations are made of: `avx512`, `avx2`, `neon`, or `none` but those that every
/// machine of its kind has.
pub fn instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    return match Instructions::here().body() {
        Body::Avx512 => "avx512",
        Body::Avx2 => "avx2",
        Body::Portable => "none",
    };
    #[cfg(target_arch = "aarch64")]
    return "neon";
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    return "none";
}

/// Runs `task`.
#[cfg(target_arch = "x86_64")]
pub(crate) fn dispatch(task: impl Task) {
    match Instructions::here().body() {
        // SAFETY: `body` says so only of a machine with every instruction that the function is compiled for, which a test checks.
        Body::Avx512 => unsafe { x86::with_avx512(task) },
        // SAFETY: as above.
        Body::Avx2 => unsafe { x86::with_avx2(task) },
        Body::Portable => task.run::<Portable>(),
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
mod x86;

#[cfg(target_arch = "aarch64")]
mod arm;

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn a_body_runs_only_where_the_machine_has_all_of_its_instructions() {
        for bits in 0..16_u8 {
            let has = |bit: u8| bits & (1 << bit) != 0;
            let here = Instructions {
                avx512f: has(0),
                avx512vl: has(1),
                avx2: has(2),
                fma: has(3),
            };
            let expected = match bits {
                0b1111 => Body::Avx512,
                0b1100..=0b1110 => Body::Avx2,
                _ => Body::Portable,
            };
            assert_eq!(here.body(), expected, "{here:?}");
        }
    }
}
