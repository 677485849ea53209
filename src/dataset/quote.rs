//! Somebody's texts in messages: on one line, and cut where they are long.

use crate::display::visible;

/// The characters of a value that a message shows.
const SHORT: usize = 60;
/// The values of a list that a message shows.
const FEW: usize = 20;

/// The beginning of a text, marked where it is cut.
pub fn excerpt(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

/// A value in quotes.
pub fn quote(text: &str) -> String {
    format!("{:?}", excerpt(text, SHORT))
}

/// Names with commas between them.
pub fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let mut names = names.into_iter();
    let line = |name: S| visible(&excerpt(name.as_ref(), SHORT).replace(['\n', '\r'], " ")).into();
    let mut shown: Vec<String> = names.by_ref().take(FEW).map(line).collect();
    match names.count() {
        0 => {}
        more => shown.push(format!("and {more} more")),
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(excerpt("short", 5), "short");
        assert_eq!(excerpt(&"\u{1f600}".repeat(200), 160), "\u{1f600}".repeat(160) + " …");
        assert_eq!(quote("a \"b\"\nc"), r#""a \"b\"\nc""#);
        assert_eq!(quote(&"x".repeat(1000)).chars().count(), SHORT + 4);
    }

    #[test]
    fn a_list_is_one_short_line() {
        assert_eq!(list(["label", "re\nview"]), "label, re view");
        let many = list((0..77).map(|i| i.to_string()));
        assert!(many.ends_with("18, 19, and 57 more"), "{many}");
    }
}
