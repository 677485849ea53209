//! The bytes of a file as text, whatever program has written it.

use super::quote::quote;
use crate::error::{Error, Result};
use std::fs;
use std::path::Path;

/// How bytes stand for characters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    /// What Excel calls "CSV" on a Windows of Western Europe or America.
    Windows1252,
    Latin1,
}

/// The names that are understood, those of Python among them.
const NAMES: [(&str, Encoding); 9] = [
    ("utf-8", Encoding::Utf8),
    ("utf-8-sig", Encoding::Utf8),
    ("utf-16", Encoding::Utf16Le),
    ("utf-16le", Encoding::Utf16Le),
    ("utf-16be", Encoding::Utf16Be),
    ("windows-1252", Encoding::Windows1252),
    ("cp1252", Encoding::Windows1252),
    ("latin1", Encoding::Latin1),
    ("iso-8859-1", Encoding::Latin1),
];

/// The characters of the bytes 0x80 to 0x9F in Windows-1252, the rest of which is Latin-1
/// (<https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WINDOWS/CP1252.TXT>). Five stand for
/// nothing.
#[rustfmt::skip]
const WINDOWS_1252: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0',
    '\0', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

impl Encoding {
    fn named(name: &str) -> Result<Encoding> {
        let plain = |name: &str| name.to_ascii_lowercase().replace(['-', '_', ' '], "");
        let known = NAMES.iter().find(|(known, _)| plain(known) == plain(name));
        known.map(|(_, encoding)| *encoding).ok_or_else(|| {
            let names = NAMES.map(|(name, _)| name).join(", ");
            Error::argument("encoding", name, format!("known are {names}"))
        })
    }

    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, encoding)| *encoding == self).map_or("", |(name, _)| name)
    }
}

/// The text of a file and its encoding: the one that a byte order mark names, else the given one,
/// else UTF-8.
pub fn read(path: &Path, encoding: Option<&str>) -> Result<(String, Encoding)> {
    let given = encoding.map(Encoding::named).transpose()?;
    let unreadable = |error: std::io::Error| Error::file(path, error);
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Error::file(path, "not a file"));
    }
    decode(fs::read(path).map_err(unreadable)?, given).map_err(|fault| Error::file(path, fault))
}

fn decode(
    bytes: Vec<u8>,
    given: Option<Encoding>,
) -> std::result::Result<(String, Encoding), String> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\x1f\x8b") {
        return Err("a packed file, or one of Excel: unpack it, or save it as CSV".to_owned());
    }
    let marked = match bytes[..] {
        [0xEF, 0xBB, 0xBF, ..] => Some(Encoding::Utf8),
        [0xFF, 0xFE, ..] => Some(Encoding::Utf16Le),
        [0xFE, 0xFF, ..] => Some(Encoding::Utf16Be),
        _ => None,
    };
    let encoding = marked.or(given).unwrap_or(Encoding::Utf8);
    let mut text = match encoding {
        Encoding::Utf8 => utf8(bytes)?,
        Encoding::Utf16Le => utf16(&bytes, u16::from_le_bytes)?,
        Encoding::Utf16Be => utf16(&bytes, u16::from_be_bytes)?,
        Encoding::Windows1252 => windows_1252(&bytes)?,
        Encoding::Latin1 => bytes.iter().map(|&byte| char::from(byte)).collect(),
    };
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    if text.split(['\n', '\r']).next().is_some_and(|line| line.contains('\0')) {
        let remedy = "save the file as UTF-8, or name its encoding (\"utf-16le\", \"utf-16be\")";
        return Err(format!("line 1 holds NUL characters, as UTF-16 or a picture has: {remedy}"));
    }
    Ok((text, encoding))
}

fn utf8(bytes: Vec<u8>) -> std::result::Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let start =
            bytes[..at].iter().rposition(|byte| b"\n\r".contains(byte)).map_or(0, |i| i + 1);
        let around = bytes[at.saturating_sub(20).max(start)..].iter().take(40);
        let reads: String = around.map_while(|&byte| windows_character(byte)).collect();
        format!(
            "line {}, byte {} (0x{:02X}): not UTF-8. If {} reads right, the encoding is \
             \"windows-1252\" (see CsvOptions); else save the file as UTF-8",
            line_ends(&bytes[..at]) + 1,
            at - start + 1,
            bytes[at],
            quote(reads.lines().next().unwrap_or_default())
        )
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> std::result::Result<String, String> {
    let (pairs, rest) = bytes.as_chunks();
    let mut text = String::with_capacity(bytes.len());
    let broken = |text: &str| {
        let line = line_ends(text.as_bytes()) + 1;
        format!("line {line}: half a character, so not UTF-16, or damaged: save it as UTF-8")
    };
    for character in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        text.push(character.map_err(|_| broken(&text))?);
    }
    if rest.is_empty() { Ok(text) } else { Err(broken(&text)) }
}

fn windows_1252(bytes: &[u8]) -> std::result::Result<String, String> {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        text.push(windows_character(byte).ok_or_else(|| {
            let line = line_ends(text.as_bytes()) + 1;
            format!("line {line}: byte 0x{byte:02X} is no character of windows-1252")
        })?);
    }
    Ok(text)
}

fn windows_character(byte: u8) -> Option<char> {
    match byte {
        0x80..0xA0 => Some(WINDOWS_1252[usize::from(byte) - 0x80]).filter(|&char| char != '\0'),
        _ => Some(char::from(byte)),
    }
}

/// How many lines end in these bytes: by a line feed, a carriage return, or both.
pub fn line_ends(bytes: &[u8]) -> usize {
    let ends = |(at, &byte): (usize, &u8)| {
        byte == b'\n' || (byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
    };
    bytes.iter().enumerate().filter(|&byte| ends(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "text,label\nEin schöner Film – 5 €,1\n";

    fn utf16_bytes(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn a_byte_order_mark_decides() {
        let marked = format!("\u{feff}{TEXT}");
        for (bytes, expected) in [
            (TEXT.into(), Encoding::Utf8),
            (marked.clone().into_bytes(), Encoding::Utf8),
            (utf16_bytes(&marked, u16::to_le_bytes), Encoding::Utf16Le),
            (utf16_bytes(&marked, u16::to_be_bytes), Encoding::Utf16Be),
        ] {
            for given in [None, Some(Encoding::Utf8)] {
                let (text, encoding) = decode(bytes.clone(), given).unwrap();
                assert_eq!((text.as_str(), encoding), (TEXT, expected));
            }
        }
        // Only the file's own mark goes.
        assert_eq!(decode("\u{feff}\u{feff}a".into(), None).unwrap().0, "\u{feff}a");
    }

    #[test]
    fn the_named_encodings_are_read() {
        let western = b"Ein sch\xF6ner Film \x96 5 \x80".to_vec();
        let read = |name: &str, bytes| decode(bytes, Some(Encoding::named(name).unwrap()));
        let text = read("CP1252", western.clone()).unwrap().0;
        assert_eq!(text, "Ein schöner Film – 5 €");
        let text = read("iso-8859-1", western).unwrap().0;
        assert_eq!(text, "Ein schöner Film \u{96} 5 \u{80}");
        let text = read("UTF-16", utf16_bytes(TEXT, u16::to_le_bytes)).unwrap().0;
        assert_eq!(text, TEXT);
        let error = Encoding::named("utf-7").unwrap_err().to_string();
        assert!(error.starts_with("encoding = utf-7: known are utf-8, "), "{error}");
    }

    #[test]
    fn what_is_no_text_is_named_with_its_line_and_the_remedy() {
        let cases: [(Vec<u8>, Option<Encoding>, &str); 8] = [
            (b"text\r\nein sch\xF6ner Film,1".to_vec(), None, "line 2, byte 8 (0xF6): not UTF-8"),
            (b"text\r\nein sch\xF6ner Film,1".to_vec(), None, "\"ein schöner Film,1\""),
            (b"a\nb\x81".to_vec(), Some(Encoding::Windows1252), "line 2: byte 0x81"),
            (b"\xFF\xFEa\0\n\0\0\xD8b\0".to_vec(), None, "line 2: half a character"),
            (b"\xFF\xFEa\0b".to_vec(), None, "line 1: half a character"),
            (utf16_bytes("text,label\n", u16::to_be_bytes), None, "utf-16be"),
            (b"PK\x03\x04...".to_vec(), None, "save it as CSV"),
            (b"\xFF\xFE\0\0t\0\0\0".to_vec(), None, "line 1 holds NUL"),
        ];
        for (bytes, encoding, complaint) in cases {
            let error = decode(bytes, encoding).unwrap_err();
            assert!(error.contains(complaint), "{complaint}: {error}");
        }
    }
}
