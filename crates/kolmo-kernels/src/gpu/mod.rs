//! Operations on a GPU with a backward pass written by hand, in terms of Burn's tensors.
//!
//! What Burn derives from a plain body is a kernel or more for each of its operations and each of their inputs,
//! and a GPU spends as long on launching a kernel as on running a small one. A formula for the whole gradient
//! takes a third of them.

use std::fmt::Debug;

use burn::{
    backend::{
        Autodiff, AutodiffBackend, Backend, BackendTensor, DispatchDevice, DispatchKindConversion,
        DispatchTensor, Flex,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::NoCheckpointing},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
    },
    prelude::*,
};

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod cross_entropy;
pub(crate) mod norm;

/// Whether `device` is one of CubeCL's: a GPU, or software that plays one.
pub(crate) fn is_gpu(device: &Device) -> bool {
    let inner = device.clone().without_autodiff();
    match inner.as_dispatch() {
        #[cfg(feature = "cubecl")]
        DispatchDevice::Cube(_) => true,
        _ => false,
    }
}

/// Buffers that a kernel may bind on `device`; none where it has no kernels.
pub(crate) fn bindings(device: &Device) -> Option<usize> {
    let inner = device.clone().without_autodiff();
    match inner.as_dispatch() {
        #[cfg(feature = "cubecl")]
        DispatchDevice::Cube(device) => {
            let client = device.client();
            Some(client.properties().hardware.max_bindings as usize)
        }
        _ => None,
    }
}

/// A tensor of any rank, outside of a graph.
#[derive(Debug, Clone)]
pub(crate) struct Any(DispatchTensor);

impl Any {
    /// With its rank again.
    pub fn tensor<const D: usize>(self) -> Tensor<D> {
        Tensor::from_dispatch(self.0)
    }
}

impl<const D: usize> From<Tensor<D>> for Any {
    fn from(tensor: Tensor<D>) -> Self {
        Self(tensor.into_dispatch())
    }
}

/// A tensor of any rank, in a graph or not.
pub(crate) struct Input {
    tensor: DispatchTensor,
    device: Device,
}

impl<const D: usize> From<Tensor<D>> for Input {
    fn from(tensor: Tensor<D>) -> Self {
        let device = tensor.device();
        let tensor = tensor.into_dispatch();
        Self { tensor, device }
    }
}

/// The gradients of an operation's inputs from what `forward` kept and the gradient of its output.
pub(crate) type Rule<S, const N: usize> = fn(S, Any) -> [Any; N];

/// An operation whose output is `forward` of its inputs, and whose gradient in a graph is `backward`. What
/// `forward` gives beside the output is kept for `backward`.
///
/// # Panics
/// On a device that is neither a GPU nor flex, which is for the tests.
pub(crate) fn by_hand<S, const N: usize, const D: usize>(
    inputs: [Input; N],
    forward: impl FnOnce([Any; N]) -> (Tensor<D>, S),
    backward: Rule<S, N>,
) -> Tensor<D>
where
    S: Clone + Debug + Send + 'static,
{
    let forward = |inputs| {
        let (output, kept) = forward(inputs);
        (Any::from(output), kept)
    };
    let device = inputs[0].device.clone().without_autodiff();
    let output = match device.as_dispatch() {
        #[cfg(feature = "cubecl")]
        DispatchDevice::Cube(_) => on::<burn::backend::Cube, S, N>(inputs, forward, backward),
        DispatchDevice::Flex(_) => on::<Flex, S, N>(inputs, forward, backward),
        _ => unreachable!("the caller asked where it is"),
    };
    Tensor::from_dispatch(output)
}

fn on<B, S, const N: usize>(
    inputs: [Input; N],
    forward: impl FnOnce([Any; N]) -> (Any, S),
    backward: Rule<S, N>,
) -> DispatchTensor
where
    B: Backend,
    S: Clone + Debug + Send + 'static,
    DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B>>,
{
    if !inputs.iter().any(|input| input.device.is_autodiff()) {
        return forward(inputs.map(|input| Any(input.tensor))).0.0;
    }
    let mut guards = Vec::with_capacity(N);
    let inner = inputs.map(|input| {
        let tensor = if input.device.is_autodiff() {
            primitive::<Autodiff<B>>(input.tensor)
        } else {
            Autodiff::<B>::from_inner(primitive::<B>(input.tensor))
        };
        let (tensor, guard) = tensor.into_parts();
        guards.push(guard);
        wrapped::<B>(tensor)
    });
    let Ok(guards) = guards.try_into() else {
        unreachable!("one guard an input");
    };
    let operation = ByHand { backward };
    let prepared = operation.prepare::<NoCheckpointing>(guards).compute_bound();
    let (output, kept) = forward(inner);
    let output = primitive::<B>(output.0);
    let output = match prepared.stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(kept, output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    };
    <DispatchTensor as DispatchKindConversion<Autodiff<B>>>::from_backend(BackendTensor::Float(
        output,
    ))
}

fn primitive<B: Backend>(tensor: DispatchTensor) -> B::FloatTensorPrimitive
where
    DispatchTensor: DispatchKindConversion<B>,
{
    match <DispatchTensor as DispatchKindConversion<B>>::try_into_backend(tensor) {
        Ok(BackendTensor::Float(tensor)) => tensor,
        _ => unreachable!("asked for the device and whether it is in a graph"),
    }
}

fn wrapped<B: Backend>(tensor: B::FloatTensorPrimitive) -> Any
where
    DispatchTensor: DispatchKindConversion<B>,
{
    Any(<DispatchTensor as DispatchKindConversion<B>>::from_backend(
        BackendTensor::Float(tensor),
    ))
}

/// An operation in a graph.
struct ByHand<S, const N: usize> {
    backward: Rule<S, N>,
}

impl<S, const N: usize> Debug for ByHand<S, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an operation with a gradient written by hand")
    }
}

impl<B, S, const N: usize> Backward<B, N> for ByHand<S, N>
where
    B: Backend,
    S: Clone + Debug + Send + 'static,
    DispatchTensor: DispatchKindConversion<B>,
{
    type State = S;

    fn backward(self, ops: Ops<S, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = wrapped::<B>(gradients.consume::<B>(&ops.node));
        let parts = (self.backward)(ops.state, gradient);
        for (parent, part) in ops.parents.into_iter().zip(parts) {
            if let Some(parent) = parent {
                gradients.register::<B>(parent.id, primitive::<B>(part.0));
            }
        }
    }
}
