//! Labels of all kinds, and the classes that they become.

use super::*;

fn of(labels: &[&str]) -> Result<Classes> {
    let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
    number(&labels, |row, fault| Error::Data(format!("row {row}: {fault}")))
}

#[test]
fn labels_that_are_not_numbers_become_classes_with_names() {
    let classes = of(&["pos", "neg", "pos"]).unwrap();
    assert_eq!(classes.labels, [1, 0, 1]);
    assert_eq!(classes.names, ["neg", "pos"]);
    assert_eq!(classes.note.unwrap(), "labels: 0 = neg, 1 = pos");
    let classes = of(&["Pos", "pos"]).unwrap();
    assert_eq!(classes.names, ["Pos", "pos"]);
    assert!(classes.note.unwrap().ends_with("(\"Pos\" and \"pos\" are two classes)"));
    for joined in ["a;b", "b, a", "a | b", "b#a", "['a', 'b']", "[1, 2]", "[ 1 2]", "{\"a\": 1}"] {
        let note = of(&["a", joined, "b", "c;d"]).unwrap().note.unwrap();
        let hint = format!("({joined:?} looks like several labels: see");
        assert!(note.contains(&hint), "{note}");
    }
    assert!(!of(&["a", "b", "a;c", "[x"]).unwrap().note.unwrap().contains("several"));
    for (one, other) in [
        ("not spam", "not_spam"),
        ("pos", "pos."),
        ("a\u{200b}", "a"),
        ("x", "X"),
        ("1.0", "1"),
        ("true", "1"),
        ("FALSE", "0"),
    ] {
        let note = of(&[one, other, "word"]).unwrap().note.unwrap();
        assert!(note.contains("are two classes)"), "{note}");
    }
    for fine in [["+", "-"], ["C", "D"], ["👍", "👎"]] {
        assert!(!of(&fine).unwrap().note.unwrap().contains("two classes"));
    }
    assert_eq!(of(&["True", "False"]).unwrap().labels, [1, 0]);
    let truth = of(&["TRUE", "true", "False", "True"]).unwrap();
    assert_eq!(
        (&truth.names[..], &truth.labels[..]),
        (&["false", "true"].map(str::to_owned)[..], &[1, 1, 0, 1][..])
    );
    for odd in ["O", "\\N", "#NV", "-", "?", "label"] {
        let found = of(&["1", odd, "0"]).unwrap();
        assert_eq!(found.names.len(), 3);
        let hint = format!("({odd:?} is no number, others are: all are taken for words)");
        assert!(found.note.unwrap().ends_with(&hint), "{odd}");
    }
    assert_eq!(of(&["good", "good"]).unwrap().labels, [0, 0]);
}

#[test]
fn labels_that_are_numbers_are_ordered_by_value() {
    for (labels, names, numbers) in [
        (&["1.0", "10.0", "2.0", "2"][..], &["1", "2", "10"][..], &[0, 2, 1, 1][..]),
        (&["10", "-1", "2"], &["-1", "2", "10"], &[2, 0, 1]),
        (&["1", "2", "5", "4", "3"], &["1", "2", "3", "4", "5"], &[0, 1, 4, 3, 2]),
        (&["0", "4", "0"], &["0", "4"], &[0, 1, 0]),
        (&["0", "3", "1"], &["0", "1", "3"], &[0, 2, 1]),
        (&["1", "-1.0", "+1"], &["-1", "1"], &[1, 0, 1]),
        (&["9000000000000", "0"], &["0", "9000000000000"], &[1, 0]),
        (
            &["9007199254740993", "9007199254740992"],
            &["9007199254740992", "9007199254740993"],
            &[1, 0],
        ),
        (&["1"], &["1"], &[0]),
    ] {
        let classes = of(labels).unwrap();
        assert_eq!(classes.names, names);
        assert_eq!(classes.labels, numbers);
        let note = classes.note.unwrap();
        assert!(note.starts_with(&format!("labels: 0 = {}", names[0])), "{note}");
        assert!(note.contains("with_class_names"), "{note}");
    }
    for labels in [&["0", "1", "2"], &["1.0", "0.0", "-0.0"], &["2e0", "00", "01"]] {
        let classes = of(labels).unwrap();
        assert_eq!(classes.labels[0], labels[0].parse::<f64>().unwrap() as i64);
        assert_eq!(classes.note, None);
    }
    for wrong in ["0.5", "inf", "-Infinity", "1e300"] {
        let error = of(&["1", wrong]).unwrap_err().to_string();
        assert!(error.starts_with(&format!("row 1: the label {wrong} is no class")), "{error}");
    }
}

#[test]
fn numbers_with_commas_are_refused_unless_words_are_among_them() {
    for labels in [&["1", "0,5"][..], &["1", "1,000", "2,5"], &["10", "1'000"], &["1", "1 000"]] {
        let error = of(labels).unwrap_err().to_string();
        assert!(error.starts_with(&format!("row 1: the label {:?}: write", labels[1])), "{error}");
    }
    assert_eq!(of(&["0,5", "half"]).unwrap().names, ["0,5", "half"]);
    assert_eq!(of(&["1-2", "3-4"]).unwrap().names, ["1-2", "3-4"]);
}

#[test]
fn names_for_numbers_are_given_by_value_or_not_at_all() {
    let given = |labels: &[&str], names: &[&str]| {
        let [labels, names] =
            [labels, names].map(|all| all.iter().map(|&one| one.to_owned()).collect::<Vec<_>>());
        by_names(&labels, &names, |row, fault| Error::Data(format!("row {row}: {fault}")))
    };
    for (labels, names, numbers) in [
        (&["1", "5", "3", "2", "4"][..], &["a", "b", "c", "d", "e"][..], &[0, 4, 2, 1, 3][..]),
        (&["0", "4.0"], &["neg", "pos"], &[0, 1]),
        (&["0", "2"], &["a", "b", "c"], &[0, 2]),
        (&["2", "1"], &["1", "2", "3"], &[1, 0]),
    ] {
        assert_eq!(given(labels, names).unwrap().labels, numbers, "{labels:?}");
    }
    let said = |labels: &[&str]| given(labels, &["neg", "pos"]).unwrap().note.unwrap();
    assert_eq!(said(&["4", "0"]), "labels: 0 = neg, 1 = pos (was 4)");
    assert_eq!(said(&["-1", "1.0"]), "labels: 0 = neg (was -1), 1 = pos");
    assert_eq!(said(&["1", "0"]), "labels: 0 = neg, 1 = pos");
    for (labels, names) in [
        (&["1", "2", "3", "4"][..], &["a", "b", "c", "d", "e"][..]),
        (&["1", "2"], &["neg", "neu", "pos"]),
    ] {
        let error = given(labels, names).unwrap_err().to_string();
        assert!(error.contains("which of them has which name can't be known"), "{error}");
    }
    let error = given(&["0", "7", "1"], &["a", "b"]).unwrap_err().to_string();
    assert_eq!(error, "row 1: the label \"7\" is none of the class names: a, b");
}
