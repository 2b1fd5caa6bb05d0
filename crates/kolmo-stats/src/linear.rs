//! Small symmetric linear systems.

/// A positive definite matrix, factored as L Lᵀ.
pub(crate) struct Cholesky {
    /// L by rows, `[size, size]`.
    factor: Vec<f64>,
    size: usize,
}

impl Cholesky {
    /// Factors `matrix`, `[size, size]` by rows; none where it is not positive definite.
    pub fn of(matrix: &[f64], size: usize) -> Option<Self> {
        let mut factor = matrix.to_vec();
        for i in 0..size {
            for j in 0..=i {
                let (above, below) = (
                    &factor[j * size..j * size + j],
                    &factor[i * size..i * size + j],
                );
                let inner: f64 = above.iter().zip(below).map(|(a, b)| a * b).sum();
                let rest = factor[i * size + j] - inner;
                factor[i * size + j] = if i == j {
                    if rest.is_nan() || rest <= 0.0 {
                        return None;
                    }
                    rest.sqrt()
                } else {
                    rest / factor[j * size + j]
                };
            }
        }
        Some(Self { factor, size })
    }

    /// Puts the solution of `matrix · x = right` in the place of `right`.
    pub fn solve(&self, right: &mut [f64]) {
        let (factor, size) = (&self.factor, self.size);
        for i in 0..size {
            let known: f64 = (0..i).map(|j| factor[i * size + j] * right[j]).sum();
            right[i] = (right[i] - known) / factor[i * size + i];
        }
        for i in (0..size).rev() {
            let known: f64 = (i + 1..size).map(|j| factor[j * size + i] * right[j]).sum();
            right[i] = (right[i] - known) / factor[i * size + i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solution_solves() {
        let matrix = [4.0, 2.0, -1.0, 2.0, 5.0, 0.5, -1.0, 0.5, 3.0];
        let x = [1.0, -2.0, 0.5];
        let mut right: Vec<f64> = (0..3)
            .map(|i| (0..3).map(|j| matrix[3 * i + j] * x[j]).sum())
            .collect();
        Cholesky::of(&matrix, 3).unwrap().solve(&mut right);
        assert!(
            right
                .iter()
                .zip(x)
                .all(|(found, x)| (found - x).abs() < 1e-12),
            "{right:?}"
        );
    }

    #[test]
    fn an_indefinite_matrix_has_no_factor() {
        assert!(Cholesky::of(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
        assert!(Cholesky::of(&[f64::NAN], 1).is_none());
    }
}
