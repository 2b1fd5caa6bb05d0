//! Text in columns.

/// Between two columns.
const GAP: &str = "  ";

/// `rows` under their heads, the first column to the left, numbers to the right, with a rule below the
/// heads. Every row has as many cells as there are heads.
pub(crate) fn columns<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let heads = heads.map(str::to_owned);
    let width = |column: usize| {
        let cells = std::iter::once(&heads).chain(rows);
        cells
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells: Vec<String> = cells
            .map(|(column, (cell, &width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        cells.join(GAP).trim_end().to_owned() + "\n"
    };
    let rule = "-".repeat(widths.iter().sum::<usize>() + GAP.len() * N.saturating_sub(1));
    let mut text = line(&heads) + &rule + "\n";
    text.extend(rows.iter().map(line));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_aligned_to_the_right() {
        let rows = [["a", "1"], ["b c", "10.25"]].map(|row| row.map(str::to_owned));
        let expected = "n    value\n----------\na        1\nb c  10.25\n";
        assert_eq!(columns(["n", "value"], &rows), expected);
    }
}
