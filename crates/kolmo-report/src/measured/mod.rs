//! What claims measure: runs sorted by what they are, means over their seeds, and what is read off their records.

pub mod answers;
pub mod cells;
pub mod codes;
pub mod half_learnt;
pub mod ladders;
pub mod runs;
pub mod seeds;
pub mod series;
pub mod tuning;
