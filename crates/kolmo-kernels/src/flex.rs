//! From tensors to slices and back: how an operation with a body of its own for the CPU enters Burn's graph.

use std::fmt::Debug;

use burn::{
    backend::{
        Autodiff, AutodiffBackend, BackendTensor, DispatchDevice, DispatchKindConversion,
        DispatchTensor, Flex,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::NoCheckpointing},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        tensor::FloatTensor,
    },
    prelude::*,
    tensor::TensorData,
};
use burn_flex::FlexTensor;

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

/// A tensor on flex, taken out of Burn's runtime dispatch.
pub(crate) enum Input {
    Plain(FlexTensor),
    Tracked(FloatTensor<Autodiff<Flex>>),
}

impl Input {
    /// Its values, whatever graph they are of.
    pub fn into_values(self) -> Values {
        Values::from_flex(match self {
            Self::Plain(tensor) => tensor,
            Self::Tracked(tensor) => tensor.into_primitive(),
        })
    }
}

impl<const D: usize> From<Tensor<D>> for Input {
    fn from(tensor: Tensor<D>) -> Self {
        type Convert = DispatchTensor;
        let tracked = tensor.device().is_autodiff();
        let tensor = tensor.into_dispatch();
        if tracked {
            match <Convert as DispatchKindConversion<Autodiff<Flex>>>::try_into_backend(tensor) {
                Ok(BackendTensor::Float(tensor)) => Self::Tracked(tensor),
                _ => unreachable!("asked whether the device is flex, with all gradients kept"),
            }
        } else {
            match <Convert as DispatchKindConversion<Flex>>::try_into_backend(tensor) {
                Ok(BackendTensor::Float(tensor)) => Self::Plain(tensor),
                _ => unreachable!("asked whether the device is flex"),
            }
        }
    }
}

/// The gradients of an operation's inputs from that of its output and what `forward` kept.
pub(crate) type Rule<S, const N: usize> = fn(S, Values) -> [Values; N];

/// An operation on flex: its output is `forward` of its inputs, and in a graph its gradient `backward`. What
/// `forward` gives beside the output is kept for `backward`; it is told whether that will be asked for.
pub(crate) fn fused<S, const N: usize, const D: usize>(
    inputs: [Input; N],
    forward: impl FnOnce([Values; N], bool) -> (Values, S),
    backward: Rule<S, N>,
) -> Tensor<D>
where
    S: Clone + Debug + Send + 'static,
{
    let any_tracked = inputs
        .iter()
        .any(|input| matches!(input, Input::Tracked(_)));
    if !any_tracked {
        return forward(inputs.map(Input::into_values), false).0.tensor();
    }
    let mut guards = Vec::with_capacity(N);
    let values = inputs.map(|input| {
        let tensor = match input {
            Input::Plain(tensor) => Autodiff::<Flex>::from_inner(tensor),
            Input::Tracked(tensor) => tensor,
        };
        let (tensor, guard) = tensor.into_parts();
        guards.push(guard);
        Values::from_flex(tensor)
    });
    let Ok(guards) = guards.try_into() else {
        unreachable!("one guard an input");
    };
    let operation = Operation { backward };
    let prepared = operation.prepare::<NoCheckpointing>(guards).compute_bound();
    let output = match prepared.stateful() {
        OpsKind::Tracked(prepared) => {
            let (output, kept) = forward(values, true);
            prepared.finish(kept, output.0)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(forward(values, false).0.0),
    };
    Tensor::from_primitive::<Autodiff<Flex>>(output)
}

/// An operation in a graph.
struct Operation<S, const N: usize> {
    backward: Rule<S, N>,
}

impl<S, const N: usize> Debug for Operation<S, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a fused operation")
    }
}

impl<S, const N: usize> Backward<Flex, N> for Operation<S, N>
where
    S: Clone + Debug + Send + 'static,
{
    type State = S;

    fn backward(self, ops: Ops<S, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = Values::from_flex(gradients.consume::<Flex>(&ops.node));
        let parts = (self.backward)(ops.state, gradient);
        for (parent, part) in ops.parents.into_iter().zip(parts) {
            if let Some(parent) = parent {
                gradients.register::<Flex>(parent.id, part.0);
            }
        }
    }
}
