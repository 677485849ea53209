//! What a cell writes, cut into pieces that Jupyter knows.
//!
//! The bytes of standard output are text, except for blocks that stand between
//! `EVCXR_BEGIN_CONTENT <MIME type>` and `EVCXR_END_CONTENT`, which are shown as what they are, and
//! for evcxr's own marks, which carry the kernel's token, so that no cell can print one by accident.

/// A block of more bytes than this would take the browser down.
const LARGEST_BLOCK: usize = 16 << 20;

/// No error has a text of more bytes.
const LARGEST_FAILURE: usize = 1 << 20;

/// A piece of a cell's output.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text, not necessarily whole lines.
    Text(String),
    /// A thing of this MIME type.
    Content(String, String),
    /// A mark for evcxr, without the token.
    Mark(String),
}

const BEGIN: &str = "EVCXR_BEGIN_CONTENT ";
const END: &str = "EVCXR_END_CONTENT";

/// Cuts one stream of bytes.
pub struct Cutter {
    token: String,
    /// What has come and is not decided yet.
    bytes: Vec<u8>,
    /// The block that these begin with does not end before this place.
    scanned: usize,
}

impl Cutter {
    /// Marks begin with this token.
    pub fn new(token: String) -> Cutter {
        Cutter { token, bytes: Vec::new(), scanned: 0 }
    }

    /// Takes bytes, and gives the pieces that are whole.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.bytes.extend(bytes);
        self.pieces(false)
    }

    /// Gives what is left, when nothing more can come.
    pub fn finish(&mut self) -> Vec<Piece> {
        self.pieces(true)
    }

    fn pieces(&mut self, last: bool) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while let Some(piece) = self.next(last) {
            add(&mut pieces, piece);
        }
        pieces
    }

    fn next(&mut self, last: bool) -> Option<Piece> {
        let is_special = self.starts().iter().any(|start| self.bytes.starts_with(start));
        let mut text = if is_special { Some(0) } else { self.next_special(0) };
        if is_special {
            match self.special() {
                Special::Whole(piece, length) => {
                    self.take(length);
                    return Some(piece);
                }
                Special::Unfinished if !last && self.bytes.len() < LARGEST_BLOCK => return None,
                Special::Unfinished => text = self.next_special(1),
            }
        }
        let length = match text {
            Some(length) => length,
            None if last => self.bytes.len(),
            None => whole(&self.bytes[..self.bytes.len() - self.begun()]),
        };
        let text = self.take(length);
        (!text.is_empty()).then(|| Piece::Text(String::from_utf8_lossy(&text).into_owned()))
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        self.scanned = 0;
        self.bytes.drain(..length).collect()
    }

    fn starts(&self) -> [&[u8]; 2] {
        [self.token.as_bytes(), BEGIN.as_bytes()]
    }

    /// Where the next mark or block begins: the text before it need not end in a newline.
    fn next_special(&self, from: usize) -> Option<usize> {
        let bytes = self.bytes.get(from..)?;
        let found = self.starts().into_iter().filter_map(|start| position(bytes, start));
        found.min().map(|found| from + found)
    }

    /// How many bytes at the end may be the beginning of a mark or a block.
    fn begun(&self) -> usize {
        let ends = |start: &&[u8]| {
            (1..start.len()).rev().find(|count| self.bytes.ends_with(&start[..*count])).unwrap_or(0)
        };
        self.starts().iter().map(ends).max().unwrap_or(0)
    }

    fn special(&mut self) -> Special {
        let Some(end) = position(&self.bytes, b"\n") else { return Special::Unfinished };
        let line = String::from_utf8_lossy(&self.bytes[..end]).into_owned();
        if let Some(mark) = line.strip_prefix(self.token.as_str()) {
            return Special::Whole(Piece::Mark(mark.to_owned()), end + 1);
        }
        // The end stands on a line of its own; the block itself may be empty.
        let mark = format!("\n{END}\n");
        let from = self.scanned.max(end);
        let Some(found) = position(&self.bytes[from..], mark.as_bytes()) else {
            self.scanned = self.bytes.len().saturating_sub(mark.len());
            return Special::Unfinished;
        };
        let (rest, length) = (&self.bytes[end..], from + found - end);
        let content = String::from_utf8_lossy(rest.get(1..length).unwrap_or_default());
        let mime = line[BEGIN.len()..].trim().to_owned();
        let piece = Piece::Content(mime, content.into_owned());
        Special::Whole(piece, end + length + END.len() + 2)
    }
}

/// Cuts the bytes of standard error, in which a failed `?` stands between two control characters.
#[derive(Default)]
pub struct ErrorCutter {
    bytes: Vec<u8>,
}

/// A piece of standard error.
#[derive(Clone, Debug, PartialEq)]
pub enum ErrorPiece {
    /// Text, not necessarily whole lines.
    Text(String),
    /// The error of a `?`.
    Failure(String),
}

impl ErrorCutter {
    /// Takes bytes, and gives the pieces that are whole; all that is left, if nothing more can come.
    pub fn push(&mut self, bytes: &[u8], last: bool) -> Vec<ErrorPiece> {
        const BEGIN: u8 = 2;
        const END: &[u8] = b"\x03\n";
        self.bytes.extend(bytes);
        let mut pieces = Vec::new();
        let mut add = |bytes: Vec<u8>, piece: fn(String) -> ErrorPiece| {
            if !bytes.is_empty() {
                pieces.push(piece(String::from_utf8_lossy(&bytes).into_owned()));
            }
        };
        while let Some(begin) = position(&self.bytes, &[BEGIN]) {
            add(self.bytes.drain(..begin).collect(), ErrorPiece::Text);
            match position(&self.bytes, END) {
                Some(end) => {
                    add(self.bytes.drain(..end).skip(1).collect(), ErrorPiece::Failure);
                    self.bytes.drain(..END.len());
                }
                // Something else that begins with that character.
                None if last || self.bytes.len() > LARGEST_FAILURE => {
                    add(self.bytes.drain(..).collect(), ErrorPiece::Text);
                }
                None => return pieces,
            }
        }
        let length = if last { self.bytes.len() } else { whole(&self.bytes) };
        add(self.bytes.drain(..length).collect(), ErrorPiece::Text);
        pieces
    }
}

enum Special {
    /// The piece, and how many bytes it takes.
    Whole(Piece, usize),
    Unfinished,
}

fn add(pieces: &mut Vec<Piece>, piece: Piece) {
    match (pieces.last_mut(), piece) {
        (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
        (_, piece) => pieces.push(piece),
    }
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut start = 0;
    while let Some(found) = bytes[start..].iter().position(|byte| *byte == first) {
        start += found;
        if bytes[start..].starts_with(wanted) {
            return Some(start);
        }
        start += 1;
    }
    None
}

/// How many bytes there are without a character at the end that has only begun.
fn whole(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(4);
    match std::str::from_utf8(&bytes[tail..]) {
        Err(error) if error.error_len().is_none() => tail + error.valid_up_to(),
        // The four bytes may begin inside a character: look again without the ones before.
        Err(_) => (tail..bytes.len())
            .find_map(|start| match std::str::from_utf8(&bytes[start..]) {
                Ok(_) => Some(bytes.len()),
                Err(error) if error.error_len().is_none() => Some(start + error.valid_up_to()),
                Err(_) => None,
            })
            .unwrap_or(bytes.len()),
        Ok(_) => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    fn cut(bytes: &[u8]) -> Vec<Piece> {
        let mut cutter = Cutter::new("\u{2}t:".to_owned());
        let mut pieces = cutter.push(bytes);
        cutter.finish().into_iter().for_each(|piece| add(&mut pieces, piece));
        // The same, byte by byte: no cut may matter.
        let mut single = Vec::new();
        bytes.iter().for_each(|byte| {
            cutter.push(&[*byte]).into_iter().for_each(|piece| add(&mut single, piece));
        });
        cutter.finish().into_iter().for_each(|piece| add(&mut single, piece));
        assert_eq!(single, pieces);
        pieces
    }

    #[test]
    fn text_comes_as_it_is_written() {
        assert_eq!(cut(b"loading ... "), [text("loading ... ")]);
        assert_eq!(cut("a\nü€😀\n".as_bytes()), [text("a\nü€😀\n")]);
        assert_eq!(cut(b"caf\xe9 \xff\n"), [text("caf\u{fffd} \u{fffd}\n")]);
        let mut cutter = Cutter::new("t".to_owned());
        assert_eq!(cutter.push(b"50 %\r"), [text("50 %\r")], "at once");
    }

    #[test]
    fn blocks_and_marks_stand_out() {
        let block = "a\nEVCXR_BEGIN_CONTENT text/html\n<b>\nx</b>\nEVCXR_END_CONTENT\nb\n";
        let content = Piece::Content("text/html".to_owned(), "<b>\nx</b>".to_owned());
        assert_eq!(cut(block.as_bytes()), [text("a\n"), content, text("b\n")]);
        let mark = Piece::Mark("EVCXR_ERROR_OCCURRED".to_owned());
        assert_eq!(cut(b"\x02t:EVCXR_ERROR_OCCURRED\nb"), [mark.clone(), text("b")]);
        assert_eq!(cut(b"print\x02t:EVCXR_ERROR_OCCURRED\n"), [text("print"), mark]);
        let empty = b"EVCXR_BEGIN_CONTENT text/plain\n\nEVCXR_END_CONTENT\n";
        assert_eq!(cut(empty), [Piece::Content("text/plain".to_owned(), String::new())]);
    }

    #[test]
    fn a_failed_question_mark_is_told_from_other_text() {
        let bytes = b"warning\n\x02no file: \"x\"\nremedy\x03\nafter\x02";
        let wanted = [
            ErrorPiece::Text("warning\n".to_owned()),
            ErrorPiece::Failure("no file: \"x\"\nremedy".to_owned()),
            ErrorPiece::Text("after".to_owned()),
        ];
        let mut cutter = ErrorCutter::default();
        assert_eq!(cutter.push(bytes, false), wanted);
        assert_eq!(cutter.push(b"", true), [ErrorPiece::Text("\u{2}".to_owned())]);
        let single: Vec<_> = bytes.iter().flat_map(|byte| cutter.push(&[*byte], false)).collect();
        assert!(single.contains(&wanted[1]), "{single:?}");
        let endless = [&b"\x02"[..], &[b'x'; LARGEST_FAILURE]].concat();
        assert_eq!(ErrorCutter::default().push(&endless, false).len(), 1, "it does not wait");
    }

    #[test]
    fn a_large_block_is_looked_through_once() {
        let mut cutter = Cutter::new("\u{2}t:".to_owned());
        assert_eq!(cutter.push(b"EVCXR_BEGIN_CONTENT text/html\n"), []);
        for count in 1..=40 {
            assert_eq!(cutter.push(&[b'x'; 1000]), []);
            assert!(cutter.scanned > 1000 * (count - 1), "{}", cutter.scanned);
        }
        let content = "x".repeat(40_000);
        let pieces = cutter.push(b"\nEVCXR_END_CONTENT\nafter");
        assert!(pieces == [Piece::Content("text/html".to_owned(), content), text("after")]);
    }

    #[test]
    fn what_only_looks_like_a_mark_is_text() {
        for printed in [
            "EVCXR_EXECUTION_COMPLETE\n",
            "EVCXR_PANIC_NOTIFICATION\n",
            "EVCXR_BEGIN_CONTENT text/html\nnever ended\n",
            "x EVCXR_BEGIN_CONTENT text/html\n\u{2}",
            "EVCXR_END_CONTENT\n",
            "EVC",
        ] {
            assert_eq!(cut(printed.as_bytes()), [text(printed)]);
        }
    }
}
