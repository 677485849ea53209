//! Equality with scikit-learn on `tests/fixtures/vectorizer/cases.txt`, whose format and versions
//! are described in `generate.py` beside it.

use super::tokens::{Analyzer, Scratch};
use super::*;
use rayon::prelude::*;

const CASES: &str = include_str!("../../tests/fixtures/vectorizer/cases.txt");

/// A line: what it is, and its fields.
type Line = (&'static str, Vec<String>);

fn lines() -> Vec<Line> {
    let content = CASES.lines().filter(|line| !line.starts_with('#'));
    content
        .map(|line| {
            let mut fields = line.split('\t');
            (fields.next().unwrap(), fields.map(unescaped).collect())
        })
        .collect()
}

/// Replaces each `\u{hex}` by its character.
fn unescaped(field: &str) -> String {
    let mut parts = field.split("\\u{");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (hex, rest) = part.split_once('}').unwrap();
        text.push(char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap());
        text.push_str(rest);
    }
    text
}

/// The lines after each one called `name`, up to the next one that begins a part.
fn parts<'a>(lines: &'a [Line], name: &'a str) -> Vec<(&'a [String], &'a [Line])> {
    let begins = |line: &Line| ["texts", "case", "tfidf", "plane"].contains(&line.0);
    let starts = (0..lines.len()).filter(|&i| lines[i].0 == name);
    starts
        .map(|i| {
            let length = lines[i + 1..].iter().position(begins).unwrap_or(lines.len() - i - 1);
            (&*lines[i].1, &lines[i + 1..i + 1 + length])
        })
        .collect()
}

fn fields<'a>(lines: &'a [Line], name: &str) -> Vec<&'a [String]> {
    lines.iter().filter(|line| line.0 == name).map(|line| &*line.1).collect()
}

fn texts(lines: &[Line], name: &str) -> Vec<String> {
    let all = parts(lines, "texts");
    let (_, part) = all.iter().find(|(header, _)| header[0] == name).unwrap();
    part.iter().map(|(_, text)| text[0].clone()).collect()
}

fn frequency(value: &str) -> DocumentFrequency {
    match value.parse() {
        Ok(count) => DocumentFrequency::Count(count),
        Err(_) => DocumentFrequency::Fraction(value.parse().unwrap()),
    }
}

/// The settings of a case, which has a line for each that is not the default.
fn vectorizer(case: &[Line]) -> CountVectorizer {
    let mut settings = CountVectorizer::default();
    for (name, values) in case {
        let value = values.first().map_or("", String::as_str);
        match *name {
            "lowercase" => settings.lowercase = value == "True",
            "binary" => settings.binary = value == "True",
            "max_features" => settings.max_features = value.parse().ok(),
            "min_df" => settings.min_df = frequency(value),
            "max_df" => settings.max_df = frequency(value),
            "stop_words" if value == "english" => settings.stop_words = StopWords::English,
            "stop_words" => settings.stop_words = StopWords::Custom(values.clone()),
            "ngram_range" => {
                settings.ngram_range = (value.parse().unwrap(), values[1].parse().unwrap());
            }
            _ => {}
        }
    }
    settings
}

/// The cells of all rows, as (column, value).
fn cells(matrix: &CountMatrix) -> Vec<Vec<(u32, f32)>> {
    let pairs = |row: Row| row.indices.iter().copied().zip(row.values.iter().copied()).collect();
    matrix.rows().map(pairs).collect()
}

fn expected_cells(part: &[Line], name: &str) -> Vec<Vec<(u32, f32)>> {
    let cell = |field: &String| {
        let (column, value) = field.split_once(':').unwrap();
        (column.parse().unwrap(), value.parse().unwrap())
    };
    fields(part, name).iter().map(|row| row.iter().map(cell).collect()).collect()
}

#[test]
fn counts_equal_those_of_scikit_learn() {
    let lines = lines();
    let cases = parts(&lines, "case");
    assert_eq!(cases.len(), 15);
    for (header, case) in cases {
        let settings = vectorizer(case);
        let (fitted, counts) = settings.fit_transform(&texts(&lines, &header[0])).unwrap();
        assert_eq!(fitted.feature_names(), fields(case, "features")[0], "{settings:?}");
        assert_eq!(cells(&counts), expected_cells(case, "row"), "{settings:?}");
        let unseen = fitted.transform(&texts(&lines, "unseen")).unwrap();
        assert_eq!(cells(&unseen), expected_cells(case, "unseen"), "{settings:?}");
    }
}

// [vectorizer.vocabulary_.get(word, "-") for word in vectorizer.build_analyzer()(text)]
#[test]
fn words_in_their_order_are_those_of_scikit_learn() {
    let lines = lines();
    let mut compared = 0;
    for (header, case) in parts(&lines, "case") {
        let settings = vectorizer(case);
        if settings.ngram_range != (1, 1) {
            continue;
        }
        let expected: Vec<Vec<Option<u32>>> = fields(case, "order")
            .iter()
            .map(|row| row.iter().map(|column| column.parse().ok()).collect())
            .collect();
        let texts = texts(&lines, &header[0]);
        let found = settings.fit(&texts).unwrap().in_order(&texts, usize::MAX).unwrap();
        assert_eq!(found, expected, "{settings:?}");
        compared += expected.len();
    }
    assert!(compared > 100);
}

// CountVectorizer(lowercase=lowercase).build_analyzer()(
//     f"a{c}b {c}{c} A{c}Σ {c}Σ AΣ{c} AΣ{c}B")
#[test]
fn every_character_is_read_as_python_does() {
    let lines = lines();
    parts(&lines, "plane").into_par_iter().for_each(|(header, _)| {
        let [lowercase, plane, expected] = header else { panic!("{header:?}") };
        let (lowercase, plane) = (lowercase == "True", plane.parse::<u32>().unwrap());
        let stop_words = Default::default();
        let analyzer = Analyzer { lowercase, stop_words, ngram_range: (1, 1), binary: false };
        let mut scratch = Scratch::default();
        let mut hash = 0xcbf2_9ce4_8422_2325_u64; // FNV-1a
        for c in (plane << 16..(plane + 1) << 16).filter_map(char::from_u32) {
            let text = format!("a{c}b {c}{c} A{c}Σ {c}Σ AΣ{c} AΣ{c}B");
            analyzer.for_each_term(&text, &mut scratch, |_, token| {
                for &byte in token.as_bytes().iter().chain(b"\n") {
                    hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
                }
            });
        }
        assert_eq!(format!("{hash:016x}"), *expected, "plane {plane}, lowercase: {lowercase}");
    });
}

#[test]
fn weights_equal_those_of_scikit_learn() {
    let lines = lines();
    let reviews = texts(&lines, "reviews");
    let counts = CountVectorizer::default().fit_transform(&reviews).unwrap().1;
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs().max(1.0);
    let cases = parts(&lines, "tfidf");
    assert_eq!(cases.len(), 4);
    for (header, case) in cases {
        let flag = |i: usize| header[i] == "True";
        let (smooth_idf, sublinear_tf, use_idf, norm) = (flag(0), flag(1), flag(2), flag(3));
        let transformer = TfidfTransformer { norm, use_idf, smooth_idf, sublinear_tf };
        let fitted = transformer.fit(&counts).unwrap();
        for (&idf, expected) in fitted.idf().iter().zip(fields(case, "idf").concat()) {
            assert!(close(idf, expected.parse().unwrap()), "{transformer:?}");
        }
        let weights = cells(&fitted.transform(&counts).unwrap());
        let expected = expected_cells(case, "weights");
        assert_eq!(weights.len(), expected.len());
        for (row, expected) in weights.iter().zip(&expected) {
            assert_eq!(row.len(), expected.len());
            for (cell, expected) in row.iter().zip(expected) {
                assert_eq!(cell.0, expected.0);
                assert!(close(cell.1.into(), expected.1.into()), "{transformer:?}");
            }
        }
    }
}
