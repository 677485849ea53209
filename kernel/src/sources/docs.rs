//! What the items of a file are and what their doc comments say, for Shift+Tab.

use super::items::{self, Item, Kind, group, is, is_word, items};
use super::markdown;
use proc_macro2::{Span, TokenStream, TokenTree};
use serde::{Deserialize, Serialize};

/// An item that can be asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The path by which users know it.
    pub path: String,
    /// The module it stands in.
    pub module: String,
    /// The type or the trait it belongs to.
    pub owner: Option<String>,
    /// Whether each type that has the trait has its own.
    pub of_trait: bool,
    /// Whether it is a macro.
    pub is_macro: bool,
    /// Its declaration.
    pub signature: String,
    /// Its documentation, in Markdown.
    pub docs: String,
}

/// What the methods of `[T]` belong to.
pub const SLICE: &str = "slice";

/// Whose items are listed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Public ones, of a crate.
    Public,
    /// All, of a notebook.
    All,
}

/// The entries of a file whose module is `module`.
pub fn entries(text: &str, module: &str, scope: Scope) -> Vec<Entry> {
    let text = text.trim_start_matches(items::BYTE_ORDER_MARK);
    let Ok(stream) = text.parse::<TokenStream>() else {
        return Vec::new();
    };
    let mut reader = Reader { text, scope, entries: Vec::new() };
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let about = reader.docs(&tokens[..items::attributes(&tokens)], true);
    if let Some((parent, name)) = module.rsplit_once("::").filter(|_| !about.is_empty()) {
        reader.push(Place::module(parent), name, format!("mod {name}"), about);
    }
    reader.items(&tokens, Place::module(module));
    proc_macro2::extra::invalidate_current_thread_spans();
    reader.entries
}

/// Where items stand.
#[derive(Clone, Copy)]
struct Place<'a> {
    module: &'a str,
    owner: Option<&'a str>,
    of_trait: bool,
}

impl<'a> Place<'a> {
    fn module(module: &'a str) -> Place<'a> {
        Place { module, owner: None, of_trait: false }
    }

    fn of_type(self, name: &'a str) -> Place<'a> {
        Place { owner: Some(name), of_trait: false, ..self }
    }

    fn of_trait(self, name: &'a str) -> Place<'a> {
        Place { owner: Some(name), of_trait: true, ..self }
    }
}

struct Reader<'a> {
    text: &'a str,
    scope: Scope,
    entries: Vec<Entry>,
}

impl Reader<'_> {
    fn items(&mut self, tokens: &[TokenTree], place: Place) {
        for item in items(tokens) {
            let attributes = self.source(item.attributes);
            if let Some((kind, name)) = word_of_language(&attributes) {
                let docs = self.docs(item.attributes, false);
                self.push(Place::module("std"), name, format!("{kind} {name}"), docs);
                continue;
            }
            if attributes.contains("doc(hidden)") || attributes.contains("#[unstable(") {
                continue;
            }
            let visible = item.public || place.of_trait || self.scope == Scope::All;
            match (item.kind, &item.name) {
                (Kind::Impl, _) => {
                    // What a trait demands is described in the trait.
                    if let (Some(owner), Some(body)) = (owner_of(item.head), item.body) {
                        self.items(&Vec::from_iter(body.stream()), place.of_type(&owner));
                    }
                }
                (Kind::Macro, Some(name)) => self.macro_rules(&item, name, place),
                (Kind::Other, _) | (_, None) => (),
                (_, Some(name)) if visible => self.item(&item, name, place),
                _ => (),
            }
        }
    }

    fn item(&mut self, item: &Item, name: &str, place: Place) {
        let docs = self.docs(item.attributes, false);
        let within = item.body.map(|body| Vec::from_iter(body.stream())).unwrap_or_default();
        let mut signature = self.declaration(item.head);
        match item.kind {
            Kind::Module => {
                let module = format!("{}::{name}", place.module);
                self.items(&within, Place::module(&module));
                if item.body.is_none() {
                    // Described at the beginning of its file.
                    return;
                }
            }
            Kind::Trait => self.items(&within, place.of_trait(name)),
            Kind::Struct | Kind::Union | Kind::Enum if item.body.is_some() => {
                let parts = items::list(&within);
                let parts = parts.iter().map(|part| self.part(part, item, place.of_type(name)));
                let parts: String = parts.collect();
                signature += &if parts.is_empty() {
                    " { .. }".to_owned()
                } else {
                    format!(" {{\n{parts}}}")
                };
            }
            _ => (),
        }
        self.push(place, name, signature, docs);
    }

    /// A field or a variant; answers the line that declares it.
    fn part(&mut self, part: &[TokenTree], item: &Item, place: Place) -> String {
        let (attributes, rest) = part.split_at(items::attributes(part));
        let (visible, public) = items::visibility(rest);
        let variant = item.kind == Kind::Enum;
        let Some(name) = rest.get(visible) else {
            return String::new();
        };
        if !public && !variant && self.scope == Scope::Public {
            return String::new();
        }
        let signature = self.declaration(rest);
        let docs = self.docs(attributes, false);
        let line = format!("    {},\n", signature.replace('\n', "\n    "));
        let owner = place.owner.filter(|_| variant).map(|owner| format!("{owner}::"));
        let signature = owner.unwrap_or_default() + &signature;
        self.push(place, &name.to_string(), signature, docs);
        line
    }

    fn macro_rules(&mut self, item: &Item, name: &str, place: Place) {
        let rules = item.body.map(|body| Vec::from_iter(body.stream())).unwrap_or_default();
        let exported = item.public || self.source(item.attributes).contains("macro_export");
        if exported || self.scope == Scope::All {
            let patterns = rules.windows(2).filter(|pair| is(&pair[1], '=')).map(|pair| {
                let pattern = self.source(&pair[..1]);
                format!("    {pattern} => {{ .. }};\n")
            });
            let signature = format!("macro_rules! {name} {{\n{}}}", patterns.collect::<String>());
            let docs = self.docs(item.attributes, false);
            self.push(Place::module(place.module), name, signature, docs);
            if let Some(entry) = self.entries.last_mut() {
                entry.is_macro = true;
            }
            return;
        }
        // The methods of numbers, which the standard library declares so: one example of each.
        let number = match name {
            "int_impl" => "i32",
            "uint_impl" => "u32",
            _ => return,
        };
        for token in rules.iter().filter_map(group) {
            self.items(&Vec::from_iter(token.stream()), place.of_type(number));
        }
    }

    fn push(&mut self, place: Place, name: &str, signature: String, docs: String) {
        let name = name.trim_start_matches("r#").to_owned();
        let Place { module, owner, of_trait } = place;
        let path = [Some(module), owner, Some(&name)].into_iter().flatten().collect::<Vec<_>>();
        self.entries.push(Entry {
            path: path.join("::"),
            name,
            module: module.to_owned(),
            owner: owner.map(str::to_owned),
            of_trait,
            is_macro: false,
            signature,
            docs,
        });
    }

    /// The doc comments among attributes: those of what follows, or of the file they stand in.
    fn docs(&self, attributes: &[TokenTree], inner: bool) -> String {
        let mut lines = Vec::new();
        for (at, token) in attributes.iter().enumerate() {
            let of_file = attributes.get(at + 1).is_some_and(|next| is(next, '!'));
            if !is(token, '#') || of_file != inner {
                continue;
            }
            let comment = &self.text[token.span().byte_range()];
            match attributes.get(at + 1 + usize::from(of_file)).and_then(group) {
                _ if comment.len() > 1 => lines.extend(markdown::uncommented(comment)),
                Some(group) => lines.extend(attribute(group.stream())),
                None => (),
            }
        }
        markdown::tidy(&lines)
    }

    /// The text of tokens as it stands in the file, without attributes.
    fn declaration(&self, tokens: &[TokenTree]) -> String {
        let mut text = self.source(tokens);
        while let Some(start) = text.find("#[") {
            let Some(end) = text[start..].find(']') else {
                break;
            };
            text.replace_range(start..start + end + 1, "");
        }
        text.replace("( ", "(").replace("  A:", " A:")
    }

    /// The text of tokens as it stands in the file.
    fn source(&self, tokens: &[TokenTree]) -> String {
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            return String::new();
        };
        let start =
            |token: &TokenTree| group(token).map_or_else(|| token.span(), |g| g.span_open());
        let end = |token: &TokenTree| group(token).map_or_else(|| token.span(), |g| g.span_close());
        let byte = |span: Span| span.byte_range();
        let text = &self.text[byte(start(first)).start..byte(end(last)).end];
        let line_start = self.text[..byte(start(first)).start].rfind('\n').map_or(0, |at| at + 1);
        let indent: usize = self.text[line_start..].chars().take_while(|c| *c == ' ').count();
        let margin = format!("\n{}", " ".repeat(indent));
        text.trim_end_matches(';').replace(&margin, "\n")
    }
}

/// std describes keywords and primitive types at modules that nobody sees.
fn word_of_language(attributes: &str) -> Option<(&'static str, &str)> {
    let after = |mark| attributes.split_once(mark)?.1.split('"').next();
    let keyword = after("#[doc(keyword = \"").map(|name| ("keyword", name));
    keyword.or_else(|| after("#[rustc_doc_primitive = \"").map(|name| ("primitive type", name)))
}

/// The lines of `#[doc = ".."]`, also where a macro puts them together.
fn attribute(attribute: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = attribute.into_iter().collect();
    let [doc, _, value @ ..] = &tokens[..] else {
        return Vec::new();
    };
    let parts = match value {
        [TokenTree::Literal(_)] if is_word(doc, "doc") => value.to_vec(),
        [word, _, TokenTree::Group(list)] if is_word(word, "concat") => {
            Vec::from_iter(list.stream())
        }
        _ => return Vec::new(),
    };
    let text: String = parts
        .iter()
        .filter_map(|part| match part {
            TokenTree::Literal(literal) => Some(markdown::unquoted(&literal.to_string())),
            // stringify!($SelfT): an example of a number
            TokenTree::Group(_) => Some("i32".to_owned()),
            _ => None,
        })
        .collect();
    text.lines().map(str::to_owned).collect()
}

/// The type of `impl<T> Type<T>`, by its last name; none for `impl Trait for Type`.
fn owner_of(head: &[TokenTree]) -> Option<String> {
    if items::is_of_trait(head) {
        return None;
    }
    let start = head.iter().position(|token| is_word(token, "impl"))? + 1;
    let mut depth = 0;
    let mut owner = None;
    for (at, token) in head.iter().enumerate().skip(start) {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '<' => depth += 1,
            TokenTree::Punct(sign) if sign.as_char() == '>' && !is(&head[at - 1], '-') => {
                depth -= 1
            }
            TokenTree::Ident(word) if word == "where" => break,
            TokenTree::Ident(word) if depth == 0 => owner = Some(word.to_string()),
            TokenTree::Group(_) if depth == 0 && owner.is_none() => owner = Some(SLICE.to_owned()),
            _ => (),
        }
    }
    owner
}
