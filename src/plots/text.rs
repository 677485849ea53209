//! How much room a text takes, and what of it fits.

/// About how wide a text is in a sans-serif font, in the unit of its size. The reader's font isn't
/// known: letters are taken as wide as in DejaVu Sans, one of the widest.
pub fn width(text: &str, size: f64) -> f64 {
    size * text.chars().map(width_of).sum::<f64>()
}

/// In the font's size.
fn width_of(letter: char) -> f64 {
    match letter {
        // Accents on the letter before take no room, but a million of them must not fit.
        '\u{300}'..='\u{36f}' => 0.1,
        'f' | 'i' | 'j' | 'l' | 'r' | 't' | 'I' | ' '..='"' | '\'' | '('..=')' => 0.4,
        ','..='.' | ':'..=';' | '['..=']' | '|' => 0.4,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.96,
        'A'..='Z' => 0.73,
        '\u{1100}'.. => 1.0, // Chinese, Japanese, Korean, symbols
        _ => 0.63,
    }
}

/// The text, or as much of its beginning as fits, and an ellipsis.
pub fn shortened(text: &str, size: f64, room: f64) -> String {
    let mut end = 0.0;
    let mut start = String::new();
    for letter in text.chars() {
        end += size * width_of(letter);
        if end > room {
            while !start.is_empty() && width(&start, size) + size > room {
                start.pop();
            }
            return start.trim_end().to_owned() + "…";
        }
        start.push(letter);
    }
    start
}

/// The text on at most so many lines, broken between words.
pub fn wrapped(text: &str, size: f64, room: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let is_last = lines.len() == most;
        let left = room - size - width(word, size);
        match lines.last_mut().filter(|line| is_last || width(line, size) <= left) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| shortened(line, size, room)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_does_not_fit_ends_in_an_ellipsis() {
        assert_eq!(shortened("good", 10.0, 100.0), "good");
        assert_eq!(shortened("a very good film", 10.0, 60.0), "a very go…");
        assert_eq!(shortened("电影评论", 10.0, 35.0), "电影…");
        assert!(shortened(&"\u{301}".repeat(1000), 10.0, 60.0).len() < 150);
        for text in ["word", "", "\u{301}\u{301}"] {
            assert!(width(&shortened(text, 10.0, 5.0), 10.0) <= 10.0);
        }
    }

    #[test]
    fn a_long_text_takes_some_lines_and_no_more() {
        let text = "one two three four five six seven";
        assert_eq!(wrapped(text, 10.0, 60.0, 9)[..2], ["one two", "three four"]);
        let two = wrapped(text, 10.0, 60.0, 2);
        assert!(two.len() == 2 && two[1].ends_with('…'), "{two:?}");
        assert_eq!(wrapped(" ", 10.0, 60.0, 2), [""; 0]);
    }
}
