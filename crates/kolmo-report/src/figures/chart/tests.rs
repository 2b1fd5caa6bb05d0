use super::super::palette;
use super::super::svg::{assert_well_formed, attribute, lines, points, tags};
use super::*;

fn datum(x: f64, y: f64) -> Datum {
    Datum { x, y, ci95: None }
}

fn estimate(x: f64, y: f64, half: f64) -> Datum {
    let ci95 = Some([y - half, y + half]);
    Datum { x, y, ci95 }
}

fn series(label: &str, mark: Mark, ink: Ink, points: Vec<Datum>) -> Series {
    let label = label.to_owned();
    Series {
        label,
        mark,
        ink,
        points,
    }
}

fn chart(log_y: bool, series: Vec<Series>) -> Chart {
    Chart {
        title: "Value loss".to_owned(),
        x: "documents".to_owned(),
        y: "value loss (nats per fact)".to_owned(),
        log_y,
        series,
    }
}

/// Two curves and points on the first of them.
fn power_law(log_y: bool) -> Chart {
    let n = || (0..10).map(|k| 1e3 * 2_f64.powi(k));
    let on = |exponent: f64| n().map(move |n| datum(n, 10.0 * n.powf(-exponent)));
    let measured = on(0.3).map(|at| estimate(at.x, at.y, at.y / 10.0));
    chart(
        log_y,
        vec![
            series("theory", Mark::Line, Ink::Theory, on(0.3).collect()),
            series(
                "another law",
                Mark::Dashes,
                Ink::Asymptote,
                on(0.4).collect(),
            ),
            series("measured", Mark::Points, Ink::Measured, measured.collect()),
        ],
    )
}

#[test]
fn points_lie_on_their_curve_and_intervals_are_bars() {
    for log_y in [false, true] {
        let svg = power_law(log_y).svg().unwrap();
        assert_well_formed(&svg);
        let curve = lines(&svg, "#5A5A5A");
        let [curve, key] = &curve[..] else {
            panic!("a curve and its key: {curve:?}");
        };
        assert_eq!((curve.len(), key.len()), (10, 2));
        // The last point is that of the legend.
        assert_eq!(points(&svg)[..10], curve[..]);
        let bars = lines(&svg, "#1F61A8");
        assert_eq!(bars.len(), 10, "points are not joined, nor is their key");
        for bar in &bars {
            assert!(
                bar[0].0 == bar[1].0 && bar[0].1 - bar[1].1 > 20.0,
                "{bar:?}"
            );
        }
        for text in [
            "Value loss",
            "documents",
            "theory",
            "another law",
            "measured",
        ] {
            assert!(svg.contains(&format!("\n{text}\n")), "{text}");
        }
    }
}

#[test]
fn points_are_joined_where_they_should_be() {
    let mut chart = power_law(true);
    chart.series[2].mark = Mark::JoinedPoints;
    let svg = chart.svg().unwrap();
    let joined = lines(&svg, "#1F61A8");
    assert!(joined.iter().any(|line| line.len() == 10));
}

#[test]
fn a_linear_axis_begins_at_zero_and_below_for_what_is_negative() {
    let of = |values: &[f64]| {
        let points = values.iter().map(|y| datum(100.0, *y)).collect();
        let series = series("slope", Mark::Points, Ink::Measured, points);
        let svg = chart(false, vec![series]).svg().unwrap();
        assert_well_formed(&svg);
        svg
    };
    let positive = of(&[0.31, 0.35]);
    assert!(positive.contains("\n0\n") && !positive.contains("\n-0."));
    let negative = of(&[0.31, -0.12]);
    assert!(negative.contains("\n0\n") && negative.contains("\n-0.2\n"));
}

#[test]
fn a_curve_without_end_does_not_flatten_the_points() {
    let mut chart = power_law(true);
    let vanishing = (1..300).map(|k| datum(1e3 * f64::from(k), (-f64::from(k)).exp()));
    let vanishing = series("vanishes", Mark::Line, Ink::Reference, vanishing.collect());
    chart.series.push(vanishing);
    let axis = chart.log_axis();
    assert!(axis.low() > 1e-3, "{axis:?}");
    assert_well_formed(&chart.svg().unwrap());
    chart.series.remove(2);
    let axis = chart.log_axis();
    assert!((1e-8..1e-5).contains(&axis.low()), "{axis:?}");
}

#[test]
fn what_a_log_axis_has_no_place_for_is_hollow_on_its_end() {
    let mut chart = power_law(true);
    chart.series[2].points[9].y = -0.1;
    let svg = chart.svg().unwrap();
    assert!(svg.contains("\n≤ "));
    let circles = tags(&svg, "circle").into_iter();
    let hollow = circles.filter(|tag| attribute(tag, "fill") == "none");
    assert_eq!(hollow.count(), 1);
}

#[test]
fn whatever_the_numbers_are_they_are_drawn() {
    let odd = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -1.0,
        1e-310,
        f64::MAX,
        1.0,
    ];
    let marks = [Mark::Line, Mark::Dashes, Mark::Points, Mark::JoinedPoints];
    let all = || odd.iter().flat_map(|x| odd.map(|y| (*x, y)));
    let mut cases = vec![vec![], vec![datum(10.0, 1.0)]];
    cases.push(all().map(|(x, y)| datum(x, y)).collect());
    cases.push(all().map(|(x, y)| estimate(x, y, y / 3.0)).collect());
    cases.extend(all().map(|(x, y)| vec![datum(x, y), estimate(10.0, 1.0, y)]));
    assert_well_formed(&chart(false, vec![]).svg().unwrap());
    for log_y in [false, true] {
        for points in &cases {
            let series =
                marks.map(|mark| series("odd", mark, Ink::Shade(f64::NAN), points.clone()));
            assert_well_formed(&chart(log_y, series.to_vec()).svg().unwrap());
        }
    }
}

/// The boxes of text that plotters writes, by the safe width of letters.
fn legend_corner(svg: &str) -> (f64, f64) {
    let [.., legend] = tags(svg, "rect")
        .into_iter()
        .filter(|tag| attribute(tag, "opacity") == "0.85")
        .collect::<Vec<_>>()[..]
    else {
        return (f64::INFINITY, f64::INFINITY);
    };
    let side = |name| attribute(legend, name).parse::<f64>().unwrap();
    (side("x"), side("y"))
}

#[test]
fn the_legend_covers_nothing() {
    // There is room for three short names inside.
    let svg = power_law(true).svg().unwrap();
    assert!(svg.starts_with("<svg width=\"640\" height=\"430\""));
    assert!(legend_corner(&svg).0.is_finite());
    // A family that fills the chart has its names below it.
    let family = (0..10).map(|k| {
        let place = f64::from(k) / 9.0;
        let points = (0..20)
            .map(|i| datum(10_f64.powi(i), 1.0 + place))
            .collect();
        series(
            &format!("member {k}"),
            Mark::Line,
            Ink::Shade(place),
            points,
        )
    });
    let svg = chart(false, family.collect()).svg().unwrap();
    assert_well_formed(&svg);
    assert!(legend_corner(&svg).0.is_infinite());
    let height: u32 = attribute(tags(&svg, "svg")[0], "height").parse().unwrap();
    assert!((431..700).contains(&height), "{height}");
    let lowest = tags(&svg, "text").into_iter();
    let lowest = lowest.map(|tag| attribute(tag, "y").parse::<u32>().unwrap());
    assert!(lowest.max().unwrap() < 10 * height);
    // Every one is told from the others.
    let strokes: std::collections::HashSet<_> = tags(&svg, "polyline")
        .into_iter()
        .map(|tag| attribute(tag, "stroke"))
        .collect();
    assert!(strokes.len() > 10, "{strokes:?}");
}

#[test]
fn every_colour_has_a_counterpart_on_a_dark_page() {
    let shades = (0..7).map(|k| {
        let points = vec![estimate(10.0, 1.0, 0.1), datum(100.0, 2.0)];
        let ink = Ink::Shade(f64::from(k) / 6.0);
        series("shade", Mark::JoinedPoints, ink, points)
    });
    let mut chart = power_law(false);
    chart.series.extend(shades);
    let svg = chart.svg().unwrap();
    let known: Vec<String> = palette::on_dark_pages()
        .into_iter()
        .map(|(_, color, _)| format!("#{:02X}{:02X}{:02X}", color.0, color.1, color.2))
        .collect();
    let mut colors = svg
        .split("=\"#")
        .skip(1)
        .map(|rest| format!("#{}", &rest[..6]));
    assert!(colors.all(|color| known.contains(&color)));
}

#[test]
fn hostile_text_is_text() {
    let text = "<script>alert(1)</script>\" onload='x'\u{0}\u{1b}]]>&amp;";
    let mut chart = power_law(true);
    chart.title = text.to_owned();
    chart.x = text.to_owned();
    chart.y = text.to_owned();
    chart.series[0].label = text.to_owned();
    let svg = chart.svg().unwrap();
    assert_well_formed(&svg);
    assert!(!svg.contains("<script") && !svg.contains('\u{0}'));
}

#[test]
fn numbers_are_kept_as_csv() {
    let mut chart = power_law(true);
    chart.series.truncate(1);
    chart.series[0].label = "a, b".to_owned();
    chart.series[0].points = vec![datum(1.0, 0.1), estimate(2.0, f64::NAN, 1.0)];
    chart.series[0].points.push(Datum {
        ci95: Some([0.25, 1e-300]),
        ..datum(4.0, 0.5)
    });
    let expected = "series,x,y,lo,hi\n\
                    \"a, b\",1.0,0.1,,\n\
                    \"a, b\",2.0,,,\n\
                    \"a, b\",4.0,0.5,0.25,1e-300\n";
    assert_eq!(chart.csv(), expected);
}
