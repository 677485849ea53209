//! The entries of a zip archive whose contents are stored as they are, which is how PyTorch writes
//! them (APPNOTE.TXT 4.3).

use std::collections::HashMap;

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const CONTENT: &[u8] = b"PK\x03\x04";
/// The end is followed by a comment, at most.
const LONGEST_COMMENT: usize = 1 << 16;

/// The contents by their names; None for what is no zip archive.
///
/// # Errors
/// An archive that is damaged, compressed, or larger than four gigabytes.
pub fn entries(file: &[u8]) -> Result<Option<HashMap<String, &[u8]>>, String> {
    if !file.starts_with(CONTENT) {
        return Ok(None);
    }
    let damaged = || "the archive is not whole".to_owned();
    let tail = file.len().saturating_sub(LONGEST_COMMENT + 22);
    let end = file[tail..].windows(4).rposition(|window| window == END).ok_or_else(damaged)? + tail;
    let count = number(file, end + 10, 2).ok_or_else(damaged)?;
    let mut place = number(file, end + 16, 4).ok_or_else(damaged)?;
    if place == 0xffff_ffff || count == 0xffff {
        return Err("an archive of more than four gigabytes: take one in several files".to_owned());
    }
    let mut entries = HashMap::new();
    for _ in 0..count {
        let entry = entry(file, place).ok_or_else(damaged)?;
        place = entry.next;
        entries.insert(entry.name, entry.content?);
    }
    Ok(Some(entries))
}

struct Entry<'a> {
    name: String,
    content: Result<&'a [u8], String>,
    next: usize,
}

fn entry(file: &[u8], place: usize) -> Option<Entry<'_>> {
    if file.get(place..place + 4)? != ENTRY {
        return None;
    }
    let (method, size) = (number(file, place + 10, 2)?, number(file, place + 20, 4)?);
    let lengths = [28, 30, 32].map(|at| number(file, place + at, 2));
    let [name, extra, comment] = lengths;
    let (name, rest) = (name?, extra?.checked_add(comment?)?);
    let local = number(file, place + 42, 4)?;
    if file.get(local..local + 4)? != CONTENT {
        return None;
    }
    let begin = local + 30 + number(file, local + 26, 2)? + number(file, local + 28, 2)?;
    let text = file.get(place + 46..place + 46 + name)?;
    let content = match method {
        0 => Ok(file.get(begin..begin.checked_add(size)?)?),
        _ => Err("its contents are compressed, which torch.save does not do".to_owned()),
    };
    let name = String::from_utf8_lossy(text).into_owned();
    Some(Entry { next: place + 46 + name.len() + rest, name, content })
}

/// A little-endian number of so many bytes.
fn number(file: &[u8], place: usize, bytes: usize) -> Option<usize> {
    let bytes = file.get(place..place.checked_add(bytes)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}
