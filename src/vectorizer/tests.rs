//! What holds besides equality with scikit-learn: settings out of range, no terms, the matrix.

use super::*;

#[test]
fn fit_then_transform_equals_fit_transform_for_any_number_of_threads() {
    let texts: Vec<String> =
        (0..200).map(|i| format!("all w{} w{} w{}", i % 7, i % 31, i)).collect();
    let vectorizer = CountVectorizer { max_features: Some(50), ..Default::default() };
    let (fitted, counts) = vectorizer.fit_transform(&texts).unwrap();
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (again, again_counts) = pool.install(|| {
            let again = vectorizer.fit(&texts).unwrap();
            (again.clone(), again.transform(&texts).unwrap())
        });
        assert_eq!(again.feature_names(), fitted.feature_names());
        assert_eq!(again_counts, counts);
        assert_eq!(pool.install(|| vectorizer.fit_transform(&texts)).unwrap().1, counts);
    }
    for (column, name) in fitted.feature_names().iter().enumerate() {
        assert_eq!(fitted.vocabulary()[name], column);
    }
    assert_eq!(fitted.vocabulary().get("no such term"), None);
}

#[test]
fn a_setting_out_of_range_is_an_error_that_names_it() {
    let error = |vectorizer: CountVectorizer| vectorizer.fit(&["a text"]).unwrap_err().to_string();
    let default = CountVectorizer::default;
    for ngram_range in [(0, 1), (2, 1), (0, 0)] {
        assert!(error(CountVectorizer { ngram_range, ..default() }).starts_with("ngram_range = ("));
    }
    let none = CountVectorizer { max_features: Some(0), ..default() };
    assert!(error(none).starts_with("max_features = 0: "));
    for part in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let wrong = DocumentFrequency::Fraction(part);
        assert!(error(CountVectorizer { min_df: wrong, ..default() }).starts_with("min_df = "));
        assert!(error(CountVectorizer { max_df: wrong, ..default() }).starts_with("max_df = "));
    }
    let min_df = DocumentFrequency::Count(0);
    assert!(error(CountVectorizer { min_df, ..default() }).starts_with("min_df = 0: "));
    let min_df = DocumentFrequency::Count(2);
    assert!(error(CountVectorizer { min_df, ..default() }).starts_with("max_df is 1 of 1 texts"));
}

#[test]
fn a_zero_byte_in_a_stop_word_matches_nothing() {
    let stop_words = StopWords::Custom(vec!["film\0".into(), String::new()]);
    let vectorizer = CountVectorizer { stop_words, ..Default::default() };
    let fitted = vectorizer.fit(&["a film\0s"]).unwrap();
    assert_eq!(fitted.feature_names(), ["film"]);
}

#[test]
fn no_terms_are_an_error() {
    let fit = |vectorizer: &CountVectorizer, texts: &[&str]| {
        vectorizer.fit_transform(texts).map(|_| ()).unwrap_err().to_string()
    };
    let english = CountVectorizer { stop_words: StopWords::English, ..Default::default() };
    for texts in [&[][..], &[""], &["a b", "the and"]] {
        assert!(fit(&english, texts).starts_with("empty vocabulary"));
    }
    let pairs = CountVectorizer { ngram_range: (2, usize::MAX), ..Default::default() };
    assert!(fit(&pairs, &["one", "two"]).starts_with("empty vocabulary"));
    let max_df = DocumentFrequency::Fraction(0.5);
    let rare = CountVectorizer { max_df, ..Default::default() };
    assert!(fit(&rare, &["same", "same"]).starts_with("no terms remain of 1 "));
}

#[test]
fn a_matrix_gives_its_rows_and_sums() {
    let texts = ["good film", "", "bad film, bad"];
    let (fitted, counts) = CountVectorizer::default().fit_transform(&texts).unwrap();
    assert_eq!(fitted.transform::<&str>(&[]).unwrap().shape(), (0, 3));
    assert_eq!((counts.shape(), counts.nnz()), ((3, 3), 4));
    assert_eq!(counts.indptr(), [0, 2, 2, 4]);
    assert_eq!(counts.indices(), [1, 2, 0, 1]);
    assert_eq!(counts.data(), [1.0, 1.0, 2.0, 1.0]);
    assert_eq!(counts.row(2), Some(Row { indices: &[0, 1], values: &[2.0, 1.0] }));
    assert_eq!(counts.row(3), None);
    assert_eq!(counts.row(usize::MAX), None);
    assert_eq!(counts.column_sums(), [2.0, 2.0, 1.0]);
    assert_eq!(counts.memory_bytes(), 4 * 8 + 4 * 4 + 4 * 4);
    let selected = counts.select_rows(&[2, 0, 2]).unwrap();
    assert_eq!(selected.column_sums(), [4.0, 3.0, 1.0]);
    let error = counts.select_rows(&[0, 3]).unwrap_err().to_string();
    assert_eq!(error, "rows = 3: there are 3 rows, numbered from 0");
}

#[test]
fn weights_need_rows_and_the_same_columns() {
    let (fitted, counts) = CountVectorizer::default().fit_transform(&["one two"]).unwrap();
    let tfidf = TfidfTransformer::default();
    assert!(tfidf.fit(&fitted.transform::<&str>(&[]).unwrap()).is_err());
    let other = CountVectorizer::default().fit_transform(&["one"]).unwrap().1;
    let error = tfidf.fit(&counts).unwrap().transform(&other).unwrap_err().to_string();
    assert!(error.starts_with("the matrix has 1 columns, the fitted one had 2"), "{error}");
}

// >>> np.bincount(CountVectorizer().fit_transform(["a good good film", "bad"]).toarray()[0])
#[test]
fn bincount_is_that_of_numpy() {
    let texts = ["a good good film", "bad"];
    let (fitted, counts) = CountVectorizer::default().fit_transform(&texts).unwrap();
    assert_eq!(counts.bincount(0).unwrap(), [1, 1, 1]);
    assert_eq!(fitted.transform(&["nothing"]).unwrap().bincount(0).unwrap(), [3]);
    assert!(counts.bincount(2).unwrap_err().to_string().starts_with("i = 2: there are 2 rows"));
    let weights = TfidfTransformer::default().fit(&counts).unwrap().transform(&counts).unwrap();
    assert!(weights.bincount(0).unwrap_err().to_string().contains("is no count"));
}

#[test]
fn the_words_of_a_text_have_its_terms() {
    let texts = [
        "The good film, the GOOD plot; not-bad \u{1b}[1m good!",
        "ΟΔΟΣ ὈΔΥΣΣΕΎΣ\u{a0}İstanbul x\u{2003}é e\u{301}e snake_case 電影 很好",
        "",
        " \n",
    ];
    for ngram_range in [(1, 1), (1, 2), (2, 3)] {
        for stop_words in [StopWords::None, StopWords::English] {
            let vectorizer = CountVectorizer { ngram_range, stop_words, ..Default::default() };
            let (fitted, counts) = vectorizer.fit_transform(&texts).unwrap();
            for (text, row) in texts.iter().zip(counts.rows()) {
                let mut sums = vec![0.0; fitted.feature_names().len()];
                for (column, share) in fitted.words(text).into_iter().flat_map(|word| word.1) {
                    sums[column as usize] += share;
                }
                for (column, sum) in (0u32..).zip(sums) {
                    let cell = row.indices.iter().position(|other| *other == column);
                    let count = cell.map_or(0.0, |cell| f64::from(row.values[cell]));
                    assert!((sum - count).abs() < 1e-9, "{text} {ngram_range:?} {column}");
                }
            }
        }
    }
}
