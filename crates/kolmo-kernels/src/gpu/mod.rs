//! Operations on a GPU with a backward pass written by hand, in terms of Burn's tensors.
//!
//! What Burn derives from a plain body is a kernel or more for each of its operations and each of their inputs,
//! and a GPU spends as long on launching a kernel as on running a small one. A formula for the whole gradient
//! takes a third of them.

use std::fmt::Debug;

use burn::{
    backend::{
        Autodiff, Backend, DispatchDevice, DispatchKindConversion, DispatchTensor, Flex,
        tensor::FloatTensor,
    },
    prelude::*,
};

use crate::graph::{Place, Rule, View, node};

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod cross_entropy;
pub(crate) mod embedding;
pub(crate) mod linear;
pub(crate) mod long;
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

/// An operation whose output is `forward` of its inputs, and whose gradient in a graph is `backward`. What
/// `forward` gives beside the output is kept for `backward`.
///
/// # Panics
/// On a device that is neither a GPU nor flex, which is for the tests.
pub(crate) fn by_hand<S, const N: usize, const D: usize>(
    inputs: [Input; N],
    forward: impl FnOnce([Any; N]) -> (Tensor<D>, S),
    backward: Rule<S, Any, N>,
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
    backward: Rule<S, Any, N>,
) -> DispatchTensor
where
    B: Backend,
    S: Clone + Debug + Send + 'static,
    DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B>>,
{
    let inputs = inputs
        .map(|Input { tensor, device }| Place::<B>::of_dispatch(tensor, device.is_autodiff()));
    node(inputs, |inputs, _| forward(inputs), backward).into_dispatch()
}

impl<B: Backend> View<B> for Any
where
    DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B>>,
{
    fn of(tensor: FloatTensor<B>) -> Self {
        Self(Place::<B>::Plain(tensor).into_dispatch())
    }

    fn tensor(self) -> FloatTensor<B> {
        Place::<B>::of_dispatch(self.0, false).without_graph()
    }
}
