//! What rust-analyzer needs of a source file to infer types, and little else.
//!
//! Comments, documentation, attributes that bear on nothing, and the bodies of functions go: their
//! types stand in their signatures. What stays is written as it stood there, piece by piece, so
//! that it means what it meant.

use super::items::{self, Item, Kind, group, is, is_word, items};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use std::ops::Range;

/// What stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All items.
    All,
    /// All but private functions. rust-analyzer takes all sources for the user's own and offers
    /// what is private for completion. Constants, statics and fields, on which types depend, and
    /// modules become hidden ones instead.
    Public,
}

/// Attributes that no type depends on.
const USELESS: [&str; 26] = [
    "allow",
    "cold",
    "deny",
    "deprecated",
    "diagnostic",
    "doc",
    "expect",
    "inline",
    "must_use",
    "optimize",
    "rustc_allow_const_fn_unstable",
    "rustc_as_ptr",
    "rustc_confusables",
    "rustc_const_stable",
    "rustc_const_unstable",
    "rustc_diagnostic_item",
    "rustc_inherit_overflow_checks",
    "rustc_lint_query_instability",
    "rustc_lint_untracked_query_information",
    "rustc_never_returns_null_ptr",
    "rustc_no_implicit_autorefs",
    "rustc_on_unimplemented",
    "rustc_promotable",
    "stable",
    "track_caller",
    "warn",
];

/// The text of a file without all that; None if it can't be taken apart.
pub fn trim(text: &str, keep: Keep) -> Option<String> {
    let text = text.trim_start_matches(items::BYTE_ORDER_MARK);
    let stream: TokenStream = text.parse().ok()?;
    let mut trimmer = Trimmer { text, keep, out: String::new(), last: 0 };
    trimmer.items(stream, Place::Module);
    Some(trimmer.out)
}

/// Where items stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Module,
    /// In `impl Type`.
    Type,
    /// In a trait, or in `impl Trait for Type`.
    Trait,
}

struct Trimmer<'a> {
    text: &'a str,
    keep: Keep,
    out: String,
    /// Where the last piece that was written ends in the text.
    last: usize,
}

impl Trimmer<'_> {
    fn items(&mut self, stream: TokenStream, place: Place) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        for item in items(&tokens) {
            let code = self.keep == Keep::Public && item.kind == Kind::Function;
            let unused = code && !item.public && place != Place::Trait;
            if !unused && !is_test(item.attributes) {
                self.item(&item, place);
            }
        }
    }

    fn item(&mut self, item: &Item, place: Place) {
        let ours = self.keep == Keep::Public;
        let named = matches!(item.kind, Kind::Const | Kind::Static | Kind::Module);
        let write = if ours && named && place != Place::Trait { Self::hidden } else { Self::code };
        let of_type = item.kind == Kind::Impl && !items::is_of_trait(item.head);
        let declaration = &item.tokens[..item.attributes.len() + item.head.len()];
        match (item.kind, item.body) {
            (Kind::Module | Kind::Impl | Kind::Trait, Some(body)) => {
                let place = match item.kind {
                    Kind::Module => Place::Module,
                    _ if of_type => Place::Type,
                    _ => Place::Trait,
                };
                write(self, declaration);
                self.group(body, |this| this.items(body.stream(), place));
            }
            (Kind::Struct, Some(body)) if ours => {
                write(self, declaration);
                self.group(body, |this| this.fields(body.stream()));
            }
            _ => write(self, item.tokens),
        }
    }

    fn fields(&mut self, fields: TokenStream) {
        let tokens: Vec<TokenTree> = fields.into_iter().collect();
        for field in items::list(&tokens) {
            self.hidden(field);
            self.out.push(',');
        }
    }

    /// A constant, a module or a field. What others can't see they can from now on, and aren't
    /// shown.
    fn hidden(&mut self, tokens: &[TokenTree]) {
        let (attributes, rest) = tokens.split_at(items::attributes(tokens));
        let (visible, public) = items::visibility(rest);
        self.code(attributes);
        if !public {
            self.out.push_str("#[doc(hidden)]pub ");
        }
        self.code(if public { rest } else { &rest[visible..] });
    }

    fn stream(&mut self, stream: TokenStream) {
        self.code(&Vec::from_iter(stream));
    }

    /// Any code: declarations, a macro's rules, types.
    fn code(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let attributes = items::attributes(&tokens[at..]);
            if attributes > 0 {
                self.attributes(&tokens[at..at + attributes]);
                at += attributes;
            } else if let Some(body) = body_of_function(&tokens[at..]) {
                self.verbatim(token);
                self.code(&tokens[at + 1..at + body]);
                let is_const = tokens[at.saturating_sub(2)..at].iter().any(|t| is_word(t, "const"));
                match group(&tokens[at + body]) {
                    Some(group) if is_const && is_short(group) => self.verbatim(&tokens[at + body]),
                    _ => self.out.push_str("{}"),
                }
                at += body + 1;
            } else {
                match group(token) {
                    Some(group) if !is_for_macro(tokens, at) => {
                        self.group(group, |this| this.stream(group.stream()));
                    }
                    _ => self.verbatim(token),
                }
                at += 1;
            }
        }
    }

    fn attributes(&mut self, mut tokens: &[TokenTree]) {
        while let Some(group) = tokens.iter().position(|token| group(token).is_some()) {
            let (attribute, rest) = tokens.split_at(group + 1);
            if !is_useless(&attribute[group]) {
                attribute.iter().for_each(|token| self.verbatim(token));
            }
            tokens = rest;
        }
    }

    fn verbatim(&mut self, token: &TokenTree) {
        match group(token) {
            Some(group) => self.group(group, |this| {
                group.stream().into_iter().for_each(|token| this.verbatim(&token));
            }),
            None => self.put(token.span().byte_range()),
        }
    }

    fn group(&mut self, group: &Group, within: impl FnOnce(&mut Self)) {
        self.put(group.span_open().byte_range());
        within(self);
        self.put(group.span_close().byte_range());
    }

    /// Writes a piece of the text, apart from the last one if it stood apart.
    fn put(&mut self, piece: Range<usize>) {
        // A doc comment is many tokens that stand in one place.
        if piece.start < self.last {
            return;
        }
        if piece.start > self.last {
            let between = &self.text[self.last..piece.start];
            self.out.push(if between.contains('\n') { '\n' } else { ' ' });
        }
        self.out.push_str(&self.text[piece.clone()]);
        self.last = piece.end;
    }
}

/// Where the body of the function lies that begins here.
fn body_of_function(tokens: &[TokenTree]) -> Option<usize> {
    let [first, name, rest @ ..] = tokens else {
        return None;
    };
    let named = matches!(name, TokenTree::Ident(_)) || is(name, '$');
    if !is_word(first, "fn") || !named {
        return None;
    }
    let end = rest.iter().position(|token| is(token, ';')).unwrap_or(rest.len());
    (0..end).map(|at| at + 2).find(|at| {
        let braces = group(&tokens[*at]).is_some_and(|g| g.delimiter() == Delimiter::Brace);
        braces && !items::is_argument(tokens, *at)
    })
}

/// Whether a constant function may be one on which the length of an array depends, as size_of.
fn is_short(body: &Group) -> bool {
    body.stream().into_iter().count() <= 8
}

/// Whether a group is what a macro is called with, or what a rule of it matches.
fn is_for_macro(tokens: &[TokenTree], at: usize) -> bool {
    let is_at = |at: usize, sign| tokens.get(at).is_some_and(|token| is(token, sign));
    let is_pattern = is_at(at + 1, '=') && is_at(at + 2, '>');
    let is_called = at > 1
        && is_at(at - 1, '!')
        && matches!(&tokens[at - 2], TokenTree::Ident(name) if name != "macro_rules");
    is_pattern || is_called
}

/// `#[cfg(test)]` or `#[test]`
fn is_test(attributes: &[TokenTree]) -> bool {
    let attributes = attributes.iter().filter_map(group);
    attributes
        .map(|group| group.stream().to_string())
        .any(|text| text == "test" || text == "cfg (test)")
}

fn is_useless(attribute: &TokenTree) -> bool {
    let Some(attribute) = group(attribute) else {
        return false;
    };
    let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
    let named = |name: &str| tokens.first().is_some_and(|first| is_word(first, name));
    if named("cfg_attr") {
        let all = tokens.get(1).and_then(group).map(|group| Vec::from_iter(group.stream()));
        let given = all.iter().flat_map(|all| items::list(all)).nth(1).and_then(<[_]>::first);
        return given.is_some_and(|first| USELESS.iter().any(|name| is_word(first, name)));
    }
    let hides = || attribute.stream().to_string().contains("(hidden)");
    USELESS.iter().any(|name| named(name)) && !(named("doc") && hides())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trimmed(text: &str, keep: Keep) -> String {
        trim(text, keep).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_bodies_go() {
        let text = "//! A file.\n/// A function.\n#[inline] \
                    pub fn a<'a>(x: &'a str) -> &'a str { x /* . */ }\n\
                    #[cfg(test)] mod tests { fn b() {} }\n#[derive(Debug)] struct S(u8); // end";
        let want = "pub fn a<'a>(x: &'a str) -> &'a str{} #[derive(Debug)] struct S(u8);";
        assert_eq!(trimmed(text, Keep::All), want);
    }

    #[test]
    fn what_types_depend_on_stays() {
        for text in [
            "#[doc(hidden)] pub mod r#type { pub use super::*; }",
            "const fn size_of<T>() -> usize { <T as Sized>::SIZE }",
            "fn f(x: [u8; { 1 << 2 }]) -> Array<{ N + 1 }>{}",
            "#[cfg(unix)] pub const A: &str = r#\"//\"#;",
            "#[unstable(feature = \"x\")] pub trait T { type A; const B: u8 = b'\\''; }",
            "call! { #[doc = \"x\"] fn f() { g() } }",
        ] {
            assert_eq!(trimmed(text, Keep::All), text);
        }
    }

    #[test]
    fn rules_of_macros_match_what_they_matched() {
        let text = "macro_rules! m { (#[stable] fn $f:ident { $($b:tt)* }) => { \
                    /// Docs.\n#[inline] pub fn $f() -> u8 { $($b)* } }; }";
        let want = "macro_rules! m { (#[stable] fn $f:ident { $($b:tt)* }) => { \
                    pub fn $f() -> u8{} }; }";
        assert_eq!(trimmed(text, Keep::All), want);
    }

    #[test]
    fn what_is_private_is_not_offered() {
        let text = "mod m { fn a() {} } pub(crate) fn b() {} pub fn c() {} \
                    impl A { fn d() {} pub fn e() {} } \
                    impl T for A { fn f() {} } \
                    pub struct S<T> { pub x: T, y: Map<u8, T> } const N: u8 = 1;";
        let want = "#[doc(hidden)]pub mod m { } pub fn c(){} \
                    impl A { pub fn e(){} } impl T for A { fn f(){} } \
                    pub struct S<T> { pub x: T,#[doc(hidden)]pub y: Map<u8, T>, }\
                    #[doc(hidden)]pub const N: u8 = 1;";
        assert_eq!(trimmed(text, Keep::Public), want);
    }

    #[test]
    fn what_is_no_rust_is_left_alone() {
        assert_eq!(trim("fn a( {", Keep::All), None);
        assert_eq!(trim("\u{feff}use ü;", Keep::All).unwrap(), "use ü;");
    }
}
