//! One step: a batch in, its loss and gradient out, and the update.

use burn::{
    module::{ModuleMapper, ModuleVisitor, Param},
    prelude::*,
    tensor::Gradients,
};
use kolmo_config::RunConfig;
use kolmo_kernels::{Gradient, Workers};
use kolmo_model::{Adapters, LanguageModel, Model, weights::HostTensor};
use kolmo_world::{Batch, World, document::Role};

use crate::{
    error::TrainError,
    optimizer::Optimizer,
    shards::{Destination, Parts, Shard, shards},
};

/// A model, its optimiser, and the threads that train it.
pub struct Learner<M> {
    /// The model, on a device with automatic differentiation.
    pub model: M,
    /// Its optimiser.
    pub optimizer: Optimizer,
    /// The threads.
    pub workers: Workers,
    /// The model before the first step and what is added to it, where that alone is trained.
    low_rank: Option<(M, Adapters)>,
    to: Destination,
    shards: usize,
}

/// What a batch says of a model.
pub struct Step {
    gradient: Gradient,
    /// On the device, `[parts + 1]`.
    figures: Tensor<1>,
}

/// The loss and the gradient's norm of a step, on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Sums by [`Parts`], nats.
    pub sums: Vec<f32>,
    /// Global norm of the gradient, before it is clipped.
    pub gradient_norm: f64,
}

impl Learner<Model> {
    /// A learner of the model of `config` with fresh weights, which reads documents of `world` on `device`.
    ///
    /// # Errors
    /// A model that cannot be; those of [`new`](Self::new).
    pub fn fresh(config: &RunConfig, world: &World, device: &Device) -> Result<Self, TrainError> {
        let device = device.clone().autodiff();
        let RunConfig { model, train, .. } = config;
        let (vocabulary, length) = (world.vocabulary().len(), world.max_document_length());
        let optimizer = Optimizer::new(train, &**model, &model.specs(vocabulary));
        let parts = train.parts(&**model, vocabulary, length);
        let model = Model::new(model, vocabulary, &config.initialisation(), &device)?;
        Self::new(model, optimizer, parts, &device)
    }
}

impl<M: Module + LanguageModel> Learner<M> {
    /// A learner that splits each batch into `shards` on a CPU. `device` is that of
    /// `model`, with automatic differentiation. Losses are split by role alone.
    ///
    /// # Errors
    /// [`TrainError::Threads`] on a system that gives no threads.
    pub fn new(
        model: M,
        optimizer: Optimizer,
        shards: usize,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let workers = Workers::of_machine();
        Ok(Self {
            workers: workers.map_err(|error| TrainError::Threads(error.to_string()))?,
            to: Destination::new(device),
            model,
            optimizer,
            low_rank: None,
            shards,
        })
    }

    /// Splits losses into `parts`.
    pub fn by_class(mut self, parts: Parts) -> Self {
        self.to = Destination::by_class(self.to.device(), parts);
        self
    }

    /// Trains `adapters` of the model as it is now, and nothing else; the optimiser is theirs.
    pub fn with_adapters(mut self, adapters: Adapters) -> Self {
        let base = self.model;
        self.model = adapters.applied_to(&base);
        self.low_rank = Some((base, adapters));
        self
    }

    /// The adapters that are trained, if it is they.
    pub fn adapters(&self) -> Option<&Adapters> {
        self.low_rank.as_ref().map(|(_, adapters)| adapters)
    }

    /// Loss and gradient of `batch`; `classes` has the class of each document, the first of all if it is empty. On a CPU each worker takes shards, and what they found is summed in the
    /// order of the shards, so that the bits depend on how many shards there are and not on the workers.
    pub fn look(&self, batch: &Batch, classes: &[u16]) -> Step {
        let shards = shards(batch, classes, self.shards, &self.to);
        let one = |(model, shard): (M, Shard)| {
            let loss = model.loss(&shard.tokens, &shard.targets);
            let gradients = loss.mean.backward();
            let gradients = match &self.low_rank {
                Some((_, adapters)) => adapters.pull_back(&model, gradients),
                None => flatten(&model, gradients),
            };
            (gradients, loss.sums)
        };
        let jobs: Vec<(M, Shard)> = shards
            .into_iter()
            .map(|shard| (self.model.clone().map(&mut Leaves), shard))
            .collect();
        let found = self.workers.map_on(self.to.device(), jobs, one);
        let (gradients, sums): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let gradient = Gradient::sum(gradients, &self.workers);
        let figures = Tensor::cat(vec![sum(sums), gradient.norm_squared()], 0);
        Step { gradient, figures }
    }

    /// Follows the gradient of `step`.
    pub fn follow(&mut self, step: Step, learning_rate: f64) {
        let (gradient, workers) = (step.gradient, &self.workers);
        match &mut self.low_rank {
            Some((base, adapters)) => {
                self.optimizer
                    .step(adapters, gradient, learning_rate, workers);
                self.model = adapters.applied_to(base);
            }
            None => self
                .optimizer
                .step(&mut self.model, gradient, learning_rate, workers),
        }
    }

    /// A whole step on `batch`, and a wait for its figures.
    ///
    /// # Errors
    /// A device that does not give them back.
    pub fn step(&mut self, batch: &Batch, learning_rate: f64) -> Result<Figures, TrainError> {
        let step = self.look(batch, &[]);
        let figures = step.figures();
        self.follow(step, learning_rate);
        Ok(Figures::new(&HostTensor::read("losses", figures)?.values))
    }
}

impl Step {
    /// Losses and norm, still on the device, `[parts + 1]`: to be [read](Figures::read) when it suits.
    pub fn figures(&self) -> Tensor<1> {
        self.figures.clone()
    }
}

impl Figures {
    /// Those of one step, `[parts + 1]`.
    fn new(values: &[f32]) -> Self {
        let (sums, norm) = values.split_at(values.len() - 1);
        Self {
            sums: sums.to_vec(),
            gradient_norm: f64::from(norm[0]).sqrt(),
        }
    }

    /// Reads those of several steps, in one wait for the device.
    ///
    /// # Errors
    /// A device that does not give them back.
    pub fn read(mut steps: Vec<Tensor<1>>) -> Result<Vec<Self>, TrainError> {
        let Some(last) = steps.pop() else {
            return Ok(Vec::new());
        };
        let [length] = last.dims();
        let all = match steps.is_empty() {
            true => last,
            false => {
                steps.push(last);
                Tensor::cat(steps, 0)
            }
        };
        let values = HostTensor::read("losses", all)?.values;
        Ok(values.chunks_exact(length).map(Self::new).collect())
    }

    /// The sums by role, in the order of [`Role::ALL`], nats.
    pub fn by_role(&self) -> [f64; Role::ALL.len()] {
        let mut all = [0.0; Role::ALL.len()];
        for class in self.sums.chunks_exact(all.len()) {
            for (all, sum) in all.iter_mut().zip(class) {
                *all += f64::from(*sum);
            }
        }
        all
    }
}

/// Sums by part over the shards.
fn sum(mut shards: Vec<Tensor<1>>) -> Tensor<1> {
    match shards.pop() {
        Some(only) if shards.is_empty() => only,
        last => {
            shards.extend(last);
            Tensor::stack::<2>(shards, 0).sum_dim(0).squeeze_dim(0)
        }
    }
}

/// Makes every parameter the leaf of a graph of its own: graphs that share one are worked on in turns.
struct Leaves;

impl ModuleMapper for Leaves {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| Tensor::from_inner(tensor.inner()).require_grad())
    }
}

/// The gradients of `model`'s parameters, each flattened, in its order.
fn flatten<M: Module>(model: &M, gradients: Gradients) -> Vec<Tensor<1>> {
    struct Flatten {
        gradients: Gradients,
        parts: Vec<Tensor<1>>,
    }
    impl ModuleVisitor for Flatten {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.val();
            let gradient = value.grad_remove(&mut self.gradients);
            let gradient = gradient.unwrap_or_else(|| value.inner().zeros_like());
            self.parts.push(gradient.reshape([-1]));
        }
    }
    let mut flatten = Flatten {
        gradients,
        parts: Vec::new(),
    };
    model.visit(&mut flatten);
    flatten.parts
}
