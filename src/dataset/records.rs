//! The records of a CSV file (RFC 4180), line ends of any system.
//!
//! A quote that is never closed, or that is closed in the middle of a field, is an error: other
//! readers go on, and swallow or join what follows. For one that another row's quote closes see
//! [`super::swallowed`].

use super::decode::line_ends;
use std::borrow::Cow;

/// The lines of a record make its fields.
pub struct Record<'a> {
    /// The line in which it begins, from 1.
    pub line: usize,
    pub fields: Vec<Cow<'a, str>>,
    /// The line in which it ends.
    pub last_line: usize,
    /// As it stands in the file.
    pub source: &'a str,
}

/// Reads record by record; lines without any text are passed over.
pub struct Records<'a> {
    text: &'a str,
    separator: u8,
    /// Whether quotes are more than letters.
    quotes: bool,
    at: usize,
    line: usize,
}

impl<'a> Records<'a> {
    /// The separator is an ASCII character other than a quote or a line end.
    pub fn new(text: &'a str, separator: u8, quotes: bool) -> Records<'a> {
        Records { text, separator, quotes, at: 0, line: 1 }
    }

    /// The text begins in this line of the file.
    pub fn at_line(self, line: usize) -> Records<'a> {
        Records { line, ..self }
    }

    /// How many bytes have been read, and the line of what comes next.
    pub fn position(&self) -> (usize, usize) {
        (self.at, self.line)
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn record(&mut self) -> Result<Record<'a>, String> {
        let mut record =
            Record { line: self.line, fields: Vec::new(), last_line: self.line, source: "" };
        loop {
            let field = self.field(record.fields.len() + 1)?;
            record.fields.push(field);
            record.last_line = self.line;
            match self.byte() {
                Some(byte) if byte == self.separator => self.at += 1,
                Some(_) => {
                    let crlf = self.text.as_bytes()[self.at..].starts_with(b"\r\n");
                    self.at += if crlf { 2 } else { 1 };
                    self.line += 1;
                    return Ok(record);
                }
                None => return Ok(record),
            }
        }
    }

    /// Goes to the separator or line end after field number `number`.
    fn field(&mut self, number: usize) -> Result<Cow<'a, str>, String> {
        if self.quotes && self.byte() == Some(b'"') {
            return self.quoted(number);
        }
        let rest = &self.text.as_bytes()[self.at..];
        let ends = |byte: &u8| *byte == self.separator || matches!(byte, b'\n' | b'\r');
        let end = self.at + rest.iter().position(ends).unwrap_or(rest.len());
        let field = &self.text[self.at..end];
        self.at = end;
        Ok(Cow::Borrowed(field))
    }

    fn quoted(&mut self, number: usize) -> Result<Cow<'a, str>, String> {
        let opened = self.line;
        let fault = |what: &str| {
            format!(
                "line {opened}, field {number}: {what}: a quote inside a quoted field is written \
                 twice; if quotes are letters like others here, set quotes: false in CsvOptions"
            )
        };
        let mut field = Cow::Borrowed("");
        loop {
            self.at += 1;
            let rest = &self.text[self.at..];
            let end = rest.find('"').ok_or_else(|| fault("its quote is never closed"))?;
            field += &rest[..end];
            self.line += line_ends(&rest.as_bytes()[..end]);
            self.at += end + 1;
            if self.byte() != Some(b'"') {
                break;
            }
            field += "\"";
        }
        match self.byte() {
            Some(byte) if byte != self.separator && !matches!(byte, b'\n' | b'\r') => {
                Err(fault(&format!("text after its closing quote in line {}", self.line)))
            }
            _ => Ok(field),
        }
    }
}

/// Finds the end of a record of which more and more is read: each byte is looked at once.
pub struct RecordEnd {
    separator: u8,
    quotes: bool,
    at: usize,
    place: Place,
}

/// What stands before a byte of a record.
enum Place {
    FieldStart,
    Field,
    Quoted,
    AfterQuote,
    Return,
}

impl RecordEnd {
    pub fn new(separator: u8, quotes: bool) -> RecordEnd {
        RecordEnd { separator, quotes, at: 0, place: Place::FieldStart }
    }

    /// The end of the first record or blank line, its line end included; that of the text if nothing
    /// behind it can mend the record. None: it may go on. The text has grown since the last call, or
    /// is the same.
    pub fn find(&mut self, text: &str) -> Option<usize> {
        while let Some(&byte) = text.as_bytes().get(self.at) {
            self.place = match (&self.place, byte) {
                (Place::Return, b'\n') => return Some(self.at + 1),
                (Place::Return, _) => return Some(self.at),
                (Place::Quoted, b'"') => Place::AfterQuote,
                (Place::Quoted, _) => Place::Quoted,
                (_, b'\n') => return Some(self.at + 1),
                (_, b'\r') => Place::Return,
                (_, byte) if byte == self.separator => Place::FieldStart,
                (Place::AfterQuote, b'"') => Place::Quoted,
                (Place::AfterQuote, _) => return Some(text.len()),
                (Place::FieldStart, b'"') if self.quotes => Place::Quoted,
                _ => Place::Field,
            };
            self.at += 1;
        }
        None
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, String>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.text.len() {
            let start = self.at;
            let record = match self.record() {
                Ok(record) => Record { source: &self.text[start..self.at], ..record },
                Err(fault) => {
                    self.at = self.text.len();
                    return Some(Err(fault));
                }
            };
            if !record.source.trim().is_empty() || record.fields.len() > 1 {
                return Some(Ok(record));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, quotes: bool) -> Result<Vec<(usize, Vec<String>)>, String> {
        let owned = |record: Record| {
            (record.line, record.fields.into_iter().map(Cow::into_owned).collect())
        };
        Records::new(text, b',', quotes).map(|record| record.map(owned)).collect()
    }

    fn lines(text: &str) -> Vec<(usize, String)> {
        let records = all(text, true).unwrap();
        records.into_iter().map(|(line, fields)| (line, fields.join("|"))).collect()
    }

    #[test]
    fn each_line_end_counts_and_blank_lines_are_passed_over() {
        let expected = [(1, "a|b".to_owned()), (2, "c\n|d".to_owned()), (5, "e|".to_owned())];
        for end in ["\n", "\r\n", "\r"] {
            for last in ["", end, &format!("{end}{end} {end}")] {
                let text = format!("a,b{end}\"c{end}\",d{end}{end}e,{last}");
                let got: Vec<_> =
                    lines(&text).into_iter().map(|(l, f)| (l, f.replace(end, "\n"))).collect();
                assert_eq!(got, expected, "{text:?}");
            }
        }
        assert_eq!(lines(",\n\"\"\n"), [(1, "|".to_owned()), (2, String::new())]);
        assert!(lines("").is_empty() && lines("\n \r\n").is_empty());
    }

    #[test]
    fn quotes_hold_separators_line_ends_and_doubled_quotes() {
        let text = "\"a \"\"b\"\",\r\nc\",\"\",\"\"\"\"\n5\" tape,x \"y\", \"z\"\n";
        let expected = [(1, "a \"b\",\r\nc||\"".to_owned()), (3, "5\" tape|x \"y\"| \"z\"".into())];
        assert_eq!(lines(text), expected);
        let letters = all("\"a,b\n\"\"c,\"d\"\n", false).unwrap();
        assert_eq!(letters[0].1, ["\"a", "b"]);
        assert_eq!(letters[1].1, ["\"\"c", "\"d\""]);
    }

    #[test]
    fn the_end_of_a_record_is_found_as_soon_as_it_is_there() {
        for text in
            ["a,b\n", "\"a\n\"\"\",\"b\"\n", "5\" x,\"\"\n", "a,\"\r\n\"\r\n", "\n", "\"\"\"\"\n"]
        {
            let (mut found, mut at_once) = (RecordEnd::new(b',', true), RecordEnd::new(b',', true));
            let ends: Vec<_> =
                (0..=text.len()).filter_map(|end| found.find(&text[..end])).collect();
            assert_eq!(ends, [text.len()], "{text:?}");
            assert_eq!(at_once.find(&format!("{text}c,\"")), Some(text.len()), "{text:?}");
        }
        let find = |text: &str, quotes| RecordEnd::new(b',', quotes).find(text);
        assert_eq!((find("a\r", true), find("a\rb", true)), (None, Some(2)));
        assert_eq!((find("\"a\nb", true), find("\"a\nb", false)), (None, Some(3)));
        assert_eq!(find("\"a\" b,c", true), Some(7));
    }

    #[test]
    fn a_quote_that_is_not_closed_right_is_named_by_the_line_in_which_it_opens() {
        for (text, complaint) in [
            ("a,b\n\"c,d\ne,f\n", "line 2, field 1: its quote is never closed"),
            ("a,b\n\nc,\"d\ne,f", "line 3, field 2: its quote is never closed"),
            ("a,b\n\"c,d\ne,\"f\"\n", "line 2, field 1: text after its closing quote in line 3"),
            ("a,b\n\"c\"d,e\n", "line 2, field 1: text after its closing quote in line 2"),
            ("a,b\n\"c\" ,e\n", "line 2, field 1: text after"),
            ("\"", "line 1, field 1: its quote is never closed"),
        ] {
            let error = all(text, true).unwrap_err();
            assert!(error.starts_with(complaint), "{text:?}: {error}");
        }
    }
}
