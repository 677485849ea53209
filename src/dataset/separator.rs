//! Which character stands between the fields of a CSV file.

use super::records::Records;
use crate::error::{self, Error};

/// What programs write: most files have commas, Excel in much of Europe writes semicolons.
const USUAL: [u8; 4] = [b',', b';', b'\t', b'|'];
/// So many records are looked at.
const LOOKED_AT: usize = 50;

/// The separator as messages and options write it.
pub fn name(separator: u8) -> String {
    format!("{:?}", char::from(separator))
}

/// The separator that makes the columns of these names of the first line; if none does, the one that
/// makes the most columns.
pub fn by_names(text: &str, quotes: bool, names: &[&str]) -> u8 {
    let fields = |separator| {
        let first = Records::new(text, separator, quotes).next().and_then(Result::ok);
        first.map_or(Vec::new(), |record| record.fields)
    };
    let named = |separator: &u8| {
        let fields = fields(*separator);
        names.iter().all(|name| fields.iter().any(|field| field.trim() == name.trim()))
    };
    USUAL.into_iter().find(named).unwrap_or_else(|| {
        // The first of several equals.
        USUAL.into_iter().rev().max_by_key(|separator| fields(*separator).len()).unwrap_or(b',')
    })
}

/// For a file that names no columns: the separator that cuts the first records into equally many
/// fields, `least` or more.
pub fn by_shape(text: &str, quotes: bool, least: usize) -> Result<u8, String> {
    let shapes = USUAL.map(|separator| shape(text, separator, quotes, least));
    let best = shapes.into_iter().max().unwrap_or_default();
    let fitting: Vec<u8> =
        USUAL.into_iter().zip(shapes).filter(|(_, shape)| *shape == best).map(|(s, _)| s).collect();
    if fitting.len() == 1 || best.0 == 0 {
        return Ok(fitting[0]);
    }
    let names: Vec<String> = fitting.iter().map(|separator| name(*separator)).collect();
    Err(format!(
        "it could be separated by {}: say which, separator: Some({}) in CsvOptions",
        names.join(" or "),
        names[0]
    ))
}

/// How many of the first records are alike, and whether none of their fields holds a quote, which a
/// wrong separator leaves behind.
fn shape(text: &str, separator: u8, quotes: bool, least: usize) -> (usize, bool) {
    let (mut alike, mut clean, mut width) = (0, true, None);
    for record in Records::new(text, separator, quotes).take(LOOKED_AT).map_while(Result::ok) {
        let fields = record.fields.len();
        if fields < least || *width.get_or_insert(fields) != fields {
            break;
        }
        alike += 1;
        clean &= !record.fields.iter().any(|field| field.contains('"'));
    }
    (alike, clean)
}

/// The separator in a first line "sep=;", which some programs write for Excel.
pub fn announced(text: &str) -> Option<char> {
    let (line, _) = text.split_once(['\n', '\r'])?;
    let line = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
    let (sep, separator) = line.split_at_checked(4)?;
    let mut characters = separator.chars();
    characters.next().filter(|_| sep.eq_ignore_ascii_case("sep=") && characters.next().is_none())
}

pub fn given_separator(separator: char) -> error::Result<u8> {
    match u8::try_from(separator) {
        Ok(byte) if byte.is_ascii() && !b"\"\n\r".contains(&byte) => Ok(byte),
        _ => {
            let remedy = "take one ASCII character, such as ',', ';', '\\t' or '|'";
            Err(Error::argument("separator", format!("{separator:?}"), remedy))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_the_columns_tell_the_separator() {
        for (header, expected) in [
            ("id,text,label", b','),
            ("id;text;label", b';'),
            ("text\tlabel", b'\t'),
            ("\"text\"|\"label\"", b'|'),
            ("a, b and c; text ;label", b';'),
            ("a|b|c;d", b'|'),
            ("", b','),
        ] {
            let text = format!("{header}\n1,2\n");
            assert_eq!(by_names(&text, true, &["text", "label"]), expected, "{header}");
        }
    }

    #[test]
    fn the_line_for_excel_is_recognized() {
        for (line, expected) in [
            ("sep=;\n", Some(';')),
            ("SEP=,\r\n", Some(',')),
            ("\"sep=\t\"\n", Some('\t')),
            ("sep=\n", None),
            ("sep=;;\n", None),
            ("separator;label\n", None),
            ("sép=;\n", None),
        ] {
            assert_eq!(announced(&format!("{line}text;label\n")), expected, "{line}");
        }
    }

    #[test]
    fn without_names_the_records_tell_it() {
        for (text, expected) in [
            ("good, really,pos\nbad,neg\n", b','),
            ("good, really;pos\nbad;neg\n", b';'),
            ("ham\tsee you, later\nspam\twin | win\n", b'\t'),
            ("\"4\",\"a; b\"\n\"0\",\"c; d\"\n", b','),
            ("4,\"a; b\"\n0,\"c; d\"\n", b','),
            ("1,\"never closed", b','),
        ] {
            assert_eq!(by_shape(text, true, 2).unwrap(), expected, "{text}");
        }
        let error = by_shape("a, b\tpos\nc, d\tneg\n", true, 2).unwrap_err();
        assert!(error.starts_with(r"it could be separated by ',' or '\t': "), "{error}");
    }
}
