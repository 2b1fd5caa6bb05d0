use proptest::prelude::*;

use super::*;
use crate::{
    reference::{check_nan, compare, numbers},
    simd::Lanes,
    vector::Portable,
};

proptest! {
    #[test]
    fn attention_is_its_plain_body(
        // With many, sixteen heads at a time.
        batch in prop_oneof![1usize..3, 4usize..20],
        time in prop_oneof![1usize..6, 14usize..19, 30usize..40],
        heads in 1usize..4,
        half in prop_oneof![1usize..4, 7usize..10, 16usize..18],
        size in prop_oneof![Just(1.0f32), Just(6.0f32)],
        // Tables may be of longer sequences.
        more in 0usize..3,
        seed: u64,
    ) {
        let d = heads * 2 * half;
        let shape = [batch, time, 3 * d];
        let device = Device::flex().autodiff();
        let longer = Positions::new(time + more, 2 * half, &device);
        let positions = Positions::new(time, 2 * half, &device);
        compare(
            &[numbers(batch * time * 3 * d, seed, size)],
            &|x| attention(x[0].clone().reshape(shape), heads, &longer).reshape([-1]),
            &|x| plain(x[0].clone().reshape(shape), heads, &positions).reshape([-1]),
        )
        .map_err(TestCaseError::fail)?;
    }
}

#[test]
fn what_is_no_number_stays_none() {
    let positions = Positions::new(19, 6, &Device::flex());
    // One head at a time, and sixteen.
    for batch in [1, 9] {
        check_nan(&[numbers(batch * 19 * 36, 1, 1.0)], &|x| {
            attention(x[0].clone().reshape([batch, 19, 36]), 2, &positions).reshape([-1])
        });
    }
}

#[test]
fn the_bits_do_not_depend_on_the_vectors() {
    for (time, heads, head) in [(1, 1, 2), (19, 2, 6), (40, 1, 34), (33, 3, 16)] {
        let shape = [2, time, 3 * heads * head];
        let sizes = Sizes::new(shape, heads);
        let positions = Positions::new(time, head, &Device::flex());
        let qkv = numbers(shape.iter().product(), 7, 2.0);
        let dy = numbers(2 * time * heads * head, 8, 1.0);
        let run = |how: fn(Forward<'_>), back: fn(Backward<'_>)| {
            let tables = positions.tables();
            let (mut y, mut dqkv) = (vec![0.0; dy.len()], vec![0.0; qkv.len()]);
            let (qkv, dy) = (&qkv[..], &dy[..]);
            how(Forward {
                qkv,
                sizes,
                tables,
                y: &mut y,
            });
            back(Backward {
                qkv,
                dy,
                sizes,
                tables,
                dqkv: &mut dqkv,
            });
            [y, dqkv].map(|x| x.into_iter().map(f32::to_bits).collect::<Vec<u32>>())
        };
        let here = run(|task| dispatch(task), |task| dispatch(task));
        assert!(here == run(|task| task.run::<Portable>(), |task| task.run::<Portable>()));
        assert!(here == run(|task| task.run::<Roomy>(), |task| task.run::<Roomy>()));
    }
}

#[test]
fn sixteen_heads_at_a_time_have_the_same_bits_on_all_vectors() {
    for (batch, time, heads, head) in [(16, 1, 1, 2), (5, 19, 2, 6), (9, 32, 3, 32), (7, 8, 4, 10)]
    {
        let shape = [batch, time, 3 * heads * head];
        let sizes = Sizes::new(shape, heads);
        assert!(abreast::serves(sizes));
        let positions = Positions::new(time, head, &Device::flex());
        let qkv = numbers(shape.iter().product(), 7, 2.0);
        let dy = numbers(batch * time * heads * head, 8, 1.0);
        let run = |how: fn(abreast::Forward<'_>), back: fn(abreast::Backward<'_>)| {
            let tables = positions.tables();
            let (mut y, mut dqkv) = (vec![0.0; dy.len()], vec![0.0; qkv.len()]);
            let mut kept = abreast::Kept::new(sizes, true);
            let (qkv, dy) = (&qkv[..], &dy[..]);
            how(abreast::Forward {
                qkv,
                sizes,
                tables,
                y: &mut y,
                kept: &mut kept,
            });
            back(abreast::Backward {
                kept: &kept,
                dy,
                sizes,
                tables,
                dqkv: &mut dqkv,
            });
            // Without a backward pass to come, the same.
            let mut again = vec![0.0; y.len()];
            how(abreast::Forward {
                qkv,
                sizes,
                tables,
                y: &mut again,
                kept: &mut abreast::Kept::new(sizes, false),
            });
            assert!(again == y);
            [y, dqkv].map(|x| x.into_iter().map(f32::to_bits).collect::<Vec<u32>>())
        };
        let here = run(|task| dispatch(task), |task| dispatch(task));
        assert!(here == run(|task| task.run::<Portable>(), |task| task.run::<Portable>()));
        assert!(here == run(|task| task.run::<Roomy>(), |task| task.run::<Roomy>()));
    }
}

/// Takes the way of vectors with many registers, as with AVX-512, of which this machine may know nothing.
#[derive(Clone, Copy)]
struct Roomy(Portable);

impl Vector for Roomy {
    const MANY: bool = true;

    fn zero() -> Self {
        Self(Portable::zero())
    }

    fn load(from: &Lanes) -> Self {
        Self(Portable::load(from))
    }

    fn add_product(self, x: f32, by: Self) -> Self {
        Self(self.0.add_product(x, by.0))
    }

    fn add_products(self, x: Self, by: Self) -> Self {
        Self(self.0.add_products(x.0, by.0))
    }

    fn set(x: f32) -> Self {
        Self(Portable::set(x))
    }

    fn plus(self, x: Self) -> Self {
        Self(self.0.plus(x.0))
    }

    fn minus(self, x: Self) -> Self {
        Self(self.0.minus(x.0))
    }

    fn times(self, x: Self) -> Self {
        Self(self.0.times(x.0))
    }

    fn or_larger(self, x: Self) -> Self {
        Self(self.0.or_larger(x.0))
    }

    fn store(self, into: &mut Lanes) {
        self.0.store(into);
    }
}

#[test]
fn no_score_is_too_large() {
    let positions = Positions::new(20, 4, &Device::flex());
    for batch in [1, 17] {
        let qkv: Vec<f32> = numbers(batch * 20 * 12, 3, 300.0);
        let qkv = Tensor::<1>::from_floats(qkv.as_slice(), &Device::flex());
        let y = attention(qkv.reshape([batch, 20, 12]), 1, &positions)
            .into_data()
            .try_to_vec::<f32>()
            .unwrap();
        assert!(y.iter().all(|y| y.is_finite()));
    }
}
