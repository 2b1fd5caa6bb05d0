//! What claims measure: runs sorted by what they are, means over their seeds, and what is read off their records.

pub mod answers;
pub mod bayes_curve;
pub mod cells;
pub mod codes;
pub mod half_learnt;
pub mod ladders;
pub mod plateau;
pub mod runs;
pub mod seeds;
pub mod series;
pub mod syntax;
pub mod tuning;
