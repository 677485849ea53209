//! The entries of all crates, in files that need no parsing before they are searched.

use super::docs::{self, Entry, Scope};
use super::items::{self, is_word, items};
use crate::error::{Context, Result};
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The documentation that can be shown.
#[derive(Default)]
pub struct Index {
    /// One text for each crate, in the order of precedence: lines of a name, a tab and an entry in
    /// JSON, sorted.
    crates: Vec<String>,
}

impl Index {
    /// Reads what `prepare` has written.
    ///
    /// # Errors
    /// A folder that is missing.
    pub fn open(folder: &Path) -> Result<Index> {
        let unreadable = || format!("can't read {}", folder.display());
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).context(unreadable())? {
            files.push(entry.context(unreadable())?.path());
        }
        files.sort();
        let texts = files.iter().map(|file| fs::read_to_string(file).context(unreadable()));
        Ok(Index { crates: texts.collect::<Result<_>>()? })
    }

    /// All entries of a name, those of the first crate first.
    pub fn named(&self, name: &str) -> Vec<Entry> {
        let parse = |line: &str| serde_json::from_str(line.split_once('\t')?.1).ok();
        self.crates.iter().flat_map(|text| lines(text, name)).filter_map(parse).collect()
    }
}

/// The lines of a name.
fn lines<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let key = |line: &'a str| line.split_once('\t').map_or(line, |(key, _)| key);
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = text.as_bytes()[low..(low + high) / 2].iter().rposition(|byte| *byte == b'\n');
        let start = middle.map_or(low, |at| low + at + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        if key(line) < name {
            low = start + line.len() + 1;
        } else {
            high = start;
        }
    }
    text.get(low..).unwrap_or_default().lines().take_while(move |line| key(line) == name)
}

/// Collects the entries of one crate.
#[derive(Default)]
pub struct Builder {
    entries: Vec<Entry>,
    /// The shorter paths that the crate's root gives to items.
    reexports: BTreeMap<String, String>,
}

impl Builder {
    /// Adds a file of the crate: its path within the crate's sources, its name in the crate.
    pub fn add(&mut self, text: &str, krate: &str, file: &Path) {
        let within = file.with_extension("");
        let mut module = krate.replace('-', "_");
        for part in within.iter().filter_map(|part| part.to_str()) {
            if part != "mod" && part != "lib" {
                module = format!("{module}::{part}");
            }
        }
        if file == Path::new("lib.rs") {
            self.reexports = reexports(text);
        }
        self.entries.extend(docs::entries(text, &module, Scope::Public));
    }

    /// Writes them.
    ///
    /// # Errors
    /// A file that can't be written.
    pub fn write(self, file: &Path) -> Result<()> {
        let mut lines = Vec::new();
        for mut entry in self.entries {
            entry.path = shown_path(&self.reexports, &entry);
            let json = serde_json::to_string(&entry).context("documentation")?;
            lines.push(format!("{}\t{json}\n", entry.name));
        }
        lines.sort();
        fs::write(file, lines.concat()).context(format!("can't write {}", file.display()))
    }
}

/// The names that a crate's root gives to items of its modules: `error::Result` → `Result`.
fn reexports(text: &str) -> BTreeMap<String, String> {
    let stream: TokenStream = text.parse().unwrap_or_default();
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut names = BTreeMap::new();
    for item in items(&tokens).iter().filter(|item| item.public) {
        if let [_, first, tree @ .., _] = item.head
            && is_word(first, "use")
        {
            use_tree(tree, "", &mut names);
        }
    }
    names
}

fn use_tree(tokens: &[TokenTree], within: &str, names: &mut BTreeMap<String, String>) {
    let mut path = within.to_owned();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let list: Vec<TokenTree> = group.stream().into_iter().collect();
                return items::list(&list).iter().for_each(|part| use_tree(part, &path, names));
            }
            TokenTree::Ident(word) if word == "as" => return,
            token => path += &token.to_string(),
        }
    }
    if let Some((_, name)) = path.rsplit_once("::") {
        names.insert(path.clone(), name.to_owned());
    }
}

/// The path by which users know an item: `unit8::Trainer::fit`, and std for the crates below it.
fn shown_path(reexports: &BTreeMap<String, String>, entry: &Entry) -> String {
    if entry.signature.starts_with("keyword ") {
        return entry.name.clone();
    }
    if let Some(owner) = entry.owner.as_ref().filter(|o| o.starts_with(char::is_lowercase)) {
        return format!("{owner}::{}", entry.name);
    }
    let (krate, rest) = entry.path.split_once("::").unwrap_or((&entry.path, ""));
    let krate = if ["core", "alloc"].contains(&krate) { "std" } else { krate };
    let item = entry.owner.as_ref().map_or(rest, |_| rest.rsplit_once("::").map_or(rest, |p| p.0));
    let short = reexports.get(item).map(String::as_str).unwrap_or(item);
    match &entry.owner {
        Some(_) => format!("{krate}::{short}::{}", entry.name),
        None => format!("{krate}::{short}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_found() {
        let text = "a\t1\nfit\t2\nfit\t3\nfit_transform\t4\nz\t5\n";
        let found = |name| lines(text, name).collect::<Vec<_>>();
        assert_eq!(found("fit"), ["fit\t2", "fit\t3"]);
        assert_eq!(found("fit_transform"), ["fit_transform\t4"]);
        assert_eq!(found("a"), ["a\t1"]);
        assert_eq!(found("z"), ["z\t5"]);
        assert!(found("b").is_empty() && found("zz").is_empty() && found("0").is_empty());
    }

    #[test]
    fn paths_are_those_that_users_write() {
        let mut builder = Builder::default();
        let lib = "mod trainer; pub use trainer::{Trainer, schedule::Schedule as Plan};";
        builder.add(lib, "unit8", Path::new("lib.rs"));
        let trainer =
            "/// How to train.\npub struct Trainer; impl Trainer { pub fn fit(&self) {} }";
        builder.add(trainer, "unit8", Path::new("trainer/mod.rs"));
        let paths = builder.entries.iter().map(|entry| shown_path(&builder.reexports, entry));
        assert_eq!(paths.collect::<Vec<_>>(), ["unit8::Trainer", "unit8::Trainer::fit"]);
        assert_eq!(builder.entries[0].docs, "How to train.");
    }
}
