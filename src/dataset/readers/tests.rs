//! Files of all kinds through the whole way, from bytes to reviews.

mod odd;

use super::*;
use crate::files::test_folder;
use std::fs;
use std::path::PathBuf;

/// A file that goes when the test ends.
struct File(PathBuf);

impl File {
    fn new(contents: impl AsRef<[u8]>) -> File {
        let contents = contents.as_ref();
        let thread = format!("{:?}", std::thread::current().id());
        let name = format!("readers-{}", thread.replace(|c: char| !c.is_alphanumeric(), ""));
        let path = test_folder(&name).join("mine.csv");
        fs::write(&path, contents).unwrap();
        File(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn read_with(contents: impl AsRef<[u8]>, options: &CsvOptions) -> Result<(Reviews, Vec<String>)> {
    csv(&File::new(contents).0, "text", "label", options)
}

fn read(contents: impl AsRef<[u8]>) -> Result<(Reviews, Vec<String>)> {
    read_with(contents, &CsvOptions::default())
}

/// A file with these labels.
fn labelled(labels: &[&str]) -> Result<(Reviews, Vec<String>)> {
    read(labels.iter().fold("text,label\n".to_owned(), |file, label| file + "a," + label + "\n"))
}

fn complaint<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    outcome.unwrap_err().to_string()
}

fn rows(reviews: &Reviews) -> (Vec<String>, Vec<i64>) {
    (reviews.texts().unwrap(), reviews.labels().unwrap().to_vec())
}

#[test]
fn quotes_newlines_bom_and_crlf_are_understood() {
    let contents = "\u{feff}label,text\r\n1,\"a \"\"b\"\",\nc\"\r\n0,d\r\n";
    let (reviews, notes) = read(contents).unwrap();
    assert_eq!(rows(&reviews), (vec!["a \"b\",\nc".to_owned(), "d".to_owned()], vec![1, 0]));
    assert_eq!(reviews.class_names, ["0", "1"]);
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn the_separator_and_the_encoding_are_found_and_said() {
    let with_tabs = "id\ttext\tlabel\n1\ta, \u{e4}; b\t0\n2\tc\t1\n";
    let utf16: Vec<u8> =
        format!("\u{feff}{with_tabs}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (contents, said) in [
        (with_tabs.replace('\t', ";").replace("; ", " ").into_bytes(), "separator ';'"),
        (with_tabs.replace('\t', "|").into_bytes(), "separator '|'"),
        (with_tabs.into(), "separator '\\t'"),
        (utf16, "separator '\\t'; encoding utf-16"),
    ] {
        let (reviews, notes) = read(contents).unwrap();
        assert!(reviews.texts().unwrap()[0].starts_with("a, \u{e4}"));
        assert_eq!(reviews.labels().unwrap(), [0, 1]);
        assert_eq!(notes.join("; "), said);
    }
    let western = CsvOptions { encoding: Some("cp1252".to_owned()), ..Default::default() };
    let (reviews, notes) = read_with(b"text,label\nsch\xF6n \x96,1\nb,0\n", &western).unwrap();
    assert_eq!(reviews.texts().unwrap()[0], "schön –");
    assert_eq!(notes, ["encoding windows-1252"]);
}

#[test]
fn a_line_for_excel_is_no_row() {
    let (reviews, notes) = read("sep=;\r\ntext;label\r\na,b;1\r\nc;0\r\n").unwrap();
    assert_eq!(reviews.texts().unwrap(), ["a,b", "c"]);
    assert_eq!(notes, ["separator ';'"]);
    let error = complaint(read("sep=,\ntext,label\na,1\nb\n"));
    assert!(error.contains("line 4 has 1 field, the first line has 2"), "{error}");
    assert_eq!(read("sep=1,text,label\na,b,0\n").unwrap().0.labels().unwrap(), [0]);
}

#[test]
fn a_given_separator_is_obeyed() {
    let options = |separator| CsvOptions { separator: Some(separator), ..Default::default() };
    let (reviews, notes) = read_with("text:label\na,b:1\nc:0\n", &options(':')).unwrap();
    assert_eq!(reviews.texts().unwrap(), ["a,b", "c"]);
    assert!(notes.is_empty(), "{notes:?}");
    for wrong in ['"', '\n', 'é'] {
        let error = complaint(read_with("text,label\na,1\n", &options(wrong)));
        assert!(error.starts_with(&format!("separator = {wrong:?}: ")), "{error}");
    }
}

#[test]
fn a_file_without_a_header_is_read_by_the_numbers_of_its_columns() {
    let file = File::new("ham\tsee you, later\nspam\t\"win\n");
    let options = CsvOptions { header: false, quotes: false, ..Default::default() };
    let (reviews, notes) = csv(&file.0, "1", "0", &options).unwrap();
    assert_eq!(reviews.texts().unwrap(), ["see you, later", "\"win"]);
    assert_eq!(notes, ["separator '\\t'", "labels: 0 = ham, 1 = spam"]);
    let error = complaint(csv(&file.0, "2", "0", &options));
    assert!(error.contains("no column \"2\"; without a header there are 0, 1"), "{error}");
    // One who does not know is told, in short.
    let review = "A film so good that it ".repeat(100);
    let error = complaint(read(format!("{review},1\n{review},0\n")));
    assert!(error.contains("no column \"text\"; there are A film so good"), "{error}");
    assert!(error.contains("set header: false") && error.len() < 350, "{error}");
}

#[test]
fn names_of_columns_are_found_among_spaces_and_must_be_there_once() {
    let (reviews, _) = read("\u{feff}\"text\" , label\na,1\nb,0\n".replace("\" ,", "\",")).unwrap();
    assert_eq!(rows(&reviews).1, [1, 0]);
    let error = complaint(read("text,label,text\na,1,b\n"));
    assert!(
        error.ends_with("2 columns are called \"text\": give each a name of its own"),
        "{error}"
    );
    let (reviews, _) = read("id,label,stars,text,stars\n7,0,3,a,1\n8,1,5,b,1\n").unwrap();
    assert_eq!(reviews.texts().unwrap(), ["a", "b"]);
    let error = complaint(csv(&File::new("text\na\n").0, "text", "text", &CsvOptions::default()));
    assert!(error.starts_with("label = text: "), "{error}");
}

#[test]
fn what_is_wrong_is_named() {
    let faults: [(&[u8], &str); 15] = [
        (b"label,review\n1,a\n", "no column \"text\"; there are label, review"),
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"text,label\n", "there are no reviews"),
        (b"text,label\na,1\nb,\n", "line 3: the label is missing (column \"label\" holds \"\")"),
        (b"text,label\na,1\nb, \n", "line 3: the label is missing"),
        (
            b"text,label\na,1\nb,NaN\n",
            "line 3: the label is missing (column \"label\" holds \"NaN\")",
        ),
        (b"text,label\n\na,1\nb,1,c\n", "line 4 has 3 fields, the first line has 2"),
        (b"text,label\r\na,1\r\nb\r\n", "line 3 has 1 field, the first line has 2"),
        (b"text,label\ra,1\rb\r", "line 3 has 1 field, the first line has 2"),
        (b"text,label\n\"a,1\nb,0\nc,1\n", "line 2, field 1: its quote is never closed"),
        (b"text,label\n\"a,1\nb,0\n\"c\",1\n", "line 2, field 1: text after its closing quote"),
        (b"text,label\n\xff,1\n", "line 2, byte 1 (0xFF): not UTF-8"),
        (b"t\0e\0x\0t\0,\0", "line 1 holds NUL"),
    ];
    for (contents, expected) in faults {
        let error = complaint(read(contents));
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(error.contains("mine.csv: "), "{error}");
    }
    let absent = complaint(Reviews::from_csv("no.csv", "text", "label"));
    assert!(absent.starts_with("no.csv: "), "{absent}");
    let folder = complaint(Reviews::from_csv("/tmp", "text", "label"));
    assert_eq!(folder, "/tmp: a folder: name a file in it");
    let many: Vec<String> = (0..1001).map(|i| format!("label {i}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let error = complaint(labelled(&many));
    assert!(error.contains("1001 different values"), "{error}");
}

#[test]
fn rows_without_text_or_label_are_kept_or_left_out_and_it_is_said() {
    let file = "text,label\n,1\nb,0\nN/A,1\nc,0\n";
    let (reviews, notes) = read(file).unwrap();
    assert_eq!(rows(&reviews).0, ["", "b", "N/A", "c"]);
    assert_eq!(notes, ["2 texts are missing and kept, the first in line 2 (\"\")"]);
    let drop = CsvOptions { drop_missing: true, ..Default::default() };
    let (reviews, notes) = read_with(format!("{file}d,\ne, null\n"), &drop).unwrap();
    assert_eq!(rows(&reviews), (vec!["b".to_owned(), "c".to_owned()], vec![0, 0]));
    assert_eq!(notes[0], "4 rows without a text or a label left out, the first in line 2");
    let error = complaint(read_with("text,label\na,\n", &drop));
    assert!(error.contains("there are no reviews"), "{error}");
    // "None" is a stance.
    let stances = "text,label\na,None\nb,Favor\n";
    let named = CsvOptions { class_names: Some(vec!["None".into(), "Favor".into()]), ..drop };
    assert_eq!(read_with(stances, &named).unwrap().0.labels().unwrap(), [0, 1]);
    let words = CsvOptions { missing: vec![], ..Default::default() };
    assert_eq!(read_with(stances, &words).unwrap().0.class_names, ["Favor", "None"]);
}

#[test]
fn given_class_names_decide_the_numbers() {
    let options = |names: &[&str]| CsvOptions {
        class_names: Some(names.iter().map(|&name| name.to_owned()).collect()),
        ..Default::default()
    };
    let three = options(&["pos", "neu", "neg"]);
    let (reviews, notes) = read_with("text,label\na,neg\nb, pos\n", &three).unwrap();
    assert_eq!(reviews.labels().unwrap(), [2, 0]);
    assert_eq!(reviews.class_counts().unwrap(), [1, 0, 1]);
    assert_eq!(notes, ["labels: 0 = pos, 1 = neu, 2 = neg"]);
    let error = complaint(read_with("text,label\na,neg\nb,Pos\n", &three));
    assert!(
        error.contains("line 3: the label \"Pos\" is none of the class names: pos, neu, neg"),
        "{error}"
    );
    // Numbers are looked up by value, and named where no name is a number.
    let stars = options(&["1", "2", "3"]);
    assert_eq!(read_with("text,label\na,3.0\nb,1\n", &stars).unwrap().0.labels().unwrap(), [2, 0]);
    let (reviews, _) = read_with("text,label\na,2\nb,0\n", &three).unwrap();
    assert_eq!(reviews.labels().unwrap(), [2, 0]);
    let error = complaint(read_with("text,label\na,2\nb,4\n", &three));
    assert!(error.contains("the labels are the numbers 2, 4, and which of them"), "{error}");
    let error = complaint(read_with("text,label\na,0\nb,4\nc,1\nd,2\n", &three));
    assert!(error.contains("line 3: the label \"4\" is none of"), "{error}");
    let error = complaint(read_with("text,label\na,1\n", &options(&["1", "1.0"])));
    assert!(error.starts_with("class_names = 1, 1.0: \"1.0\" is there twice"), "{error}");
}

#[test]
fn files_of_one_data_set_get_one_numbering() {
    let (train, _) = labelled(&["neg", "neu", "pos"]).unwrap();
    let (test, _) = labelled(&["pos", "neg"]).unwrap();
    let test = test.with_class_names(&train.class_names).unwrap();
    assert_eq!(test.labels().unwrap(), [2, 0]);
    assert_eq!(test.class_names, train.class_names);
    let error = complaint(train.with_class_names(&["neg", "pos"]));
    assert!(error.contains("row 1 (from 0): the label \"neu\" is none of"), "{error}");
    let (part, _) = labelled(&["0", "2"]).unwrap();
    assert_eq!(part.class_names, ["0", "2"]);
    assert_eq!(part.with_class_names(&["0", "1", "2"]).unwrap().labels().unwrap(), [0, 2]);
    let (plain, _) = labelled(&["1", "0"]).unwrap();
    assert_eq!(plain.with_class_names(&["bad", "good"]).unwrap().labels().unwrap(), [1, 0]);
}
