//! Somebody's texts on a page or in a terminal, whatever they hold.

use super::thousands;
use std::borrow::Cow;

/// The text with its control characters written out, `\u{1b}`: a terminal would take some for commands,
/// and those of the direction of writing would turn what stands around the text. Lines stay lines.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_command) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for letter in text.replace("\r\n", "\n").chars() {
        match is_command(letter) {
            true => shown.extend(letter.escape_unicode()),
            false => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

fn is_command(letter: char) -> bool {
    let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || letter.is_control() && !matches!(letter, '\n' | '\t')
}

/// The beginning of a text that is too long to be shown, and how long it is.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let (shown, all) = (thousands(most), thousands(text.chars().count()));
            Cow::Owned(format!("{} … (the first {shown} of {all} characters)", &text[..end]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_to_a_terminal_become_text() {
        assert_eq!(visible("a\u{1b}[31mb\u{7}\r\nc\td"), "a\\u{1b}[31mb\\u{7}\nc\td");
        assert_eq!(visible("over\rwritten \u{9b}2J"), "over\\u{d}written \\u{9b}2J");
        assert_eq!(visible("\u{202e}live\u{2069}"), "\\u{202e}live\\u{2069}");
        // Letters that are written from right to left, and marks, stay.
        assert!(matches!(visible("سلام \u{200f}!"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_long_text_is_cut_with_a_word_about_it() {
        let cut = cut(&"é".repeat(1_000_000), 10).into_owned();
        assert_eq!(cut, format!("{} … (the first 10 of 1,000,000 characters)", "é".repeat(10)));
        assert_eq!(super::cut("short", 5), "short");
    }
}
