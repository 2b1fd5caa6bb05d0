//! SVG read back, for tests.

/// Every tag is closed, and every number is one.
pub(super) fn assert_well_formed(svg: &str) {
    assert!(
        svg.starts_with("<svg width=\"640\" height=\""),
        "{}",
        &svg[..200]
    );
    assert!(svg.trim_end().ends_with("</svg>"));
    for bad in ["NaN", "inf", "n/a"] {
        assert!(!svg.contains(bad), "{bad} in {svg}");
    }
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').expect("a tag is not closed");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        assert!(!text.contains(['>', '"']), "{text}");
        let name = tag.split([' ', '\n']).next().unwrap();
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if !tag.ends_with('/') => open.push(name),
            None => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// The attribute `name` of `tag`.
pub(super) fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let start = tag.split_once(&format!(" {name}=\"")).unwrap().1;
    start.split_once('"').unwrap().0
}

/// The tags called `name`.
pub(super) fn tags<'a>(svg: &'a str, name: &str) -> Vec<&'a str> {
    let tags = svg.split('<').filter_map(|tag| tag.split_once('>'));
    tags.map(|(tag, _)| tag)
        .filter(|tag| tag.split(' ').next() == Some(name))
        .collect()
}

/// The corners of the polylines of a colour; those of a legend or a bar have two.
pub(super) fn lines(svg: &str, color: &str) -> Vec<Vec<(f64, f64)>> {
    let polylines = tags(svg, "polyline").into_iter();
    polylines
        .filter(|tag| attribute(tag, "stroke") == color)
        .map(|tag| {
            let points = attribute(tag, "points").split_whitespace();
            points
                .map(|point| {
                    let (x, y) = point.split_once(',').unwrap();
                    (x.parse().unwrap(), y.parse().unwrap())
                })
                .collect()
        })
        .collect()
}

/// The middle of the solid points, those of the legend last.
pub(super) fn points(svg: &str) -> Vec<(f64, f64)> {
    let circles = tags(svg, "circle").into_iter();
    circles
        .filter(|tag| !["none", "#FFFFFF"].contains(&attribute(tag, "fill")))
        .map(|tag| ["cx", "cy"].map(|name| attribute(tag, name).parse().unwrap()))
        .map(|[x, y]: [f64; 2]| (x, y))
        .collect()
}

/// How far `point` is from the nearest piece of `lines`, in tenths of a pixel.
pub(super) fn distance(point: (f64, f64), lines: &[Vec<(f64, f64)>]) -> f64 {
    let pieces = lines.iter().flat_map(|line| line.windows(2));
    let away = pieces.map(|piece| {
        let ((x0, y0), (x1, y1)) = (piece[0], piece[1]);
        let (dx, dy) = (x1 - x0, y1 - y0);
        let along = ((point.0 - x0) * dx + (point.1 - y0) * dy) / (dx * dx + dy * dy).max(1e-9);
        let along = along.clamp(0.0, 1.0);
        (point.0 - x0 - along * dx).hypot(point.1 - y0 - along * dy)
    });
    away.fold(f64::INFINITY, f64::min)
}
