//! What documents cost a model whose weights stand still: the second part of a two-part code.

use burn::prelude::Device;
use kolmo_kernels::{Tokens, Workers, cross_entropy::Targets, is_flex};
use kolmo_model::LanguageModel;
use kolmo_theory::ByRole;
use kolmo_world::{Batch, Document, Role, World};

use crate::{
    error::EvalError,
    measure::{CPU_TOKENS, GPU_ROWS},
};

/// −ln P of each of `documents`, its end included, by role, nats. The model is without automatic differentiation, on `device`;
/// on a CPU each of `workers` takes some of the documents.
///
/// # Errors
/// [`EvalError::Read`] if the device does not give the losses back.
pub fn code(
    model: &dyn LanguageModel,
    world: &World,
    documents: &[Document],
    device: &Device,
    workers: &Workers,
) -> Result<Vec<ByRole>, EvalError> {
    let most = world.max_document_length();
    let rows = match is_flex(device) {
        true => (CPU_TOKENS / most.max(1)).max(1),
        false => GPU_ROWS,
    };
    let work = |documents: &[Document]| -> Result<Vec<ByRole>, EvalError> {
        // Of one shape on a GPU, so that it compiles no other.
        let [rows, length] = match is_flex(device) {
            true => {
                let longest = documents.iter().map(|document| document.tokens.len()).max();
                [documents.len(), longest.unwrap_or(0)]
            }
            false => [rows, most],
        };
        let mut batch = Batch::new(length);
        for document in documents {
            batch.push(document);
        }
        while batch.rows < rows {
            batch.push(&Document::default());
        }
        let places = batch.roles.iter().enumerate();
        let part = |(place, role): (usize, &Option<Role>)| {
            let row = place / length;
            role.map(|role| (row * Role::ALL.len()) as u16 + role as u16)
        };
        let targets = Targets {
            which: places.map(part).collect(),
            ids: batch.targets,
            roles: rows * Role::ALL.len(),
            weight: 1.0,
            on_device: None,
        };
        let inputs = Tokens::new(batch.inputs, [rows, length], device);
        let sums = model.loss(&inputs, &targets).sums;
        let sums = sums
            .try_into_vec_as::<f32>()
            .map_err(|error| EvalError::Read(error.to_string()))?;
        let of_row = |nats: &[f32]| {
            let mut by_role = ByRole::default();
            for (role, nats) in Role::ALL.into_iter().zip(nats) {
                by_role.add_to(role, f64::from(*nats));
            }
            by_role
        };
        let sums = sums.chunks_exact(Role::ALL.len()).map(of_row);
        Ok(sums.take(documents.len()).collect())
    };
    let parts = workers.map_on(device, documents.chunks(rows).collect(), work);
    let mut all = Vec::with_capacity(documents.len());
    for part in parts {
        all.extend(part?);
    }
    Ok(all)
}
