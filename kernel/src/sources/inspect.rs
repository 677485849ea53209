//! What Shift+Tab shows of a word.

use super::docs::{self, Entry, SLICE, Scope};
use super::index::Index;
use super::markdown;
use super::word::Word;
use crate::workspace::CELLS;

/// An answer in three forms.
#[derive(Debug)]
pub struct Shown {
    /// For text/plain.
    pub plain: String,
    /// For text/markdown.
    pub markdown: String,
    /// For text/html.
    pub html: String,
}

impl Index {
    /// What is known about a word. `hover` is evcxr's own answer, the text/plain of an
    /// inspect_request with the cursor at the word's end; `own` is the code that the notebook ran;
    /// `types` knows the types of variables.
    pub fn inspect(
        &self,
        word: &Word,
        hover: Option<&str>,
        own: &str,
        types: &dyn Fn(&str) -> Option<String>,
    ) -> Option<Shown> {
        let receiver = word.receiver.as_ref().and_then(|name| types(name));
        let receiver = receiver.as_deref().map(base_of).map(number);
        let mut candidates = docs::entries(own, "", Scope::All);
        candidates.retain(|entry| entry.name == word.name);
        candidates.extend(self.named(&word.name));
        let mut rated: Vec<(i32, Entry)> = candidates
            .into_iter()
            .map(|entry| (rate(&entry, word, hover, receiver), entry))
            .filter(|(rate, _)| *rate > 0)
            .collect();
        // The sort keeps the order of the crates.
        rated.sort_by_key(|(rate, _)| -rate);
        // Where the sources are not trimmed, evcxr may know more.
        let says_more = |entry: &Entry| {
            entry.docs.is_empty() && hover.is_some_and(|hover| hover.contains("\n\n\n"))
        };
        let known = rated.first().is_some_and(|(rate, entry)| *rate >= SURE && !says_more(entry));
        match (rated.first(), hover) {
            (_, Some(hover)) if !known => Some(Shown::of_hover(hover)),
            (Some((best, entry)), _) => {
                let others = rated[1..].iter().filter(|(rate, _)| rate == best && *rate < SURE);
                Some(Shown::of_entry(entry, others.map(|(_, entry)| entry.path.as_str()).take(5)))
            }
            _ => {
                let kind = word.path.is_empty().then(|| types(&word.name))??;
                Some(Shown::of_hover(&format!("let {}: {kind}", word.name)))
            }
        }
    }
}

/// From here on an entry is what evcxr means.
const SURE: i32 = 36;

/// Whose methods are meant, most of the time, where nothing else is known.
const USUAL: [&str; 10] =
    ["Iterator", "Vec", SLICE, "String", "str", "Option", "Result", "HashMap", "i32", "Clone"];

/// A signature of more lines is shown last.
const LONG: usize = 6;

/// How well an entry fits; 0 if it doesn't.
fn rate(entry: &Entry, word: &Word, hover: Option<&str>, receiver: Option<&str>) -> i32 {
    let owner = entry.owner.as_deref();
    if entry.is_macro != word.is_macro || (word.is_member && owner.is_none()) {
        return 0;
    }
    if entry.signature.starts_with("keyword") || entry.signature.starts_with("primitive") {
        return if word.is_member || !word.path.is_empty() { 0 } else { SURE };
    }
    let is_function = entry.signature.contains("fn ");
    if is_function && owner.is_some() && !word.is_member && word.path.is_empty() {
        return 0;
    }
    let takes_self = entry.signature.split(['&', '(', ' ', ',', ':']).any(|part| part == "self");
    let is_module = entry.signature.starts_with("mod ");
    let mut rate = 9 + i32::from(!entry.docs.is_empty()) - 8 * i32::from(is_module);
    rate += 2 * i32::from(word.is_member && (takes_self || !is_function));
    if let Some(before) = word.path.first() {
        let is_type = before.starts_with(char::is_uppercase);
        let mut modules = entry.module.rsplit("::");
        if owner.or_else(|| modules.next()) == Some(before) {
            rate += 12;
        } else if owner.is_none() && modules.any(|module| module == before) {
            rate += 6;
        } else if is_type && hover.is_none() && !entry.of_trait {
            return 0;
        }
    }
    rate += match receiver {
        Some(receiver) if owner == Some(receiver) => 12,
        Some("Vec") if owner == Some(SLICE) => 10,
        Some("String") if owner == Some("str") => 10,
        _ if word.is_member && owner.is_some_and(|owner| USUAL.contains(&owner)) => 4,
        _ => 0,
    };
    rate + hover.map_or(0, |hover| agreement(entry, hover))
}

/// How well an entry fits what evcxr says: the module or the type, an empty line, the declaration.
fn agreement(entry: &Entry, hover: &str) -> i32 {
    let Some((place, text)) = hover.split_once("\n\n") else {
        return 0;
    };
    // To the notebook, its own items stand in no crate.
    let place = place.strip_prefix(CELLS).unwrap_or(place);
    let full = format!("{}::{}", entry.module, entry.owner.as_deref().unwrap_or_default());
    let at_place = place == entry.module || place == full;
    let in_crate = place.split("::").next() == entry.module.split("::").next();
    let bare = |text: &str| text.replace(|c: char| c.is_whitespace() || c == ',', "");
    let declaration = entry.signature.split("where").next().unwrap_or_default();
    let same = bare(text).contains(&bare(declaration));
    // A type's own version of what a trait demands is described in the trait.
    let owner = entry.owner.as_deref().unwrap_or_default();
    let by_trait = text.starts_with("fn ") || text.contains(&format!(" {owner} for "));
    20 * i32::from(at_place)
        + 10 * i32::from(in_crate)
        + 20 * i32::from(same && in_crate)
        + SURE * i32::from(by_trait && entry.of_trait)
}

/// `&mut std::vec::Vec<T>` → `Vec`
fn base_of(kind: &str) -> &str {
    let kind = kind.trim_start_matches(['&', ' ']).trim_start_matches("mut ");
    if kind.starts_with('[') {
        return SLICE;
    }
    let kind = kind.split(['<', ' ']).next().unwrap_or(kind);
    kind.rsplit("::").next().unwrap_or(kind)
}

/// The type under which the methods of a kind of number stand.
fn number(kind: &str) -> &str {
    match kind {
        "i8" | "i16" | "i64" | "i128" | "isize" => "i32",
        "u8" | "u16" | "u64" | "u128" | "usize" => "u32",
        "f32" => "f64",
        kind => kind,
    }
}

impl Shown {
    fn of_entry<'a>(entry: &Entry, others: impl Iterator<Item = &'a str>) -> Shown {
        let path = entry.path.trim_start_matches(':');
        let others: Vec<&str> = others.collect();
        let others = if others.is_empty() {
            String::new()
        } else {
            format!("\n\nAlso: {}", others.join(", "))
        };
        let about = format!("{}{others}", entry.docs);
        let signature = &entry.signature;
        // What something is for comes before a long list of its parts.
        let (markdown, plain) = if signature.lines().count() > LONG {
            (
                format!("**{path}**\n\n{about}\n```rust\n{signature}\n```\n"),
                format!("{path}\n\n{about}\n\n{signature}"),
            )
        } else {
            (
                format!("**{path}**\n```rust\n{signature}\n```\n{about}"),
                format!("{path}\n\n{signature}\n\n{about}"),
            )
        };
        Shown { plain: plain.trim_end().to_owned(), html: markdown::html(&markdown), markdown }
    }

    /// evcxr's own answer: a place, a declaration, documentation.
    fn of_hover(hover: &str) -> Shown {
        let (declaration, docs) = hover.split_once("\n\n\n").unwrap_or((hover, ""));
        // The crate of the cells bears a name that nobody knows.
        let (_, declaration) = declaration.split_once("\n\n").unwrap_or(("", declaration));
        let (declaration, docs) = (declaration.trim(), docs.trim());
        let markdown = format!("```rust\n{declaration}\n```\n{docs}");
        let plain = format!("{declaration}\n\n{docs}").trim_end().to_owned();
        Shown { plain, html: markdown::html(&markdown), markdown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_of_the_notebook_s_own_is_known_by_its_comment() {
        let own = "let rex = Dog;\n/// It barks.\n#[derive(Debug)]\npub struct Dog;\n";
        let known =
            Index::default().inspect(&word("Do|g"), Some("ctx\n\npub struct Dog"), own, &|_| None);
        assert!(known.unwrap().plain.contains("It barks."));
    }

    fn word(code: &str) -> Word {
        let cursor = code.chars().position(|c| c == '|').unwrap();
        Word::at(&code.replacen('|', "", 1), cursor).unwrap()
    }

    const OWN: &str = "
        /// A model of mine.
        pub struct Model { width: usize }
        impl Model {
            /// Makes it wider.
            fn widen(&mut self, by: usize) {}
        }
        impl Other { fn widen(&self) {} }
        trait Shape { /** How large. */ fn area(&self) -> f64; }";

    fn shown(code: &str, hover: Option<&str>) -> String {
        let index = Index::default();
        let types = |name: &str| (name == "m").then(|| "&mut ctx::Model".to_owned());
        index.inspect(&word(code), hover, OWN, &types).map_or(String::new(), |shown| shown.plain)
    }

    #[test]
    fn the_items_of_the_notebook_are_known() {
        let model = "Model\n\npub struct Model {\n    width: usize,\n}\n\nA model of mine.";
        assert_eq!(shown("Model|", None), model);
        assert!(shown("m.widen(|1)", None).contains("Makes it wider."));
        assert!(shown("a.area|()", None).contains("How large."));
        assert_eq!(shown("let n = m|;", None), "let m: &mut ctx::Model");
        assert_eq!(shown("nothing|", None), "");
    }

    #[test]
    fn what_evcxr_says_decides() {
        let place = "ctx::Other\n\nfn widen(&self)\n\n\nOf another.";
        assert_eq!(shown("x.widen|()", Some(place)), "fn widen(&self)\n\nOf another.");
        assert_eq!(shown("x|", Some("x: Vec<i32>")), "x: Vec<i32>");
    }
}
