use super::*;
use std::io::{self, Cursor};

/// Gives so many bytes at once, as a pipe may.
struct Drops(Cursor<Vec<u8>>, usize);

impl Read for Drops {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        self.0.read(&mut buffer[..most])
    }
}

fn drops(bytes: &[u8], size: usize) -> Drops {
    Drops(Cursor::new(bytes.to_vec()), size)
}

/// The texts before the first error, and the error.
fn all(texts: Result<TextStream>) -> (Vec<String>, Option<String>) {
    let mut found = Vec::new();
    match texts {
        Err(error) => return (found, Some(error.to_string())),
        Ok(texts) => {
            for text in texts {
                match text {
                    Ok(text) => found.push(text),
                    Err(error) => return (found, Some(error.to_string())),
                }
            }
        }
    }
    (found, None)
}

fn lines(bytes: &[u8]) -> (Vec<String>, Option<String>) {
    let whole = all(Ok(TextStream::lines(drops(bytes, usize::MAX), "in")));
    for size in [1, 2, 5] {
        assert_eq!(all(Ok(TextStream::lines(drops(bytes, size), "in"))), whole, "{size} at once");
    }
    whole
}

fn column(bytes: &[u8], name: &str, options: &CsvOptions) -> (Vec<String>, Option<String>) {
    let whole = all(TextStream::column(drops(bytes, usize::MAX), "in", name, options));
    for size in [1, 7] {
        let pieces = all(TextStream::column(drops(bytes, size), "in", name, options));
        assert_eq!(pieces, whole, "{size} at once");
    }
    whole
}

#[test]
fn each_line_is_a_text() {
    for (bytes, expected) in [
        ("", vec![]),
        ("\n", vec![""]),
        ("a", vec!["a"]),
        ("a\r\n\r\n\u{feff}é\n", vec!["a", "", "\u{feff}é"]),
        ("\u{feff}a\rb\n \n", vec!["a\rb", " "]),
        ("a\nb\0c", vec!["a", "b\0c"]),
    ] {
        assert_eq!(
            lines(bytes.as_bytes()),
            (expected.iter().map(|t| t.to_string()).collect(), None)
        );
    }
}

#[test]
fn what_is_no_text_is_named_after_the_lines_before_it() {
    for (bytes, before, complaint) in [
        (&b"a\n\nb\xF6c\n"[..], 2, "in: line 3, byte 2 (0xF6) is not UTF-8; "),
        (b"a\n\xC3", 1, "line 2, byte 1 (0xC3)"),
        (b"\xFF\xFEa\0\n\0", 0, "iconv -f utf-16 "),
        (b"\x1F\x8B\x08\0", 0, "gunzip"),
        (b"PK\x03\x04..\n", 0, "unpack it"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 0, "an older Excel: save it as CSV"),
        (b"%PDF-1.7\n%\xE2\xE3\n", 0, "a PDF file"),
        (b"PAR1\x15\x04\x15", 0, ".to_json(NEW, orient=\"records\", lines=True)"),
        (b"\xFD7zXZ\0\0", 0, "unxz"),
        (b"a\0\n\0b\0", 0, "line 1 holds NUL"),
    ] {
        let (texts, error) = lines(bytes);
        assert_eq!(texts.len(), before, "{complaint}");
        assert!(error.as_ref().is_some_and(|error| error.contains(complaint)), "{error:?}");
    }
}

#[test]
fn a_column_is_read_as_from_csv_reads_it() {
    let options = CsvOptions::default();
    for bytes in [
        "id,text\n1,a\n2,\"b,\n\"\"c\"\"\"\n\n3,\n",
        "\u{feff}id,text\r\n1,a\r\n2,\"b,\n\"\"c\"\"\"\r\n3,",
        "sep=;\nid;text\n1;a\n2;\"b,\n\"\"c\"\"\"\n3;\"\"",
        "text | id\na|1\n\"b,\n\"\"c\"\"\"|2\n|3\n",
    ] {
        let expected = ["a", "b,\n\"c\"", ""].map(str::to_owned).to_vec();
        assert_eq!(column(bytes.as_bytes(), "text", &options), (expected, None), "{bytes:?}");
    }
    let bare = CsvOptions { header: false, quotes: false, ..options };
    let expected = vec!["\"a".to_owned(), "b".to_owned()];
    assert_eq!(column(b"1\t\"a\n2\tb\n", "1", &bare), (expected, None));
}

fn noted(bytes: &'static [u8]) -> (Vec<String>, Vec<String>, Option<String>) {
    let mut texts = TextStream::column(bytes, "in", "text", &CsvOptions::default()).unwrap();
    let (mut found, mut error) = (Vec::new(), None);
    for text in texts.by_ref() {
        match text {
            Ok(text) => found.push(text),
            Err(fault) => error = Some(fault.to_string()),
        }
    }
    (found, texts.take_notes(), error)
}

#[test]
fn the_names_of_r_s_rows_are_no_texts() {
    let (texts, notes, error) =
        noted(b"\"text\",\"label\"\n\"1\",\"a, b\",\"pos\"\n\"3\",\"c\",\"neg\"\n");
    assert_eq!((texts, error), (vec!["a, b".to_owned(), "c".to_owned()], None));
    assert!(notes.len() == 1 && notes[0].contains("has \"a, b\" for \"text\""), "{notes:?}");
    for (rows, before, complaint) in [
        (&b"text,label\n1,a,b\n2,a\n"[..], 1, "line 3 has 2 fields and should have 3"),
        (b"text,label\n1,a,b\n1,a,b\n", 1, "line 3 has 3 fields and should have 3, first a number"),
        (b"text,label\n1,a,\n2,b,\n", 0, "line 2 has 3 fields, the first line has 2"),
        (b"text,label\na,1\n1,a,b\n", 1, "line 3 has 3 fields, the first line has 2"),
    ] {
        let (texts, _, error) = noted(rows);
        assert_eq!(texts.len(), before);
        assert!(error.as_ref().is_some_and(|error| error.contains(complaint)), "{error:?}");
    }
}

#[test]
fn a_text_that_may_be_rows_is_noted_once() {
    let (texts, notes, error) =
        noted(b"text,label\n\"Great,1\nBad,0\nA 5\",1\nb,0\n\"c,1\nd\",0\n");
    assert_eq!((texts.len(), error), (3, None));
    assert!(
        notes.len() == 1 && notes[0].starts_with("line 2: a quote opens here and closes in line 4")
    );
    for file in [
        &b"text,label\n\"Great,\nbut, really, long\",1\nb,0\n"[..],
        b"text,label\n\"Great, but\nlong\",1\n",
        b"text\n\"a\nb\"\n",
    ] {
        assert_eq!(noted(file).1, Vec::<String>::new());
    }
}

#[test]
fn a_row_that_cannot_be_read_is_named_after_the_ones_before_it() {
    for (bytes, before, complaint) in [
        (&b"id,text\n1,a\n2,\"b\n3,c\n"[..], 1, "line 3, field 2: its quote is never closed"),
        (b"id,text\n1,a\n2,\"b\"c\n3,c\n", 1, "line 3, field 2: text after its closing quote"),
        (b"id,text\n1,\"a\n\"\n2\n", 1, "line 4 has 1 field, the first line has 2"),
        (b"id,text\n1,a\n2,\"\nb\xF6\"\n", 1, "line 4, byte 2 (0xF6) is not UTF-8"),
        (b"id,review\n1,a\n", 0, "no column \"text\"; there are id, review"),
        (b"text,text\n1,a\n", 0, "2 columns are called"),
        (b"", 0, "the file is empty"),
        (b"\n\n", 0, "the file is empty"),
        (b"\xFF\xFEt\0", 0, "UTF-16"),
    ] {
        let (texts, error) = column(bytes, "text", &CsvOptions::default());
        assert_eq!(texts.len(), before, "{complaint}");
        assert!(error.as_ref().is_some_and(|error| error.contains(complaint)), "{error:?}");
    }
}

/// Says what it is asked for behind what it holds.
struct Open(Cursor<&'static [u8]>);

impl Read for Open {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("more is wanted")),
            read => Ok(read),
        }
    }
}

#[test]
fn nothing_is_waited_for_that_does_not_belong_to_a_text() {
    let options = CsvOptions::default();
    let bare = CsvOptions { header: false, separator: Some(','), ..options.clone() };
    for (bytes, name, options, expected) in [
        (&b"text;n\na;1\n"[..], "text", &options, "a"),
        (b"\r\ntext,n\r\na,1\r\n", "text", &options, "a"),
        (b"sep=;\ntext;n\na;1\n", "text", &options, "a"),
        (b"\"te\nxt\",n\n\"5\"\"\n,\",1\n", "te\nxt", &options, "5\"\n,"),
        (b"5\" tape,1\n", "0", &bare, "5\" tape"),
    ] {
        let mut texts = TextStream::column(Open(Cursor::new(bytes)), "in", name, options).unwrap();
        assert_eq!(texts.next().unwrap().unwrap(), expected);
        assert!(texts.next().unwrap().unwrap_err().to_string().contains("more is wanted"));
    }
    let broken = Open(Cursor::new(b"text,n\n\"a\" b"));
    let mut texts = TextStream::column(broken, "in", "text", &options).unwrap();
    assert!(texts.next().unwrap().unwrap_err().to_string().contains("text after its closing"));
}

#[test]
fn large_texts_are_read_and_endless_ones_refused() {
    let large = "ab ".repeat(3_500_000);
    let (texts, error) = all(Ok(TextStream::lines(Cursor::new(large.clone()), "in")));
    assert_eq!((texts[0].len(), error), (large.len(), None));
    let file = format!("n,text\n1,\"{large}\"\n2,b\n");
    let read = TextStream::column(Cursor::new(file), "in", "text", &CsvOptions::default());
    let (texts, error) = all(read);
    assert_eq!((texts[0].len(), texts[1].as_str(), error), (large.len(), "b", None));
    let (texts, error) = all(Ok(TextStream::lines(io::repeat(b'a'), "in")));
    assert!(texts.is_empty() && error.is_some_and(|error| error.contains("more than 64 MB")));
    let endless = Cursor::new("text\nb\n\"").chain(io::repeat(b'a'));
    let (texts, error) = all(TextStream::column(endless, "in", "text", &CsvOptions::default()));
    assert!(
        texts == ["b"] && error.is_some_and(|error| error.contains("line 3, field 1: its quote"))
    );
}
