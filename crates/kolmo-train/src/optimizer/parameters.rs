//! The parameters out of a model, and back.

use std::mem;

use burn::{
    module::{ModuleMapper, Param},
    prelude::*,
};

/// Takes the values of the parameters of `model`, flattened, in its order; nothing is left in their place, so that nobody else
/// holds them and they are changed where they are.
pub(super) fn take<M: Module>(model: &mut M) -> Vec<Tensor<1>> {
    let mut take = Take::default();
    *model = model.clone().map(&mut take);
    mem::take(&mut take.values)
}

/// Puts `values`, each with the shape of its parameter, into `model`, in its order.
pub(super) fn put<'a, M: Module>(
    model: &mut M,
    values: impl Iterator<Item = (Tensor<1>, &'a [usize])>,
) {
    *model = model.clone().map(&mut Put { values });
}

#[derive(Default)]
struct Take {
    values: Vec<Tensor<1>>,
}

impl ModuleMapper for Take {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| {
            let device = tensor.device();
            self.values.push(tensor.inner().reshape([-1]));
            Tensor::empty([0; D], &device)
        })
    }
}

struct Put<I> {
    values: I,
}

impl<'a, I: Iterator<Item = (Tensor<1>, &'a [usize])>> ModuleMapper for Put<I> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some((value, shape)) = self.values.next() else {
            return param;
        };
        param.map(|_| {
            let shape: [usize; D] = std::array::from_fn(|axis| shape[axis]);
            Tensor::from_inner(value.reshape(shape)).require_grad()
        })
    }
}
