//! The items of a Rust file, found in its tokens: no parser, but enough to tell where a function,
//! its documentation and its body begin and end, also inside a macro's rules.

use proc_macro2::{Delimiter, Group, TokenTree};

/// The tokens' places are counted behind it.
pub const BYTE_ORDER_MARK: char = '\u{feff}';

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Function,
    Struct,
    Enum,
    Union,
    Trait,
    Impl,
    Module,
    Const,
    Static,
    Type,
    Macro,
    /// A call of a macro, `use`, and whatever is not known.
    Other,
}

/// One item.
#[derive(Debug)]
pub struct Item<'a> {
    pub kind: Kind,
    /// All that it consists of.
    pub tokens: &'a [TokenTree],
    /// Outer and inner attributes in front of it, documentation included.
    pub attributes: &'a [TokenTree],
    /// Visible to everybody.
    pub public: bool,
    pub name: Option<String>,
    /// From its visibility to its body, or to its end.
    pub head: &'a [TokenTree],
    /// The group that holds what it is made of, mostly in braces.
    pub body: Option<&'a Group>,
}

/// Takes a sequence of tokens apart.
pub fn items(mut tokens: &[TokenTree]) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    while !tokens.is_empty() {
        let (item, rest) = split(tokens);
        items.push(item);
        tokens = rest;
    }
    items
}

fn split(all: &[TokenTree]) -> (Item<'_>, &[TokenTree]) {
    let (attributes, rest) = all.split_at(attributes(all));
    let (visible, public) = visibility(rest);
    let (kind, name) = keyword(&rest[visible..]);
    let (body, end) = extent(kind, rest);
    let head = &rest[..body.unwrap_or(end)];
    let group = body.and_then(|at| group(&rest[at]));
    let name = name.map(|at| rest[visible + at].to_string());
    let (tokens, rest) = all.split_at(attributes.len() + end);
    (Item { kind, tokens, attributes, public, name, head, body: group }, rest)
}

/// The number of tokens that the attributes at the beginning take.
pub fn attributes(tokens: &[TokenTree]) -> usize {
    let mut at = 0;
    while tokens.get(at).is_some_and(|token| is(token, '#')) {
        let inner = usize::from(tokens.get(at + 1).is_some_and(|token| is(token, '!')));
        match tokens.get(at + 1 + inner).and_then(group) {
            Some(group) if group.delimiter() == Delimiter::Bracket => at += 2 + inner,
            _ => break,
        }
    }
    at
}

/// The number of tokens of a visibility, and whether it lets everybody in.
pub fn visibility(tokens: &[TokenTree]) -> (usize, bool) {
    if tokens.first().is_none_or(|first| !is_word(first, "pub")) {
        return (0, false);
    }
    let within = tokens.get(1).and_then(group).and_then(|group| group.stream().into_iter().next());
    let limits = ["crate", "self", "super", "in"];
    match within {
        Some(first) if limits.iter().any(|limit| is_word(&first, limit)) => (2, false),
        _ => (1, true),
    }
}

/// The kind of an item, and which token names it.
fn keyword(tokens: &[TokenTree]) -> (Kind, Option<usize>) {
    let word = |at: usize| match tokens.get(at) {
        Some(TokenTree::Ident(word)) => word.to_string(),
        _ => String::new(),
    };
    let mut at = 0;
    loop {
        let named = |kind| (kind, Some(at + 1).filter(|name| !word(*name).is_empty()));
        let next = word(at + 1);
        match word(at).as_str() {
            "fn" => return named(Kind::Function),
            "struct" => return named(Kind::Struct),
            "enum" => return named(Kind::Enum),
            "union" if !next.is_empty() => return named(Kind::Union),
            "trait" => return named(Kind::Trait),
            "impl" => return (Kind::Impl, None),
            "mod" => return named(Kind::Module),
            "type" => return named(Kind::Type),
            "macro" => return named(Kind::Macro),
            "macro_rules" => {
                return (Kind::Macro, Some(at + 2).filter(|name| !word(*name).is_empty()));
            }
            "const" if !is_qualified(&next) => return named(Kind::Const),
            "static" if next == "mut" => return (Kind::Static, Some(at + 2)),
            "static" => return named(Kind::Static),
            "const" | "async" | "unsafe" | "safe" | "default" | "auto" => at += 1,
            "extern" if next == "crate" => return (Kind::Other, None),
            "extern" => {
                at += 1 + usize::from(matches!(tokens.get(at + 1), Some(TokenTree::Literal(_))))
            }
            _ => return (Kind::Other, None),
        }
    }
}

/// Whether `const` in front of the word belongs to a function, a trait or an impl.
fn is_qualified(word: &str) -> bool {
    ["fn", "async", "unsafe", "extern", "trait", "impl", "auto"].contains(&word)
}

/// Where the body of an item lies, and where the item ends.
fn extent(kind: Kind, tokens: &[TokenTree]) -> (Option<usize>, usize) {
    let ends_at_semicolon = matches!(kind, Kind::Const | Kind::Static | Kind::Type)
        || tokens.iter().take(3).any(|token| is_word(token, "use"));
    for (at, token) in tokens.iter().enumerate() {
        if is(token, ';') {
            return (None, at + 1);
        }
        let Some(group) = group(token).filter(|_| !ends_at_semicolon) else {
            continue;
        };
        if group.delimiter() == Delimiter::Brace && !is_argument(tokens, at) {
            return (Some(at), at + 1);
        }
        let of_macro = matches!(kind, Kind::Macro | Kind::Other);
        if of_macro && tokens.get(at + 1).is_some_and(|next| is(next, ';')) {
            return (Some(at), at + 2);
        }
    }
    (None, tokens.len())
}

/// `impl Trait for Type`
pub fn is_of_trait(head: &[TokenTree]) -> bool {
    head.iter().take_while(|token| !is_word(token, "where")).any(|token| is_word(token, "for"))
}

/// `Array<{ N + 1 }>`
pub fn is_argument(tokens: &[TokenTree], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|next| is(next, '>') || is(next, ','))
}

/// The parts between the commas of a list, where those in `<..>` don't count.
pub fn list(tokens: &[TokenTree]) -> Vec<&[TokenTree]> {
    let mut depth = 0;
    let mut arrow = false;
    let mut parts: Vec<&[TokenTree]> = tokens
        .split(|token| {
            if is(token, '<') {
                depth += 1;
            } else if is(token, '>') && !arrow {
                depth -= 1;
            }
            arrow = is(token, '-') || is(token, '=');
            is(token, ',') && depth <= 0
        })
        .collect();
    parts.retain(|part| !part.is_empty());
    parts
}

pub fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

pub fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

pub fn group(token: &TokenTree) -> Option<&Group> {
    match token {
        TokenTree::Group(group) => Some(group),
        _ => None,
    }
}
