//! The bytes of a file as text, whatever program has written it.

use super::no_text::no_text;
use super::quote::quote;
use crate::error::{Error, Result};
use crate::files::NO_TILDE;
use std::fs;
use std::io::ErrorKind;
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
            let remedy =
                format!("known are {names}; convert a file of another one, {}", convert(name));
            Error::argument("encoding", name, remedy)
        })
    }

    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, encoding)| *encoding == self).map_or("", |(name, _)| name)
    }
}

/// The command for a file in an encoding that is not known here.
fn convert(encoding: &str) -> String {
    format!("iconv -f {encoding} -t UTF-8 OLD > NEW")
}

/// What is wrong with a file that has such characters in its first line.
pub const NUL: &str =
    "line 1 holds NUL characters, as UTF-16 or a picture has: save the file as UTF-8";

const NUL_OPTION: &str = ", or name its encoding (\"utf-16le\", \"utf-16be\") in CsvOptions";

/// The text of a file and its encoding: the one that a byte order mark names, else the given one,
/// else UTF-8. None for a format that is always UTF-8 and has no option for it.
pub fn read(path: &Path, encoding: Option<Option<&str>>) -> Result<(String, Encoding)> {
    let given = encoding.flatten().map(Encoding::named).transpose()?;
    let unreadable = |error: std::io::Error| Error::file(path, unreadable(path, &error));
    let kind = fs::metadata(path).map_err(unreadable)?;
    if !kind.is_file() {
        let what = if kind.is_dir() { "a folder: name a file in it" } else { "not a file" };
        return Err(Error::file(path, what));
    }
    decode(fs::read(path).map_err(unreadable)?, given, encoding.is_some())
        .map_err(|fault| Error::file(path, fault))
}

/// Where a file was looked for that is not there.
fn unreadable(path: &Path, error: &std::io::Error) -> String {
    if error.kind() != ErrorKind::NotFound {
        return error.to_string();
    }
    let hint = if path.to_string_lossy().contains("://") {
        "; files are read from the disk: download it first".to_owned()
    } else if path.to_string_lossy().contains('\\') {
        "; folders are separated by /, not by a backslash".to_owned()
    } else if path.starts_with("~") {
        format!("; {NO_TILDE}")
    } else {
        String::new()
    };
    let here = std::env::current_dir().unwrap_or_default();
    format!("there is no such file (the notebook runs in {}){hint}", here.display())
}

fn decode(
    bytes: Vec<u8>,
    given: Option<Encoding>,
    has_option: bool,
) -> std::result::Result<(String, Encoding), String> {
    if let Some(remedy) = no_text(&bytes) {
        return Err(remedy.to_owned());
    }
    let marked = match bytes[..] {
        [0xEF, 0xBB, 0xBF, ..] => Some(Encoding::Utf8),
        [0xFF, 0xFE, ..] => Some(Encoding::Utf16Le),
        [0xFE, 0xFF, ..] => Some(Encoding::Utf16Be),
        _ => None,
    };
    let encoding = marked.or(given).unwrap_or(Encoding::Utf8);
    let option = if has_option { NUL_OPTION } else { "" };
    let is_end = |byte: &u8| b"\n\r".contains(byte);
    if encoding == Encoding::Utf8
        && bytes.split(is_end).next().is_some_and(|line| line.contains(&0))
    {
        return Err(format!("{NUL}{option}"));
    }
    let mut text = match encoding {
        Encoding::Utf8 => utf8(bytes, has_option)?,
        Encoding::Utf16Le => utf16(&bytes, u16::from_le_bytes)?,
        Encoding::Utf16Be => utf16(&bytes, u16::from_be_bytes)?,
        Encoding::Windows1252 => windows_1252(&bytes)?,
        Encoding::Latin1 => bytes.iter().map(|&byte| char::from(byte)).collect(),
    };
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    // The end of a file of DOS.
    text.truncate(text.trim_end_matches('\u{1a}').len());
    if text.split(['\n', '\r']).next().is_some_and(|line| line.contains('\0')) {
        return Err(format!("{NUL}{option}"));
    }
    if let Some(at) = text.find("\u{1b}$") {
        let line = line_ends(&text.as_bytes()[..at]) + 1;
        let convert = convert("ISO-2022-JP");
        return Err(format!("line {line} holds what begins Japanese in ISO-2022-JP: {convert}"));
    }
    Ok((text, encoding))
}

fn utf8(bytes: Vec<u8>, has_option: bool) -> std::result::Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let start =
            bytes[..at].iter().rposition(|byte| b"\n\r".contains(byte)).map_or(0, |i| i + 1);
        let around = bytes[at.saturating_sub(20).max(start)..].iter().take(40);
        let reads: String = around.map_while(|&byte| windows_character(byte)).collect();
        let western = match has_option {
            true => "set encoding: Some(\"windows-1252\".into()) in CsvOptions".to_owned(),
            false => convert("windows-1252"),
        };
        format!(
            "line {}, byte {} (0x{:02X}): not UTF-8. If {} reads right, {western}; else save the file \
             as UTF-8, or find out its encoding and convert it, from Windows-1251, say: {}",
            line_ends(&bytes[..at]) + 1,
            at - start + 1,
            bytes[at],
            quote(reads.lines().next().unwrap_or_default()),
            convert("windows-1251")
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
            format!("line {line}: byte 0x{byte:02X} is no character of windows-1252: name another encoding")
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
                let (text, encoding) = decode(bytes.clone(), given, true).unwrap();
                assert_eq!((text.as_str(), encoding), (TEXT, expected));
            }
        }
        // Only the file's own mark goes.
        assert_eq!(decode("\u{feff}\u{feff}a".into(), None, true).unwrap().0, "\u{feff}a");
    }

    #[test]
    fn the_named_encodings_are_read() {
        let western = b"Ein sch\xF6ner Film \x96 5 \x80".to_vec();
        let read = |name: &str, bytes| decode(bytes, Some(Encoding::named(name).unwrap()), true);
        let text = read("CP1252", western.clone()).unwrap().0;
        assert_eq!(text, "Ein schöner Film – 5 €");
        let text = read("iso-8859-1", western).unwrap().0;
        assert_eq!(text, "Ein schöner Film \u{96} 5 \u{80}");
        let text = read("UTF-16", utf16_bytes(TEXT, u16::to_le_bytes)).unwrap().0;
        assert_eq!(text, TEXT);
        let error = Encoding::named("utf-7").unwrap_err().to_string();
        assert!(error.starts_with("encoding = utf-7: known are utf-8, "), "{error}");
        assert!(error.ends_with("iconv -f utf-7 -t UTF-8 OLD > NEW"), "{error}");
    }

    #[test]
    fn what_is_no_text_is_named_with_its_line_and_the_remedy() {
        let cases: [(Vec<u8>, Option<Encoding>, &str); 16] = [
            (b"text\r\nein sch\xF6ner Film,1".to_vec(), None, "line 2, byte 8 (0xF6): not UTF-8"),
            (b"text\r\nein sch\xF6ner Film,1".to_vec(), None, "\"ein schöner Film,1\""),
            (b"a\nb\x81".to_vec(), Some(Encoding::Windows1252), "line 2: byte 0x81"),
            (b"\xFF\xFEa\0\n\0\0\xD8b\0".to_vec(), None, "line 2: half a character"),
            (b"\xFF\xFEa\0b".to_vec(), None, "line 1: half a character"),
            (utf16_bytes("text,label\n", u16::to_be_bytes), None, "utf-16be"),
            (b"PK\x03\x04...".to_vec(), None, "save the table as CSV"),
            (b"\x1F\x8B\x08".to_vec(), None, "a gzip file: unpack it"),
            (
                b"a,\xE4\xEE\xEC,0".to_vec(),
                None,
                "\"a,äîì,0\" reads right, set encoding: Some(\"windows-1252\"",
            ),
            (b"a,\xE4\xEE\xEC,0".to_vec(), None, "iconv -f windows-1251 -t UTF-8 OLD > NEW"),
            (b"a\n\x1b$B1G\x1b(B".to_vec(), None, "line 2 holds what begins Japanese"),
            (b"\xFF\xFE\0\0t\0\0\0".to_vec(), None, "line 1 holds NUL"),
            // Without a mark, and with a character that is no ASCII.
            (utf16_bytes("text,label\r\nschön,1\r\n", u16::to_le_bytes), None, "utf-16le"),
            (b"7z\xBC\xAF\x27".to_vec(), None, "a 7-Zip archive"),
            (b"ARROW1\0\0".to_vec(), None, "pandas.read_feather"),
            (b"{\\rtf1 text,label".to_vec(), None, "word processor"),
        ];
        for (bytes, encoding, complaint) in cases {
            let error = decode(bytes, encoding, true).unwrap_err();
            assert!(error.contains(complaint), "{complaint}: {error}");
        }
    }

    #[test]
    fn remedies_are_those_of_the_reader() {
        for bytes in [b"{\"text\": \"sch\xF6n\"}".to_vec(), b"{\0".to_vec()] {
            let error = decode(bytes.clone(), None, false).unwrap_err();
            assert!(!error.contains("CsvOptions") && error.contains("UTF-8"), "{error}");
            assert!(decode(bytes, None, true).unwrap_err().contains("CsvOptions"));
        }
        let address = Path::new("https://example.com/no.csv");
        assert!(read(address, None).unwrap_err().to_string().contains("download it first"));
        assert_eq!(decode(b"a,1\n\x1a".to_vec(), None, true).unwrap().0, "a,1\n");
        for path in ["no.csv", r"C:\Users\no.csv"] {
            let error = read(Path::new(path), None).unwrap_err().to_string();
            assert!(error.contains("there is no such file (the notebook runs in /"), "{error}");
            assert_eq!(error.contains("not by a backslash"), path.contains('\\'));
        }
    }
}
