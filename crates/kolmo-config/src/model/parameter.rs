//! What an architecture says of each of its parameters.

/// A parameter of a model: a tensor that is trained.
///
/// Counts, initial values, learning rates, adapters, rounding, operations and memory go by it. Nothing goes by how a
/// name is spelt.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterSpec {
    /// The path of its field in the model, joined by dots, and its name in files of weights.
    pub name: String,
    /// Sizes of its axes.
    pub shape: Vec<usize>,
    /// So many values are summed up in each value that it gives; 1 where nothing is summed.
    pub fan_in: usize,
    /// What it does.
    pub kind: Kind,
    /// Whether what it gives is added to the residual stream.
    pub residual: bool,
}

/// What a parameter does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A row for each token, to be looked up, `[vocabulary, d]`.
    Embedding,
    /// The same where it is the output layer as well.
    TiedEmbedding,
    /// A matrix between activations, `[fan_in, fan_out]`.
    Hidden,
    /// The output layer, `[d, vocabulary]`.
    Output,
    /// Gains, biases: a value for each activation.
    Vector {
        /// What each begins at.
        start: f32,
    },
    /// The same of the norm before a tied table: they have the scale of an output layer, for the table cannot.
    OutputVector {
        /// What each begins at, before it is scaled.
        start: f32,
    },
}

impl ParameterSpec {
    /// An embedding table.
    pub fn embedding(name: &str, [vocabulary, width]: [usize; 2], tied: bool) -> Self {
        let kind = match tied {
            true => Kind::TiedEmbedding,
            false => Kind::Embedding,
        };
        Self::new(name, vec![vocabulary, width], 1, kind)
    }

    /// A matrix between activations.
    pub fn hidden(name: &str, [fan_in, fan_out]: [usize; 2]) -> Self {
        Self::new(name, vec![fan_in, fan_out], fan_in, Kind::Hidden)
    }

    /// An output layer.
    pub fn output(name: &str, [width, vocabulary]: [usize; 2]) -> Self {
        Self::new(name, vec![width, vocabulary], width, Kind::Output)
    }

    /// A vector of the norm before the output layer, which is the embedding table if it is tied.
    pub fn last_vector(name: &str, width: usize, start: f32, tied: bool) -> Self {
        let kind = match tied {
            true => Kind::OutputVector { start },
            false => Kind::Vector { start },
        };
        Self::new(name, vec![width], 1, kind)
    }

    /// A vector that begins at `start`.
    pub fn vector(name: &str, width: usize, start: f32) -> Self {
        let kind = Kind::Vector { start };
        Self::new(name, vec![width], 1, kind)
    }

    fn new(name: &str, shape: Vec<usize>, fan_in: usize, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            shape,
            fan_in,
            kind,
            residual: false,
        }
    }

    /// The same where what it gives is added to the residual stream.
    pub fn to_residual(mut self) -> Self {
        self.residual = true;
        self
    }

    /// Number of its values.
    pub fn count(&self) -> u64 {
        self.shape.iter().map(|size| *size as u64).product()
    }
}

impl Kind {
    /// Whether it has values for each token of the vocabulary.
    pub fn is_of_tokens(self) -> bool {
        match self {
            Self::Embedding | Self::TiedEmbedding | Self::Output => true,
            Self::Hidden | Self::Vector { .. } | Self::OutputVector { .. } => false,
        }
    }

    /// Whether every token is multiplied with all of it, which a table that is only looked up is not.
    pub fn is_multiplied(self) -> bool {
        match self {
            Self::Embedding => false,
            Self::TiedEmbedding | Self::Hidden | Self::Output => true,
            Self::Vector { .. } | Self::OutputVector { .. } => true,
        }
    }

    /// Whether low-rank adapters are added to it (Hu et al. 2021, [LoRA](https://arxiv.org/abs/2106.09685)).
    pub fn is_adapted(self) -> bool {
        match self {
            Self::Hidden => true,
            Self::Embedding | Self::TiedEmbedding | Self::Output => false,
            Self::Vector { .. } | Self::OutputVector { .. } => false,
        }
    }

    /// Whether it is rounded to a grid where weights are kept in few bits, each row of its last axis with a step of its own.
    pub fn is_rounded(self) -> bool {
        match self {
            Self::Embedding | Self::TiedEmbedding | Self::Hidden | Self::Output => true,
            Self::Vector { .. } | Self::OutputVector { .. } => false,
        }
    }
}
