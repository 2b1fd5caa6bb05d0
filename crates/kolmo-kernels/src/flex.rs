//! From tensors to slices and back: how an operation with a body of its own for the CPU enters Burn's graph.

use std::fmt::Debug;

use burn::{
    backend::{DispatchDevice, Flex},
    prelude::*,
    tensor::TensorData,
};
use burn_flex::FlexTensor;

use crate::graph::{Place, Rule, View, node};

/// Whether `device` is the CPU by Burn's backend flex, for which operations here have bodies of their own.
pub fn is_flex(device: &Device) -> bool {
    let inner = device.clone().without_autodiff();
    matches!(inner.as_dispatch(), DispatchDevice::Flex(_))
}

/// Floats, row by row, and their shape.
#[derive(Debug, Clone)]
pub(crate) struct Values(FlexTensor);

impl Values {
    /// `values` as a tensor of `shape`.
    pub fn new<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Self {
        Self(FlexTensor::from_data(TensorData::new(values, shape)))
    }

    fn from_flex(tensor: FlexTensor) -> Self {
        match tensor.is_contiguous() && tensor.layout().start_offset() == 0 {
            true => Self(tensor),
            false => Self(tensor.to_contiguous()),
        }
    }

    /// The values.
    pub fn get(&self) -> &[f32] {
        // A view of the first rows of a larger tensor has all of its storage.
        &self.0.storage::<f32>()[..self.0.layout().num_elements()]
    }

    /// The values, to be changed: a copy if somebody else has them too.
    pub fn get_mut(&mut self) -> &mut [f32] {
        let count = self.0.layout().num_elements();
        &mut self.0.storage_mut::<f32>()[..count]
    }

    /// As a tensor, without a graph.
    pub fn tensor<const D: usize>(self) -> Tensor<D> {
        Tensor::from_primitive::<Flex>(self.0)
    }

    /// Sizes of the axes.
    pub fn shape<const D: usize>(&self) -> [usize; D] {
        let shape = self.0.layout().shape();
        std::array::from_fn(|axis| shape[axis])
    }
}

impl View<Flex> for Values {
    fn of(tensor: FlexTensor) -> Self {
        Self::from_flex(tensor)
    }

    fn tensor(self) -> FlexTensor {
        self.0
    }
}

/// A tensor on flex, taken out of Burn's runtime dispatch.
pub(crate) type Input = Place<Flex>;

impl Input {
    /// Its values, whatever graph they are of.
    pub fn into_values(self) -> Values {
        Values::from_flex(self.without_graph())
    }
}

impl<const D: usize> From<Tensor<D>> for Input {
    fn from(tensor: Tensor<D>) -> Self {
        let is_tracked = tensor.device().is_autodiff();
        Self::of_dispatch(tensor.into_dispatch(), is_tracked)
    }
}

/// An operation on flex: its output is `forward` of its inputs, and in a graph its gradient `backward`. What
/// `forward` gives beside the output is kept for `backward`; its second argument says whether that will be asked for.
pub(crate) fn fused<S, const N: usize, const D: usize>(
    inputs: [Input; N],
    forward: impl FnOnce([Values; N], bool) -> (Values, S),
    backward: Rule<S, Values, N>,
) -> Tensor<D>
where
    S: Clone + Debug + Send + 'static,
{
    Tensor::from_dispatch(node(inputs, forward, backward).into_dispatch())
}
