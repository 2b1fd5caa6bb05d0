//! A bag of embeddings, a language model that is only here.

use burn::{module::Param, prelude::*, tensor::TensorData};
use kolmo_config::{Architecture, ConfigError, ParameterSpec};
use kolmo_kernels::{Tokens, cross_entropy::Output, embedding};
use kolmo_model::{Draw, LanguageModel, Reader};
use kolmo_world::random::Streams;

/// Logits from the mean of the embeddings of the tokens so far, through an output layer.
#[derive(Module, Debug)]
pub struct Bag {
    rows: Param<Tensor<2>>,
    output: Param<Tensor<2>>,
}

/// Its description.
#[derive(Debug, Clone)]
pub struct BagOf {
    pub width: usize,
}

impl Architecture for BagOf {
    fn name(&self) -> &'static str {
        "bag"
    }

    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    fn width(&self) -> usize {
        self.width
    }

    fn set_width(&mut self, width: usize) -> Result<(), ConfigError> {
        self.width = width;
        Ok(())
    }

    fn base_width(&self) -> Option<usize> {
        None
    }

    fn drop_idle_keys(&mut self) {}

    fn drop_sizes(&mut self) {
        self.width = 0;
    }

    fn specs(&self, vocabulary: usize) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::embedding("rows", [vocabulary, self.width], false),
            ParameterSpec::output("output", [self.width, vocabulary]),
        ]
    }

    fn mixing_flops(&self, _time: usize) -> f64 {
        6.0 * self.width as f64
    }

    fn kept_floats(&self) -> u64 {
        2 * self.width as u64
    }

    fn widest_floats(&self, _time: usize) -> u64 {
        self.width as u64
    }
}

impl Bag {
    pub fn new(of: &BagOf, vocabulary: usize, streams: &Streams, device: &Device) -> Self {
        let mut draw = Draw::new(of, vocabulary, streams, device).unwrap();
        let bag = Self {
            rows: draw.parameter("rows").unwrap(),
            output: draw.parameter("output").unwrap(),
        };
        draw.finish().unwrap();
        bag
    }
}

impl LanguageModel for Bag {
    fn hidden_and(&self, tokens: &Tokens, see: &mut dyn FnMut(&Tensor<3>)) -> Tensor<3> {
        let [_, time] = tokens.shape();
        let x = embedding(self.rows.val(), tokens);
        see(&x);
        let share = |at: usize| {
            let (row, column) = (at / time, at % time);
            if column > row {
                0.0
            } else {
                1.0 / (row + 1) as f32
            }
        };
        let shares = TensorData::new((0..time * time).map(share).collect(), [1, time, time]);
        Tensor::<3>::from_data(shares, &x.device()).matmul(x)
    }

    fn output(&self) -> Output {
        Output::Own(self.output.val())
    }

    fn reader(&self, _rows: usize, _room: usize) -> Box<dyn Reader + '_> {
        Box::new(Sum {
            bag: self,
            sum: None,
        })
    }
}

/// A bag that reads: of all tokens so far it keeps the sum.
struct Sum<'a> {
    bag: &'a Bag,
    sum: Option<Tensor<3>>,
}

impl Reader for Sum<'_> {
    fn read(&mut self, tokens: &Tokens, place: usize) -> Tensor<3> {
        let x = embedding(self.bag.rows.val(), tokens);
        let sum = match self.sum.take() {
            Some(sum) => sum + x,
            None => x,
        };
        self.sum = Some(sum.clone());
        sum / (place + 1) as f64
    }
}
