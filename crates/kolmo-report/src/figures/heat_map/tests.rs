use super::super::svg::{assert_well_formed, attribute, tags};
use super::*;

fn map(columns: usize, rows: usize) -> HeatMap {
    let cell = |row: usize, column: usize| (row + column) as f64 / (rows + columns) as f64;
    HeatMap {
        title: "Share recalled".to_owned(),
        x: "exposures".to_owned(),
        y: "parameters".to_owned(),
        z: "share of the facts".to_owned(),
        columns: (0..columns).map(|k| format!("column {k}")).collect(),
        rows: (0..rows).map(|k| format!("row {k}")).collect(),
        cells: (0..rows)
            .map(|row| (0..columns).map(|column| cell(row, column)).collect())
            .collect(),
    }
}

/// Filled rectangles but for the page and the bar, of which there is a known number.
fn cells(svg: &str) -> Vec<&str> {
    let filled = tags(svg, "rect").into_iter();
    let filled: Vec<&str> = filled
        .filter(|tag| attribute(tag, "fill") != "none")
        .collect();
    filled[1..filled.len() - 50].to_vec()
}

#[test]
fn every_cell_has_its_place_and_the_colour_of_its_number() {
    let svg = map(4, 3).svg().unwrap();
    assert_well_formed(&svg);
    let cells = cells(&svg);
    assert_eq!(cells.len(), 12);
    let side = |tag, name| attribute(tag, name).parse::<u32>().unwrap();
    for (row, cells) in cells.chunks(4).enumerate() {
        for pair in cells.windows(2) {
            assert!(side(pair[0], "x") < side(pair[1], "x"));
            assert_eq!(side(pair[0], "y"), side(pair[1], "y"), "row {row}");
        }
    }
    // The same number has the same colour, another one another.
    assert_eq!(attribute(cells[1], "fill"), attribute(cells[4], "fill"));
    assert_ne!(attribute(cells[0], "fill"), attribute(cells[11], "fill"));
    for text in ["column 3", "row 2", "exposures", "parameters", "0.29"] {
        assert!(svg.contains(&format!("\n{text}\n")), "{text}");
    }
}

#[test]
fn labels_that_have_no_room_are_left_out() {
    let svg = map(40, 60).svg().unwrap();
    assert_well_formed(&svg);
    assert_eq!(cells(&svg).len(), 2400);
    assert!(svg.contains("\ncolumn 0\n") && !svg.contains("\ncolumn 1\n"));
    assert!(svg.contains("\nrow 0\n") && !svg.contains("\nrow 1\n"));
    assert!(!svg.contains("\n0.50\n"), "nor are numbers");
}

#[test]
fn what_was_not_measured_is_empty_and_said() {
    let mut map = map(3, 3);
    assert!(!map.svg().unwrap().contains("empty:"));
    map.cells[1][1] = f64::NAN;
    map.cells[2].clear();
    let svg = map.svg().unwrap();
    assert_well_formed(&svg);
    assert_eq!(cells(&svg).len(), 5);
    assert!(svg.contains("empty:"));
}

#[test]
fn a_long_meaning_takes_more_lines() {
    let mut map = map(3, 3);
    let height = |svg: &str| -> u32 { attribute(tags(svg, "svg")[0], "height").parse().unwrap() };
    assert_eq!(height(&map.svg().unwrap()), 430);
    map.z = "share of the facts of this class that the model recalls exactly".to_owned();
    let svg = map.svg().unwrap();
    assert_eq!(height(&svg), 455);
    assert!(svg.contains("exactly") && cells(&svg).len() == 9);
}

#[test]
fn whatever_the_numbers_are_they_are_drawn() {
    let mut odd = map(2, 2);
    odd.cells = vec![
        vec![f64::NAN, -3.0, 0.5],
        vec![f64::INFINITY, 1e300],
        vec![1.0],
    ];
    odd.rows[0] = "<script>\u{0}".repeat(30);
    odd.columns[0] = "\"long\"".repeat(100);
    odd.z = "meaning ".repeat(40);
    for map in [
        odd,
        map(0, 0),
        map(1, 0),
        map(0, 1),
        map(1, 1),
        map(300, 200),
    ] {
        let svg = map.svg().unwrap();
        assert_well_formed(&svg);
        assert!(!svg.contains("<script"));
    }
}

#[test]
fn numbers_are_kept_as_csv() {
    let mut map = map(2, 1);
    map.cells = vec![vec![0.25, f64::NAN]];
    map.rows[0] = "1,000".to_owned();
    let expected = "row,column,value\n\"1,000\",column 0,0.25\n\"1,000\",column 1,\n";
    assert_eq!(map.csv(), expected);
}
