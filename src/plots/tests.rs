//! What holds for each figure, whatever it is given.

use super::drawing::SCALE;
use super::*;
use std::time::{Duration, Instant};

/// The SVG inside the images, one after the other.
pub fn drawing(figure: &Html) -> String {
    let images = figure.html().split("svg+xml,").skip(1);
    let addresses: String = images.filter_map(|rest| rest.split('"').next()).collect();
    let mut parts = addresses.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap().replace('\'', "\"")
}

/// The texts in a figure, in the order in which they are drawn.
pub fn texts(figure: &Html) -> Vec<String> {
    let drawing = drawing(figure);
    let texts = drawing.split("<text").skip(1).filter_map(|text| text.split(['<', '>']).nth(1));
    texts.map(str::to_owned).collect()
}

/// The numbers that an attribute has in a piece of a drawing, in pixels.
pub fn numbers(drawing: &str, attribute: &str) -> Vec<f64> {
    let begin = format!(" {attribute}=\"");
    // The piece may begin with it.
    let drawing = format!(" {drawing}");
    let values = drawing.split(&begin).skip(1).filter_map(|rest| rest.split('"').next());
    values.filter_map(|value| Some(value.parse::<f64>().ok()? / SCALE)).collect()
}

/// Ranges of all kinds, as values of which the first is the least and the last is the largest.
const RANGES: [[f64; 3]; 24] = [
    [0.0, 0.3, 1.0],
    [0.02, 0.021, 0.03],
    [0.55, 0.82, 0.914],
    [-8.0, -3.5, 5.0],
    [-1.0, -0.5, -0.1],
    [1e-5, 2e-5, 5e-5],
    [1e-300, 2e-300, 5e-300],
    [-1e-300, 0.0, 1e-300],
    [1e-300, 1.0, 1e300],
    [1e300, 1.1e300, 1.2e300],
    [-1e300, -7e299, -5e299],
    [-1e300, 0.1, 1e300],
    [-1e308, 0.1, 1e308],
    [f64::MIN, 0.0, f64::MAX],
    [5e-324, 1e-323, 2e-323],
    [1e9, 1e9 + 0.5, 1e9 + 1.0],
    [-1e9 - 1.0, -1e9 - 0.5, -1e9],
    [1.0, 1.0 + 1e-10, 1.0 + 3e-10],
    [1.0, 1.0 + f64::EPSILON, 1.0 + 2.0 * f64::EPSILON],
    [1990.0, 2007.0, 2024.0],
    [0.0, 12_500.0, 25_000.0],
    [1.7e9, 1.7e9 + 1800.0, 1.7e9 + 3600.0],
    [7.0, 7.0, 7.0],
    [0.0, 0.0, 0.0],
];

fn figures(values: &[f64]) -> Vec<Html> {
    let named: Vec<(String, f64)> = values.iter().map(|v| ("name".to_owned(), *v)).collect();
    let long: Vec<(String, f64)> = values
        .iter()
        .map(|v| ("a name that is far too long to stand below".repeat(2), *v))
        .collect();
    let points: Vec<(f64, f64)> = values.iter().map(|v| (*v, *v)).collect();
    let triples: Vec<(String, f64, f64)> =
        values.iter().map(|v| ("name".to_owned(), *v, *v)).collect();
    let names: Vec<String> = values.iter().map(|_| "name".to_owned()).collect();
    let over: Vec<(f64, f64)> = (1..).map(f64::from).zip(values.iter().copied()).collect();
    let curve = Curve { name: "train", points: over.clone(), within: over.clone() };
    vec![
        bar_chart("t", "x", "y", &named),
        bar_chart("t", "x", "y", &long),
        histogram("t", "x", "y", values),
        line_chart("t", "x", "y", &[Series::new("train", points.clone())]),
        scatter_chart("t", "x", "y", &triples),
        heat_map("t", &names, &vec![values.to_vec(); values.len()]),
        training_chart(
            "t",
            "y",
            &[curve],
            over.last().map(|last| ("best epoch", *last)),
            values.len() as f64,
        ),
        semilogx("t", "x", "y", &[Series::new("train", points)]),
    ]
}

/// The numbers beside the axes: of a label with a true minus, its value.
fn labels(figure: &Html, anchor: &str) -> Vec<f64> {
    let drawing = drawing(figure);
    let anchor = format!("text-anchor=\"{anchor}\"");
    let texts = drawing.split("<text").skip(1).filter(|text| text.contains(&anchor));
    let texts = texts.filter(|text| numbers(text, "font-size")[0] == 14.0);
    let labels = texts.filter_map(|text| text.split(['<', '>']).nth(1));
    labels.filter_map(|label| label.replace('−', "-").parse().ok()).collect()
}

fn is_sane(figure: &Html) {
    let drawing = drawing(figure);
    assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{drawing}");
    assert!(figure.html().len() < 1_000_000, "{} bytes", figure.html().len());
    assert_eq!(figure.html().matches("<img").count(), 1);
    let [width, height] = ["width", "height"].map(|name| numbers(&drawing, name)[0]);
    assert!(width < 1600.0 && height < 2500.0, "{width} x {height}");
    for (name, most) in [("x", width), ("cx", width), ("y", height), ("cy", height)] {
        let places = numbers(&drawing, name);
        assert!(places.iter().all(|place| (0.0..=most).contains(place)), "{name} {places:?}");
    }
}

#[test]
fn each_figure_reads_for_each_range() {
    for range in RANGES {
        let started = Instant::now();
        for (kind, figure) in figures(&range).iter().enumerate() {
            is_sane(figure);
            let (x, y) = (labels(figure, "middle"), labels(figure, "end"));
            let increase = |labels: &[f64]| labels.windows(2).all(|pair| pair[0] < pair[1]);
            assert!(increase(&x) && increase(&y), "{kind} {range:?}: {x:?} {y:?}");
            assert!(
                increase(&labels(figure, "start")),
                "{kind} {range:?}: the key of the heat map"
            );
            let axes =
                [(1, &x), (2, &x), (3, &x), (4, &x), (0, &y), (2, &y), (3, &y), (4, &y), (6, &y)];
            for (_, labels) in axes.iter().filter(|axis| axis.0 == kind) {
                assert!((2..=9).contains(&labels.len()), "{kind} {range:?}: {x:?} {y:?}");
            }
        }
        assert!(started.elapsed() < Duration::from_secs(1), "{range:?}: {:?}", started.elapsed());
    }
}

#[test]
fn what_is_not_finite_is_said_and_the_rest_is_drawn() {
    let values = [0.1, f64::NAN, 0.2, f64::INFINITY, 0.3, f64::NEG_INFINITY];
    for figure in figures(&values) {
        is_sane(&figure);
        assert!(figure.text().contains("not finite"), "{}", figure.text());
    }
    for values in [vec![f64::NAN], vec![], vec![f64::INFINITY; 50]] {
        figures(&values).iter().for_each(is_sane);
    }
}

#[test]
fn a_huge_value_a_million_values_and_endless_names_are_pictures_at_once() {
    let mut values: Vec<f64> = (0..300_000).map(f64::from).collect();
    values[1000] = 1e300;
    let points: Vec<(f64, f64)> = values.iter().map(|value| (*value, -*value)).collect();
    let long = "word ".repeat(100_000);
    let named: Vec<(String, f64)> =
        values.iter().map(|value| (long[..50].to_owned(), *value)).collect();
    let triples: Vec<(String, f64, f64)> =
        values.iter().map(|value| (String::new(), *value, value % 977.0)).collect();
    let started = Instant::now();
    for figure in [
        histogram(&long, &long, &long, &values),
        line_chart(&long, &long, &long, &[Series::new(long.as_str(), points)]),
        bar_chart(&long, &long, &long, &named),
        bar_chart("t", "x", "y", &[(long.clone(), 1.0), ("电".repeat(9999), 2.0)]),
        scatter_chart(&long, &long, &long, &triples),
        heat_map(&long, &[long.clone(), long.clone()], &vec![values.clone(); 2]),
    ] {
        is_sane(&figure);
    }
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

/// Numbers from 0 to 1 of which no two neighbours are alike; every third one is none.
fn noise(count: u32) -> Vec<f64> {
    let number = |n: u32| (f64::from(n).powi(2) * 0.618).fract();
    (0..count).map(|n| if n % 3 == 2 { f64::NAN } else { number(n) }).collect()
}

#[test]
fn noise_everywhere_is_a_small_picture() {
    let names: Vec<String> = (0..200).map(|n| format!("class {n}")).collect();
    let rows: Vec<Vec<f64>> = noise(200 * 200).chunks(200).map(<[f64]>::to_vec).collect();
    let whole: Vec<Vec<f64>> =
        rows.iter().map(|row| row.iter().map(|x| x.max(0.5) - 0.7).collect()).collect();
    let series: Vec<Series> = (1..20)
        .map(|n| Series::new("line", (0..).map(f64::from).zip(noise(400 * n)).collect()))
        .collect();
    let points: Vec<(String, f64, f64)> =
        (0..90_000).map(|n| (String::new(), f64::from(n % 300), f64::from(n / 300))).collect();
    for figure in [
        heat_map("t", &names, &rows),
        heat_map("t", &names, &whole),
        line_chart("t", "x", "y", &series),
        scatter_chart("t", "x", "y", &points),
    ] {
        is_sane(&figure);
        assert!(figure.html().len() > 20_000, "it has what is to be small");
    }
}

#[test]
fn figures_stand_side_by_side_with_their_texts() {
    let both = side_by_side(&[histogram("one", "x", "y", &[1.0]), bar_chart("two", "x", "y", &[])]);
    assert_eq!(both.html().matches("<img").count(), 2);
    assert_eq!(both.text(), "(figure: one)\n(figure: two; there are no bars to draw)");
}
