use super::*;
use crate::files::test_folder;
use polars::prelude::{Column, NamedFrom, Series};
use std::fs;

/// A file of this name with these contents, read by the function.
fn file<T>(name: &str, contents: &str, read: impl Fn(&Path) -> T) -> T {
    let thread = format!("{:?}", std::thread::current().id());
    let thread = thread.replace(|c: char| !c.is_alphanumeric(), "");
    let folder = test_folder(&format!("multi-label-{thread}"));
    fs::write(folder.join(name), contents).unwrap();
    let outcome = read(&folder.join(name));
    fs::remove_dir_all(folder).unwrap();
    outcome
}

fn flags(contents: &str, labels: &[&str]) -> Result<(Reviews, Vec<String>)> {
    file("mine.csv", contents, |path| csv(path, "text", labels, &CsvOptions::default()))
}

fn lists(fields: &[&str], more: CsvOptions) -> Result<(Reviews, Vec<String>)> {
    let options = CsvOptions { label_separator: Some(';'), ..more };
    let contents =
        fields.iter().fold("text,label\n".to_owned(), |file, field| file + "a," + field + "\n");
    file("mine.csv", &contents, |path| csv(path, "text", &["label"], &options))
}

fn lines(objects: &[&str], labels: &[&str]) -> Result<(Reviews, Vec<String>)> {
    let contents = objects.iter().map(|fields| format!("{{\"text\": \"a\", {fields}}}\n"));
    file("mine.jsonl", &contents.collect::<String>(), |path| json_lines(path, "text", labels))
}

fn complaint<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    outcome.unwrap_err().to_string()
}

/// The labels of each text, a letter for each.
fn joined(reviews: &Reviews) -> Vec<String> {
    let labels = reviews.multi_labels().unwrap();
    (0..labels.len()).map(|row| labels.names(row).join("")).collect()
}

#[test]
fn a_column_for_each_class_holds_0_and_1_however_they_are_written() {
    let contents = "b,id,text,a\n1,7,x,0\n0.0,8,y,False\nTRUE,9,z,1.0\n";
    let (reviews, notes) = flags(contents, &["a", "b"]).unwrap();
    assert_eq!(
        (joined(&reviews), &reviews.class_names[..]),
        (["b", "", "ab"].map(str::to_owned).into(), &["a", "b"].map(str::to_owned)[..])
    );
    assert_eq!(reviews.frame.get_column_names(), ["text", "a", "b"]);
    assert_eq!(notes, ["1 of 3 texts have no label"]);
    assert_eq!(reviews.class_counts().unwrap(), [1, 2]);
    let (one, _) = flags("text,spam\na,1\nb,0\n", &["spam"]).unwrap();
    assert_eq!(joined(&one), ["spam", ""]);
    let (_, notes) = flags("text,a,b\nx,1,0\n", &["a", "b"]).unwrap();
    assert_eq!(notes, ["no text has the label b"]);
}

#[test]
fn what_is_neither_0_nor_1_is_named_by_line_and_column() {
    for (value, expected) in [
        ("2", "line 3: column \"b\" holds \"2\": the column of a class has 0 or 1"),
        ("-1", "line 3: column \"b\" holds \"-1\""),
        ("0.5", "line 3: column \"b\" holds \"0.5\""),
        ("yes", "line 3: column \"b\" holds \"yes\""),
        ("", "line 3: the label is missing (column \"b\" holds \"\")"),
        ("NaN", "line 3: the label is missing (column \"b\" holds \"NaN\")"),
    ] {
        let error = complaint(flags(&format!("text,a,b\nx,1,0\ny,0,{value}\n"), &["a", "b"]));
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let drop = CsvOptions { drop_missing: true, ..Default::default() };
    let contents = "text,a,b\nx,1,0\ny,,1\nz,0,NA\nu,1,1\n";
    let (reviews, _) =
        file("mine.csv", contents, |path| csv(path, "text", &["a", "b"], &drop)).unwrap();
    assert_eq!(joined(&reviews), ["a", "ab"]);
}

#[test]
fn names_in_one_column_are_separated_as_the_options_say() {
    let fields = ["sport; politics", "", "politics;", "\"sport\""];
    let (reviews, notes) = lists(&fields, CsvOptions::default()).unwrap();
    assert_eq!(reviews.class_names, ["politics", "sport"]);
    assert_eq!(joined(&reviews), ["politicssport", "", "politics", "sport"]);
    assert_eq!(notes, ["labels: 0 = politics, 1 = sport", "1 of 4 texts have no label"]);
    let given = CsvOptions {
        class_names: Some(["sport", "art", "politics"].map(str::to_owned).into()),
        ..Default::default()
    };
    let (reviews, notes) = lists(&fields, given.clone()).unwrap();
    assert_eq!(reviews.class_names, ["sport", "art", "politics"]);
    assert!(notes.contains(&"no text has the label art".to_owned()), "{notes:?}");
    let error = complaint(lists(&["sport", "sport;war"], given));
    assert!(error.contains("line 3: the label \"war\" is none of the class names"), "{error}");
    let error = complaint(lists(&["sport", "NA"], CsvOptions::default()));
    assert!(
        error.contains("line 3: the label is missing (column \"label\" holds \"NA\")"),
        "{error}"
    );
    assert!(complaint(lists(&["", ";"], CsvOptions::default())).contains("no text has a label"));
    let (_, notes) = lists(&["sport|politics", "sport"], CsvOptions::default()).unwrap();
    assert_eq!(notes[0], "no text has more than one label: is ';' what stands between the names?");
}

#[test]
fn lists_as_python_writes_them_and_other_mistakes_come_with_the_remedy() {
    for field in ["\"['a', 'b']\"", "\"['a' 'b']\"", "[]", "\"{'a', 'b'}\"", "\"('a',)\""] {
        let error = complaint(lists(&["x", field], CsvOptions::default()));
        assert!(error.contains("line 3: the labels are"), "{error}");
        assert!(error.contains("orient=\"records\"") && error.lines().count() == 1, "{error}");
    }
    let (odd, _) = lists(&["(other);[a]b", "a"], CsvOptions::default()).unwrap();
    assert_eq!(odd.class_names, ["(other)", "[a]b", "a"]);
    let error = complaint(flags("text,label\na,sport;politics\n", &["label"]));
    assert!(error.contains("line 2: column \"label\" holds \"sport;politics\""), "{error}");
    assert!(error.contains("label_separator"), "{error}");
    let separated = CsvOptions { label_separator: Some(';'), ..Default::default() };
    let two =
        file("mine.csv", "text,a,b\nx,1,0\n", |path| csv(path, "text", &["a", "b"], &separated));
    assert!(complaint(two).starts_with("label_separator = ';': it is for one column"));
    let one = file("mine.csv", "text,label\nx,1\n", |path| {
        Reviews::from_csv_with(path, "text", "label", &separated)
    });
    assert!(complaint(one).contains("from_csv_multi_label"));
    let named = CsvOptions { class_names: Some(vec!["a".into()]), ..Default::default() };
    let one = file("mine.csv", "text,a\nx,1\n", |path| csv(path, "text", &["a"], &named));
    assert!(complaint(one).starts_with("class_names = a: the columns name the classes"));
    assert!(complaint(flags("text,a\nx,1\n", &[])).starts_with("labels = []"));
    assert!(complaint(flags("text,a\nx,1\n", &["text"])).contains("the texts are in this column"));
    assert!(complaint(flags("text,a\nx,1\n", &["a", "a"])).contains("\"a\" is there twice"));
    assert!(complaint(flags("text,a\nx,1\n", &["a", "b"])).contains("no column \"b\""));
    assert!(
        complaint(flags("text,label\nx,1\n", &["label"])).contains("a class is called \"label\"")
    );
}

#[test]
fn json_lines_have_lists_or_a_field_for_each_class() {
    let (reviews, _) =
        lines(&["\"l\": [\"b\", \"a\"]", "\"l\": []", "\"l\": [\"b\"]"], &["l"]).unwrap();
    assert_eq!(
        (joined(&reviews), reviews.class_names.len()),
        (vec!["ab".into(), "".into(), "b".into()], 2)
    );
    // Numbers of classes, as many data sets have them, and rows of 0 and 1, as others do.
    let (reviews, _) = lines(&["\"l\": [3, 0]", "\"l\": [10]"], &["l"]).unwrap();
    assert_eq!(reviews.class_names, ["0", "3", "10"]);
    let (reviews, notes) = lines(&["\"l\": [1.0, 0.0, 1]", "\"l\": [0, 0, 0]"], &["l"]).unwrap();
    assert_eq!(joined(&reviews), ["02", ""]);
    assert_eq!(notes[0], "labels: lists of 0 and 1, one for each of 3 classes");
    let (reviews, _) =
        lines(&["\"a\": true, \"b\": 0", "\"a\": 0, \"b\": 1"], &["a", "b"]).unwrap();
    assert_eq!(joined(&reviews), ["a", "b"]);
    for (line, expected) in [
        ("\"l\": null", "line 2: the field \"l\" holds null: write [] for"),
        ("\"l\": \"b\"", "line 2: column \"l\" holds \"b\", and lists in other rows"),
        ("\"l\": [\"a\", null]", "line 2: the label in field \"l\" is missing"),
        ("\"l\": [[\"a\"]]", "line 2: the field \"l\" holds a list"),
        ("\"k\": []", "line 2: no field \"l\"; there are k, text"),
    ] {
        let error = complaint(lines(&["\"l\": [\"a\"]", line], &["l"]));
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let error = complaint(file("mine.jsonl", "{\"text\": \"a\", \"l\": [\"b\"]}", |path| {
        Reviews::from_json_lines(path, "text", "l")
    }));
    assert!(error.contains("from_json_lines_multi_label"), "{error}");
}

fn table(columns: Vec<Series>) -> DataFrame {
    let texts = Series::new("text".into(), vec!["x"; columns[0].len()]);
    let columns = [texts].into_iter().chain(columns).map(Column::from).collect();
    DataFrame::new_infer_height(columns).unwrap()
}

#[test]
fn frames_have_lists_or_a_column_for_each_class() {
    let list = |names: &[&str]| Series::new("".into(), names.to_vec());
    let empty = Series::new_empty("".into(), &DataType::String);
    let topics = Series::new("topics".into(), [list(&["b", "a"]), empty, list(&["b"])]);
    let stars = Series::new("stars".into(), [1.5, 2.5, 3.5]);
    let frame = table(vec![topics.clone(), stars.clone()]);
    let (reviews, _) = of_frame(&frame, "text", &["topics"]).unwrap();
    assert_eq!(joined(&reviews), ["ab", "", "b"]);
    assert_eq!(reviews.frame.get_column_names(), ["text", "a", "b", "stars"]);
    let error = complaint(Reviews::from_frame(&frame, "text", "topics"));
    assert!(error.contains("from_frame_multi_label"), "{error}");
    let clash = table(vec![topics, stars.with_name("a".into())]);
    let error = complaint(of_frame(&clash, "text", &["topics"]));
    assert_eq!(
        error,
        "a class is called \"a\", as another column of the frame is: rename one of them"
    );
    let (reviews, _) = of_frame(
        &table(vec![
            Series::new("a".into(), [true, false]),
            Series::new("b".into(), [1.0, 0.0]),
            Series::new("c".into(), [0_u32, 1]),
        ]),
        "text",
        &["c", "a", "b"],
    )
    .unwrap();
    assert_eq!(joined(&reviews), ["ab", "c"]);
    for (column, expected) in [
        (
            Series::new("a".into(), [Some(1_i64), None]),
            "row 1 (from 0): the label in column \"a\" is missing",
        ),
        (Series::new("a".into(), [1_i64, -1]), "row 1 (from 0): column \"a\" holds \"-1\""),
        (
            Series::new("a".into(), [Some(list(&["b"])), None]),
            "row 1 (from 0): no list in column \"a\"",
        ),
        (
            Series::new("a".into(), [list(&["b"]), Series::new("".into(), [Some("b"), None])]),
            "row 1 (from 0): in its list of labels, row 1 (from 0): the label",
        ),
    ] {
        let error = complaint(of_frame(&table(vec![column]), "text", &["a"]));
        assert!(error.starts_with(expected), "{expected}: {error}");
    }
}

/// Twenty texts, every second one with a, every fifth one with b.
fn twenty() -> Reviews {
    let rows: String = (0..20)
        .map(|row| format!("text {row},{},{}\n", u8::from(row % 2 == 0), u8::from(row % 5 == 0)))
        .collect();
    flags(&format!("text,a,b\n{rows}"), &["a", "b"]).unwrap().0
}

#[test]
fn splits_keep_the_labels_and_files_give_them_back() {
    let reviews = twenty();
    let splits = reviews.split(1).unwrap();
    let (texts, labels) = (splits.val.texts().unwrap(), splits.val.multi_labels().unwrap());
    for (row, text) in texts.iter().enumerate() {
        let number: usize = text.rsplit(' ').next().unwrap().parse().unwrap();
        assert_eq!(labels.rows()[row], [number.is_multiple_of(2), number.is_multiple_of(5)]);
    }
    assert_eq!(splits.sample(10).unwrap().train.class_counts().unwrap().len(), 2);
    let error = complaint(reviews.stratified_split(1));
    assert!(error.contains("take split"), "{error}");
    let error = complaint(reviews.labels());
    assert!(error.contains("take multi_labels()"), "{error}");
    let single = Reviews::from_rows(vec!["a".into()], vec![0]).unwrap();
    assert!(complaint(single.multi_labels()).contains("take labels()"));
    let again = file("again.csv", "", |path| {
        reviews.write_csv(path).unwrap();
        assert!(
            fs::read_to_string(path).unwrap().starts_with("text,a,b\ntext 0,1,1\ntext 1,0,0\n")
        );
        let (names, options) = (&reviews.class_names, CsvOptions::default());
        Reviews::from_csv_multi_label(path, "text", names, &options).unwrap()
    });
    assert_eq!(again.multi_labels().unwrap(), reviews.multi_labels().unwrap());
}

#[test]
fn another_numbering_moves_the_labels_along() {
    let reviews = twenty().with_class_names(&["c", "b", "a"]).unwrap();
    assert_eq!(reviews.class_counts().unwrap(), [0, 4, 10]);
    assert_eq!(joined(&reviews)[..3], ["ba", "", "a"]);
    let error = complaint(reviews.with_class_names(&["a", "c"]));
    assert!(
        error.starts_with("row 0 (from 0): the label \"b\" is none of the class names"),
        "{error}"
    );
    let fewer = reviews.with_class_names(&["a", "b"]).unwrap();
    assert_eq!(fewer.frame.get_column_names(), ["text", "a", "b"]);
    // Classes that are numbers get their names by these.
    let labels = MultiLabels::new(vec![vec![true, false], vec![false, true]], ["0", "1"]).unwrap();
    let numbers = twenty().some(0, 2).with_multi_labels(&labels).unwrap();
    let named = numbers.with_class_names(&["admiration", "joy"]).unwrap();
    assert_eq!(joined(&named), ["admiration", "joy"]);
}

#[test]
fn a_frame_that_a_notebook_has_changed_is_looked_at_again() {
    let mut reviews = twenty();
    reviews.frame.with_column(Column::new("b".into(), vec![3_i64; 20])).unwrap();
    for error in [complaint(reviews.multi_labels()), complaint(reviews.class_counts())] {
        assert!(error.starts_with("row 0 (from 0): column \"b\" holds \"3\""), "{error}");
    }
    reviews.frame.drop_in_place("b").unwrap();
    assert!(complaint(reviews.multi_labels()).contains("a column for each of the classes a, b"));
}

#[test]
fn the_labels_are_shown_by_name() {
    use crate::display::Show;
    let reviews = twenty();
    assert!(reviews.to_html().html().contains("a, b") && reviews.figures().is_ok());
    assert!(reviews.review(0).unwrap().text().ends_with("labels: a, b"));
    assert!(reviews.split(1).unwrap().to_html().text().contains("split  reviews  a"));
}

#[test]
fn lists_of_0_and_1_are_as_long_as_one_another() {
    for (odd, fault) in [
        (
            "[]",
            "line 3: column \"l\": a list of 0 values, while another list has 0 or 1 for each of 3",
        ),
        ("[0, 1]", "line 3: column \"l\": a list of 2 values, while"),
        ("[1, 0, 2]", "line 3: column \"l\": \"2\" in a list, while"),
        ("[\"a\"]", "line 3: column \"l\": \"a\" in a list, while"),
    ] {
        let odd = format!("\"l\": {odd}");
        let error = complaint(lines(&["\"l\": [1, 0, 1]", "\"l\": [0, 1, 0]", &odd], &["l"]));
        assert!(error.contains(fault), "{fault}: {error}");
    }
    let error = complaint(lists(&["1;0;0", "0;1;0", ""], CsvOptions::default()));
    assert!(error.contains("line 4: column \"label\": a list of 0 values"), "{error}");
    // Numbers of classes.
    let (reviews, _) = lines(&["\"l\": [0, 1]", "\"l\": [1]", "\"l\": []"], &["l"]).unwrap();
    assert_eq!(joined(&reviews), ["01", "1", ""]);
}
