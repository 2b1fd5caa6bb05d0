//! A heat map: a colour for each pair of a column and a row.

/// Numbers from 0 to 1 over columns and rows.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// Above it.
    pub title: String,
    /// Of the columns, with its unit.
    pub x: String,
    /// Of the rows, with its unit.
    pub y: String,
    /// What the colours mean.
    pub z: String,
    /// A name for each column.
    pub columns: Vec<String>,
    /// A name for each row, from the top.
    pub rows: Vec<String>,
    /// By row, then by column; not a number where nothing was measured.
    pub cells: Vec<Vec<f64>>,
}
