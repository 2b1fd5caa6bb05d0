//! An operation with a gradient of its own, as a node of Burn's graph.

use std::fmt::{self, Debug, Formatter};

use burn::backend::{
    Autodiff, AutodiffBackend, Backend, BackendTensor, DispatchKindConversion, DispatchTensor,
    autodiff::{
        checkpoint::{base::Checkpointer, strategy::NoCheckpointing},
        grads::Gradients,
        ops::{Backward, Ops, OpsKind},
    },
    tensor::FloatTensor,
};

/// How an operation sees the tensors of a backend, outside of a graph.
pub(crate) trait View<B: Backend>: Sized {
    /// Sees `tensor`.
    fn of(tensor: FloatTensor<B>) -> Self;

    /// The tensor.
    fn tensor(self) -> FloatTensor<B>;
}

/// A tensor, in a graph or not.
pub(crate) enum Place<B: Backend> {
    Plain(FloatTensor<B>),
    Tracked(FloatTensor<Autodiff<B>>),
}

/// The gradients of an operation's inputs from what its forward pass kept and the gradient of its output.
pub(crate) type Rule<S, V, const N: usize> = fn(S, V) -> [V; N];

/// An operation whose output is `forward` of its inputs, and whose gradient in a graph is `backward`. What `forward` gives beside
/// the output is kept for `backward`; its second argument says whether that will be asked for.
pub(crate) fn node<B, S, V, const N: usize>(
    inputs: [Place<B>; N],
    forward: impl FnOnce([V; N], bool) -> (V, S),
    backward: Rule<S, V, N>,
) -> Place<B>
where
    B: Backend,
    S: Clone + Debug + Send + 'static,
    V: View<B> + 'static,
{
    if !inputs.iter().any(Place::is_tracked) {
        let inputs = inputs.map(|input| V::of(input.without_graph()));
        return Place::Plain(forward(inputs, false).0.tensor());
    }
    let mut guards = Vec::with_capacity(N);
    let values = inputs.map(|input| {
        let tensor = match input {
            Place::Plain(tensor) => Autodiff::<B>::from_inner(tensor),
            Place::Tracked(tensor) => tensor,
        };
        let (tensor, guard) = tensor.into_parts();
        guards.push(guard);
        V::of(tensor)
    });
    let Ok(guards) = guards.try_into() else {
        unreachable!("one guard an input");
    };
    let prepared = Node { backward }.prepare::<NoCheckpointing>(guards);
    Place::Tracked(match prepared.compute_bound().stateful() {
        OpsKind::Tracked(prepared) => {
            let (output, kept) = forward(values, true);
            prepared.finish(kept, output.tensor())
        }
        OpsKind::UnTracked(prepared) => prepared.finish(forward(values, false).0.tensor()),
    })
}

impl<B: Backend> Place<B>
where
    DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B>>,
{
    /// `tensor`, which is of this backend and, if it `is_tracked`, in a graph.
    pub fn of_dispatch(tensor: DispatchTensor, is_tracked: bool) -> Self {
        match is_tracked {
            true => Self::Tracked(primitive::<Autodiff<B>>(tensor)),
            false => Self::Plain(primitive::<B>(tensor)),
        }
    }

    /// As one of Burn's runtime dispatch.
    pub fn into_dispatch(self) -> DispatchTensor {
        type Convert = DispatchTensor;
        match self {
            Self::Plain(tensor) => {
                <Convert as DispatchKindConversion<B>>::from_backend(BackendTensor::Float(tensor))
            }
            Self::Tracked(tensor) => {
                <Convert as DispatchKindConversion<Autodiff<B>>>::from_backend(
                    BackendTensor::Float(tensor),
                )
            }
        }
    }
}

fn primitive<B: Backend>(tensor: DispatchTensor) -> FloatTensor<B>
where
    DispatchTensor: DispatchKindConversion<B>,
{
    match <DispatchTensor as DispatchKindConversion<B>>::try_into_backend(tensor) {
        Ok(BackendTensor::Float(tensor)) => tensor,
        _ => unreachable!("asked for the device, and whether all of its gradients are kept"),
    }
}

impl<B: Backend> Place<B> {
    fn is_tracked(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tracked(_) => true,
        }
    }

    /// The tensor, whatever graph it is of.
    pub fn without_graph(self) -> FloatTensor<B> {
        match self {
            Self::Plain(tensor) => tensor,
            Self::Tracked(tensor) => tensor.into_primitive(),
        }
    }
}

struct Node<S, V, const N: usize> {
    backward: Rule<S, V, N>,
}

impl<S, V, const N: usize> Debug for Node<S, V, N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("an operation with a gradient of its own")
    }
}

impl<B, S, V, const N: usize> Backward<B, N> for Node<S, V, N>
where
    B: Backend,
    S: Clone + Debug + Send + 'static,
    V: View<B> + 'static,
{
    type State = S;

    fn backward(self, ops: Ops<S, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = V::of(gradients.consume::<B>(&ops.node));
        let parts = (self.backward)(ops.state, gradient);
        for (parent, part) in ops.parents.into_iter().zip(parts) {
            if let Some(parent) = parent {
                gradients.register::<B>(parent.id, part.tensor());
            }
        }
    }
}
