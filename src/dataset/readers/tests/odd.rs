//! Files in which something is wrong that other readers pass over, and files that only look so.

use super::*;

#[test]
fn rows_that_a_lone_quote_swallows_are_found() {
    let inches = "text,label\n\"Great film,1\nIt is bad,0\nA 5\",1\nb,0\nc,1\n";
    let error = complaint(read(inches));
    assert!(error.contains("line 2: a quote opens here and closes in line 4, and each"), "{error}");
    let many: String = (0..900).map(|row| format!("review {row},{}\n", row % 2)).collect();
    for file in [
        format!("text,label\n\"Oh,1\n{many}5\",0\n{many}"),
        // No other row is left to compare with.
        format!("text,label\n\"Oh,1\n{many}5\",0\n"),
        format!(
            "label,text\n1,\"Oh\n{}0,\"\n",
            many.replace("review", "1,review").replace(",0\n", "\n").replace(",1\n", "\n")
        ),
        format!("text,label\r\n\"Oh,1\r\n{}5\",0\r\n", many.replace('\n', "\r\n")),
        format!("text;label\n\"Oh;1\n\n{}5\";0\n", many.replace(',', ";")),
    ] {
        let error = complaint(read(&file));
        assert!(error.contains("line 2: a quote opens here and closes in line 90"), "{error}");
    }
    // Of labels that no other row has it is not certain.
    let (reviews, notes) = read("text,label\n\"Oh,a\nA 5\",b\nc,d\n").unwrap();
    assert_eq!(reviews.len(), 2);
    assert!(
        notes[0].starts_with("1 text of several lines, the first in the lines 2 to 3,"),
        "{notes:?}"
    );
    // Nor of two lines, which may be a sentence with a number, and another one.
    let (reviews, notes) = read("text,label\n\"Note 3,1\nSehr gut\",1\nx,0\n").unwrap();
    assert_eq!((reviews.len(), notes.len()), (2, 1), "{notes:?}");
    let wider = complaint(read("text,label\n\"Oh,1\na,0\n5\",0,1\n"));
    assert!(wider.contains("a quote makes one row of the lines 2 to 4, with 3 fields"), "{wider}");
    assert!(wider.contains("quotes: false"), "{wider}");
}

#[test]
fn texts_of_several_lines_are_texts() {
    for (text, label) in [
        ("Dear all,\n\nHere is the list:\n1, 2, 3\nYours, Ada", "1"),
        ("one\ntwo", "0"),
        ("Well, yes\nNo, not so", "0"),
        ("It cost 1,000\nor 1,000", "1"),
        ("a,b\nc, d", "1"),
        ("He wrote:\n> text,label\n> good,1\n> bad,0", "1"),
        ("a\rb\r\nc", "0"),
        ("let a;,1x\nlet b;,2x\nlet c;,3x\nlet d;,4x\nlet e;,5x\nlet f;,6x", "0"),
        ("He said \"no\",\nshe said \"yes\"", "0"),
        ("Food,1\nnice", "0"),
        ("Note 3,1\nSehr gut", "0"),
    ] {
        let quoted = text.replace('"', "\"\"");
        for file in [
            format!("text,label\nx,1\n\"{quoted}\",{label}\ny,0\n"),
            format!("label,text\n1,x\n{label},\"{quoted}\"\n0,y\n"),
            format!("id,text,label\n1,x,1\n2,\"{quoted}\",{label}\n3,y,0\n"),
        ] {
            let (reviews, _) = read(&file).unwrap();
            assert_eq!((reviews.len(), &reviews.texts().unwrap()[1][..]), (3, text));
        }
    }
}

#[test]
fn a_sentence_is_not_taken_for_a_row() {
    let long = "a".repeat(50);
    for text in ["Dear all\nThanks, Ada", &format!("one\n{long},b")] {
        let (_, notes) = read(format!("label,text\n1,\"{text}\"\n0,x\n")).unwrap();
        assert!(notes.is_empty(), "{notes:?}");
    }
}

#[test]
fn row_names_of_r_are_no_column() {
    // write.csv, and write.table(sep = ",") without a name for the row names.
    let named = "\"\",\"text\",\"label\"\n\"1\",\"a, b\",\"pos\"\n\"2\",\"c\",\"neg\"\n";
    let unnamed = named.replace("\"\",\"text\"", "\"text\"");
    for file in [named, &unnamed] {
        let (reviews, notes) = read(file).unwrap();
        assert_eq!(rows(&reviews), (vec!["a, b".to_owned(), "c".to_owned()], vec![1, 0]));
        assert_eq!(notes.len(), if file == named { 1 } else { 2 }, "{notes:?}");
    }
    let notes = read(&unnamed).unwrap().1;
    assert!(notes[0].contains("the first row has \"a, b\" for \"text\""), "{notes:?}");
    // The names of classes move with the others.
    let classes = "text,label,class_name\n5,a,0,ham\n9,b,1,spam\n";
    assert_eq!(read(classes).unwrap().0.class_names, ["ham", "spam"]);
    // What pandas shifts by one column is refused.
    for (file, remedy) in [
        ("text,label\na, b,1\nc, d,0\n", "must stand in quotes"),
        ("id,text,label\n1,a, b,1\n2,c, d,0\n", "must stand in quotes"),
        ("id,text,label\n1,a,0,\n2,b,1,\n", "if each line ends in a separator"),
        ("text,label\n1,a,0\n1,b,1\n", "each column needs a name"),
        ("text,label\n1,a,0\n2,b\n", "line 2 has 3 fields"),
    ] {
        let error = complaint(read(file));
        assert!(error.contains(remedy), "{error}");
    }
}

#[test]
fn words_that_may_stand_for_nothing_are_said_where_null_is_another_thing() {
    let frame = |texts: [&str; 3], labels: [&str; 3]| {
        let frame = polars::df!("text" => texts, "label" => labels).unwrap();
        of_frame(&frame, "text", "label")
    };
    let (reviews, notes) = frame(["a", "null", "n/a"], ["pos", "NA", "neg"]).unwrap();
    assert_eq!(reviews.class_names, ["NA", "neg", "pos"]);
    assert_eq!(notes[0], "2 texts are missing and kept, the first in row 1 (from 0) (\"null\")");
    assert!(notes[1].starts_with("\"NA\" is taken for a class: drop"), "{notes:?}");
    for word in ["NA", "nan", "None", "null"] {
        let error = complaint(frame(["a", "b", "c"], ["1", "0", word]));
        assert!(
            error.starts_with(&format!("row 2 (from 0): the label {word:?} is missing")),
            "{error}"
        );
        let line = |label: &str| format!("{{\"text\": \"a\", \"label\": {label}}}\n");
        let file = File::new(format!("{}{}", line("1"), line(&format!("{word:?}"))));
        let error = complaint(json_lines(&file.0, "text", "label"));
        assert!(error.contains(&format!("line 2: the label {word:?} is missing")), "{error}");
    }
}

#[test]
fn what_is_no_csv_file_is_answered() {
    for (contents, expected) in [
        (&b"\x1F\x8B\x08\0"[..], "a gzip file"),
        (b"PK\x03\x04\x14\0", "a table of Excel"),
        (b"{\"text\": \"a\", \"label\": 1}\n", "from_json_lines"),
        (b"text\na\n", "no column \"label\"; there are text"),
        (b"\xEF\xBB\xBF\"text\",\"label\"\n", "there are no reviews below the header"),
        (b"text,label\n\"a\tb\",\n", "line 2: the label is missing"),
    ] {
        let error = complaint(read(contents));
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let file = File::new("text,label\na,1\n");
    let error = complaint(csv(&file.0, "label ", "label", &CsvOptions::default()));
    assert!(error.contains("the texts are in this column"), "{error}");
    let one = read("\u{feff}\"text\",\"label\"\r\n\"a\tb\",\" pos\"").unwrap().0;
    assert_eq!((one.texts().unwrap()[0].as_str(), &one.class_names[0][..]), ("a\tb", "pos"));
}

#[test]
fn a_comma_of_a_text_makes_no_row_names() {
    for file in [
        "label,text\n1,well, ok\n0,no, bad\n",
        "tweet_id,text,label\n1,good, really,1\n2,bad,really,0\n",
        "text,label\n1984, by Orwell,1\n2001, by Clarke,0\n",
    ] {
        let error = complaint(read(file));
        assert!(error.contains("line 2 has"), "{error}");
    }
    // Of R's texts some begin with a space.
    let (reviews, _) = read("text,label\n1,a,0\n2, b,1\n3,c,0\n").unwrap();
    assert_eq!(reviews.texts().unwrap(), ["a", " b", "c"]);
}

#[test]
fn a_header_in_the_middle_is_no_review() {
    let error = complaint(read("text,label\na,1\nb,0\ntext,label\nc,1\n"));
    assert!(error.contains("line 4 repeats the header") && error.contains("delete"), "{error}");
    assert_eq!(read("text,label\na,1\ntext,0\n").unwrap().0.len(), 2);
}

#[test]
fn the_separator_of_a_first_line_that_none_has_cut_is_named() {
    for (file, separator) in [
        ("text:label\na:1\n", ':'),
        ("label^text\n1^a\n", '^'),
        ("text::label\na::1\n", ':'),
        ("text label\na 1\n", ' '),
    ] {
        let error = complaint(read(file));
        assert!(error.contains(&format!("set separator: Some({separator:?})")), "{error}");
    }
    let error = complaint(read("textlabel\na\n"));
    assert!(!error.contains("set separator"), "{error}");
    assert!(error.contains("header: false"), "{error}");
}

#[test]
fn the_lines_of_a_song_are_no_rows() {
    let song = "label,text\npop,\"Oh\nNo, no\nNo, no\nNo, no\nNo, no\nNo, no\"\nrock,x\npop,y\n";
    assert_eq!(read(song).unwrap().0.len(), 3);
}
