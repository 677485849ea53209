//! A part of a file as text: what has been read and not used yet.

use crate::dataset::decode::{NUL, line_ends};
use crate::dataset::no_text::{TELLING, no_text};
use crate::dataset::records::{Record, RecordEnd, Records};
use crate::error::{Error, Result};
use std::fmt;
use std::io::{ErrorKind, Read};
use std::path::PathBuf;

/// Bytes that are read at once.
const BLOCK: usize = 1 << 16;
/// The bytes of the largest text.
const LARGEST: usize = 1 << 26;

/// What has been read of a file and not used yet.
pub struct Source {
    input: Box<dyn Read + Send>,
    name: PathBuf,
    text: String,
    /// Where the rest of the text begins, and in which line, from 1.
    at: usize,
    line: usize,
    /// The first bytes of a character that has not been read to its end.
    partial: Vec<u8>,
    end: Option<End>,
}

/// What comes behind the text that has been read.
#[derive(Clone, Copy)]
enum End {
    Nothing,
    /// A byte that is no part of UTF-8.
    NoText(u8),
}

impl Source {
    pub fn new(input: Box<dyn Read + Send>, name: &str) -> Source {
        let (name, text, partial) = (name.into(), String::new(), Vec::new());
        Source { input, name, text, at: 0, line: 1, partial, end: None }
    }

    pub fn refuse(&self, fault: &str) -> Error {
        Error::file(&self.name, fault)
    }

    /// The first record, whatever separates its fields, or a block of it. No more is waited for.
    pub fn first_record(&mut self, quotes: bool) -> Result<&str> {
        let end = loop {
            match first_end(self.rest(), quotes) {
                Some(end) => break end,
                None if self.end.is_some() || self.rest().len() >= BLOCK => {
                    break self.rest().len();
                }
                None => self.read()?,
            }
        };
        self.check_first(self.rest().split(['\n', '\r']).next().unwrap_or_default())?;
        Ok(&self.rest()[..end])
    }

    /// The first block, or all there is.
    pub fn first_block(&mut self) -> Result<&str> {
        while self.end.is_none() && self.rest().len() < BLOCK {
            self.read()?;
        }
        Ok(self.rest())
    }

    /// The next line without its end.
    pub fn line(&mut self) -> Result<Option<String>> {
        let mut searched = 0;
        loop {
            let rest = self.rest();
            let found = rest[searched..].find('\n').map(|end| searched + end);
            let line = match (found, self.end) {
                (Some(end), _) => rest[..end].strip_suffix('\r').unwrap_or(&rest[..end]).to_owned(),
                (None, Some(End::NoText(byte))) => return Err(self.not_utf8(byte)),
                (None, Some(End::Nothing)) if rest.is_empty() => return Ok(None),
                (None, Some(End::Nothing)) => rest.to_owned(),
                (None, None) if rest.len() > LARGEST => return Err(self.too_large()),
                (None, None) => {
                    searched = rest.len();
                    self.read()?;
                    continue;
                }
            };
            self.check_first(&line)?;
            self.at += found.map_or(rest.len(), |end| end + 1);
            self.line += 1;
            return Ok(Some(line));
        }
    }

    /// What `take` makes of the next record of a CSV file, which is then `used`, or stays to be read
    /// again. The separator, and whether quotes are more than letters, come first.
    pub fn record<T>(
        &mut self,
        (separator, quotes): (u8, bool),
        used: bool,
        take: impl FnOnce(Record<'_>) -> std::result::Result<T, String>,
    ) -> Result<Option<T>> {
        let mut record_end = RecordEnd::new(separator, quotes);
        loop {
            let rest = self.rest();
            let end = match (record_end.find(rest), self.end) {
                (Some(end), _) => end,
                (None, Some(End::NoText(byte))) => return Err(self.not_utf8(byte)),
                (None, Some(End::Nothing)) if rest.is_empty() => return Ok(None),
                (None, None) if rest.len() <= LARGEST => {
                    self.read()?;
                    continue;
                }
                (None, _) => rest.len(),
            };
            let mut records = Records::new(&rest[..end], separator, quotes).at_line(self.line);
            let record = records.next();
            let (_, line) = records.position();
            match record {
                Some(Err(fault)) => return Err(self.refuse(&fault)),
                Some(Ok(_)) if end > LARGEST => return Err(self.too_large()),
                Some(Ok(record)) => {
                    let taken = take(record).map_err(|fault| self.refuse(&fault))?;
                    if used {
                        (self.at, self.line) = (self.at + end, line);
                    }
                    return Ok(Some(taken));
                }
                // A blank line.
                None => {
                    (self.at, self.line) = (self.at + end, line);
                    record_end = RecordEnd::new(separator, quotes);
                }
            }
        }
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Reads what there is, a block at most.
    fn read(&mut self) -> Result<()> {
        self.text.drain(..self.at);
        self.at = 0;
        let is_first = self.line == 1 && self.text.is_empty();
        let mut bytes = std::mem::take(&mut self.partial);
        let read = loop {
            let read = self.read_behind(&mut bytes)?;
            // No text is shorter than its line.
            if !is_first || read == 0 || bytes.len() >= TELLING || bytes.contains(&b'\n') {
                break read;
            }
        };
        if let Some(remedy) = no_text(&bytes).filter(|_| is_first) {
            return Err(self.refuse(remedy));
        }
        let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        self.text.push_str(valid);
        if is_first && self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
        let behind = &bytes[valid.len()..];
        self.end = match (std::str::from_utf8(behind), behind.first()) {
            (Err(error), Some(byte)) if read == 0 || error.error_len().is_some() => {
                Some(End::NoText(*byte))
            }
            _ => (read == 0).then_some(End::Nothing),
        };
        self.partial = behind.to_owned();
        Ok(())
    }

    /// How many bytes there were to read.
    fn read_behind(&mut self, bytes: &mut Vec<u8>) -> Result<usize> {
        let known = bytes.len();
        bytes.resize(known + BLOCK, 0);
        let read = loop {
            match self.input.read(&mut bytes[known..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let read = read.map_err(|error| Error::file(&self.name, error))?;
        bytes.truncate(known + read);
        Ok(read)
    }

    /// UTF-16 without a mark, and other files that are no text, are known by their first line.
    fn check_first(&self, line: &str) -> Result<()> {
        if self.line == 1 && line.contains('\0') { Err(self.refuse(NUL)) } else { Ok(()) }
    }

    fn not_utf8(&self, byte: u8) -> Error {
        let rest = self.rest();
        let start = rest.rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let line = self.line + line_ends(rest.as_bytes());
        let remedy = match (line, &rest[start..], byte) {
            (1, "", 0xFE | 0xFF) => "this is UTF-16: convert it, iconv -f utf-16 -t utf-8",
            _ => "if it comes from Windows, convert it: iconv -f windows-1252 -t utf-8",
        };
        let place = rest.len() - start + 1;
        self.refuse(&format!("line {line}, byte {place} (0x{byte:02X}) is not UTF-8; {remedy}"))
    }

    fn too_large(&self) -> Error {
        let (line, megabytes) = (self.line, LARGEST >> 20);
        self.refuse(&format!(
            "line {line} begins a text of more than {megabytes} MB: no model reads that much, cut it"
        ))
    }
}

/// The end of the first line that is not blank and has all its quotes closed.
fn first_end(text: &str, quotes: bool) -> Option<usize> {
    let mut is_open = false;
    let end = text.bytes().enumerate().position(|(at, byte)| {
        is_open ^= quotes && byte == b'"';
        !is_open && matches!(byte, b'\n' | b'\r') && !text[..at].trim().is_empty()
    })?;
    Some(end + 1)
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).field("line", &self.line).finish()
    }
}
