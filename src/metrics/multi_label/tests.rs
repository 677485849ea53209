use super::*;

/// Four texts, the last of which has no label and gets none; nobody has class d.
fn evaluation() -> MultiLabelEvaluation {
    let row = |bits: [u8; 4]| bits.iter().map(|bit| *bit == 1).collect::<Vec<bool>>();
    let rows = [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]].map(row);
    let labels = MultiLabels::new(rows.into(), ["a", "b", "c", "d"]).unwrap();
    let probabilities = vec![
        vec![0.9, 0.1, 0.2, 0.0],
        vec![0.4, 0.5, 0.3, 0.6],
        vec![0.7, 0.8, 0.2, 0.1],
        vec![0.1, 0.3, 0.4, 0.2],
    ];
    let names = labels.class_names().to_vec();
    MultiLabelEvaluation::new(0.1, labels, MultiLabelPredictions::new(probabilities, names))
}

// >>> y = [[1,0,0,0], [1,1,0,0], [0,1,1,0], [0,0,0,0]]; p = [[1,0,0,0], [0,1,0,1], [1,1,0,0], [0,0,0,0]]
// >>> precision_recall_fscore_support(y, p, average=..., zero_division=0), hamming_loss(y, p)
#[test]
fn metrics_are_those_of_scikit_learn() {
    let evaluation = evaluation();
    assert_eq!((evaluation.accuracy(), evaluation.hamming_loss()), (0.5, 0.25));
    for (metrics, expected, support) in [
        (evaluation.class_metrics()[0].clone(), [0.5, 0.5, 0.5], 2),
        (evaluation.class_metrics()[1].clone(), [1.0, 1.0, 1.0], 2),
        (evaluation.class_metrics()[2].clone(), [0.0, 0.0, 0.0], 1),
        (evaluation.class_metrics()[3].clone(), [0.0, 0.0, 0.0], 0),
        (evaluation.micro_avg(), [0.6, 0.6, 0.6], 5),
        (evaluation.macro_avg(), [0.375, 0.375, 0.375], 5),
        (evaluation.weighted_avg(), [0.6, 0.6, 0.6], 5),
        (evaluation.samples_avg(), [0.5, 0.5, 0.5], 5),
    ] {
        for (ours, theirs) in [metrics.precision, metrics.recall, metrics.f1].iter().zip(expected) {
            assert!((ours - theirs).abs() < 1e-12, "{metrics:?}");
        }
        assert_eq!(metrics.support, support);
    }
}

#[test]
fn another_threshold_gives_other_labels() {
    let evaluation = evaluation();
    assert_eq!(evaluation.predictions.names()[1], ["b", "d"]);
    let low = evaluation.with_threshold(0.4).unwrap();
    assert_eq!(low.predictions.names()[1], ["a", "b", "d"]);
    assert_eq!(low.class_metrics()[0].recall, 1.0);
    assert_eq!(low.loss, evaluation.loss);
    let error = evaluation.with_threshold(-0.1).unwrap_err().to_string();
    assert!(error.starts_with("threshold = -0.1: take a probability"), "{error}");
}

#[test]
fn mistakes_come_most_confident_first() {
    let mistakes = evaluation().mistakes();
    let rows: Vec<usize> = mistakes.iter().map(|mistake| mistake.row).collect();
    assert_eq!(rows, [2, 1]);
    assert_eq!(
        (mistakes[0].confidence, &mistakes[0].label_names[..]),
        (0.8, &["b", "c"].map(str::to_owned)[..])
    );
    assert_eq!(
        (mistakes[1].confidence, &mistakes[1].prediction_names[..]),
        (0.6, &["b", "d"].map(str::to_owned)[..])
    );
    assert_eq!(evaluation().with_threshold(0.0).unwrap().mistakes().len(), 4);
}

#[test]
fn each_label_has_its_curves() {
    let evaluation = evaluation();
    assert_eq!(evaluation.roc("a").unwrap().area, 0.75);
    assert_eq!(evaluation.precision_recall("b").unwrap().area, 1.0);
    assert!(evaluation.roc("b").unwrap().to_html().text().starts_with("ROC of class b"));
    let error = evaluation.roc("e").unwrap_err().to_string();
    assert_eq!(error, "class = \"e\": the classes are a, b, c, d");
    let error = evaluation.roc("d").unwrap_err().to_string();
    assert!(error.starts_with("no text has the label d"), "{error}");
}

#[test]
fn tables_have_the_labels() {
    let evaluation = evaluation();
    let shown = evaluation.to_html();
    assert!(shown.text().starts_with("threshold 0.5: all labels right"), "{}", shown.text());
    assert!(shown.text().contains("\nsamples average"), "{}", shown.text());
    let shown = evaluation.predictions.to_html();
    assert!(shown.text().contains("1        b, d    40.0 %"), "{}", shown.text());
    let names: Vec<String> = (0..77).map(|class| format!("class_{class}")).collect();
    let row = (0..77).map(|class| if class == 76 { 0.75 } else { 0.25 }).collect();
    let shown = MultiLabelPredictions::new(vec![row], names).to_html();
    assert!(shown.text().ends_with("class_76 75.0 %"), "{}", shown.text());
    // A notebook may have changed the names.
    let mut fewer = evaluation.predictions;
    fewer.class_names.truncate(1);
    assert!(fewer.to_html().text().contains("one") || fewer.names().len() == 4);
}
