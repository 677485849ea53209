//! The sources that rust-analyzer reads in a kernel, and what Shift+Tab shows of them.
//!
//! To infer the types of a cell's variables, evcxr runs rust-analyzer, and that reads the whole
//! standard library and every crate whose types a notebook holds, twice at each kernel's start. The
//! set-up makes a copy that is a tenth as large, and in which every type is inferred as before.

mod docs;
mod index;
mod inspect;
mod items;
mod markdown;
mod trim;
mod word;

pub use index::Index;
pub use word::Word;

use crate::error::{Context, Result};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use trim::Keep;

/// Whether a text consists of Rust's words, and all that was opened in it is closed.
pub fn is_rust(code: &str) -> bool {
    let is_rust = code.parse::<proc_macro2::TokenStream>().is_ok();
    // proc_macro2 keeps every text that it has read, for its places.
    proc_macro2::extra::invalidate_current_thread_spans();
    is_rust
}

/// The part of the standard library that programs use. rust-analyzer finds these three in a folder
/// without Cargo.toml, and asks no cargo about them.
const STANDARD: [&str; 3] = ["core", "alloc", "std"];

/// What std's hash maps are made of, in the place of the crate hashbrown. Without it rust-analyzer
/// takes their type parameters for unused, and doesn't infer those of `HashMap<_, _>`.
const HASHBROWN: &str = "
extern crate self as hashbrown;
mod hash_map {
    pub struct HashMap<K, V, S, A>(K, V, S, A);
    pub struct Iter<'a, K, V>(&'a K, &'a V);
    pub struct IterMut<'a, K, V>(&'a K, &'a mut V);
    pub struct IntoIter<K, V, A>(K, V, A);
    pub struct Drain<'a, K, V, A>(&'a mut (K, V, A));
    pub struct ExtractIf<'a, K, V, F, A>(&'a mut (K, V, A), F);
    pub struct RustcOccupiedEntry<'a, K, V, A>(&'a mut (K, V, A));
    pub struct RustcVacantEntry<'a, K, V, A>(&'a mut (K, V, A));
}
mod hash_set {
    pub struct HashSet<T, S, A>(T, S, A);
    pub struct Iter<'a, T>(&'a T);
    pub struct IntoIter<T, A>(T, A);
    pub struct Drain<'a, T, A>(&'a mut (T, A));
    pub struct ExtractIf<'a, T, F, A>(&'a mut (T, A), F);
    pub struct OccupiedEntry<'a, T, S, A>(&'a mut (T, S, A));
    pub struct VacantEntry<'a, T, S, A>(&'a mut (T, S, A));
}
";

/// Folders beside a crate's modules.
const NO_SOURCES: [&str; 4] = ["target", "tests", "benches", "examples"];

/// A crate whose types a notebook's variables can have.
pub struct CrateSource {
    /// Its name.
    pub name: String,
    /// The folder of its lib.rs.
    pub src_root: PathBuf,
}

/// Makes the folder `to`, whole or not at all: `std` for the variable RUST_SRC_PATH, and
/// `crates/NAME` with the files of each crate's `src_root`.
///
/// # Errors
/// Sources that are missing, or a folder that can't be written.
pub fn prepare(sysroot_src: &Path, crates: &[CrateSource], to: &Path) -> Result<()> {
    let new = to.with_extension(format!("new-{}", std::process::id()));
    let made = fill(sysroot_src, crates, &new).and_then(|()| replace(to, &new));
    if made.is_err() {
        let _ = fs::remove_dir_all(&new);
    }
    made
}

fn fill(sysroot_src: &Path, crates: &[CrateSource], to: &Path) -> Result<()> {
    let ours = crates.iter().map(|source| Job {
        name: &source.name,
        from: source.src_root.clone(),
        to: to.join("crates").join(&source.name),
        keep: Keep::Public,
    });
    let standard = STANDARD.iter().map(|name| Job {
        name,
        from: sysroot_src.join(name).join("src"),
        to: to.join("std").join(name).join("src"),
        keep: Keep::All,
    });
    let docs = to.join("docs");
    fs::create_dir_all(&docs).context(format!("can't make {}", docs.display()))?;
    // Ours come first where a name is everybody's.
    let jobs: Vec<Job> = ours.chain(standard).collect();
    // A thread for each: a debug build is five times as slow.
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for (number, job) in jobs.iter().enumerate() {
            let file = docs.join(format!("{number:02}-{}", job.name));
            running.push(scope.spawn(move || job.run(&file)));
        }
        running.into_iter().try_for_each(|job| {
            job.join().unwrap_or_else(|_| Err("a source file can't be read".to_owned()))
        })
    })?;
    let std = to.join("std/std/src/lib.rs");
    let added = fs::OpenOptions::new().append(true).open(&std);
    added
        .and_then(|mut file| file.write_all(HASHBROWN.as_bytes()))
        .context(format!("can't write {}", std.display()))
}

/// One crate.
struct Job<'a> {
    name: &'a str,
    from: PathBuf,
    to: PathBuf,
    keep: Keep,
}

impl Job<'_> {
    fn run(&self, docs: &Path) -> Result<()> {
        let mut entries = index::Builder::default();
        self.copy(Path::new(""), &mut entries)?;
        entries.write(docs)
    }

    /// Copies the Rust files of a folder and of those in it, without what no type depends on, and
    /// lists what they document.
    fn copy(&self, folder: &Path, entries: &mut index::Builder) -> Result<()> {
        let (from, to) = (self.from.join(folder), self.to.join(folder));
        let unreadable = || format!("can't read {}", from.display());
        fs::create_dir_all(&to).context(format!("can't make {}", to.display()))?;
        for entry in fs::read_dir(&from).context(unreadable())? {
            let path = entry.context(unreadable())?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let within = folder.join(name);
            if path.is_dir() {
                if !name.starts_with('.') && !NO_SOURCES.contains(&name) {
                    self.copy(&within, entries)?;
                }
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).context(unreadable())?;
                entries.add(&text, self.name, &within);
                let text = trim::trim(&text, self.keep).unwrap_or(text);
                let copy = self.to.join(&within);
                fs::write(&copy, text).context(format!("can't write {}", copy.display()))?;
            }
        }
        Ok(())
    }
}

fn replace(folder: &Path, new: &Path) -> Result<()> {
    let unwritable = || format!("can't write {}", folder.display());
    let old = folder.with_extension(format!("old-{}", std::process::id()));
    if folder.exists() {
        fs::rename(folder, &old).context(unwritable())?;
    }
    fs::rename(new, folder).context(unwritable())?;
    let _ = fs::remove_dir_all(&old);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_whole_or_not_there() {
        let folder = std::env::temp_dir().join(format!("sources-{}", std::process::id()));
        let write = |file: &str, text: &str| {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        let prepared = || {
            let ours = [CrateSource { name: "ours".to_owned(), src_root: folder.join("ours") }];
            prepare(&folder.join("library"), &ours, &folder.join("to"))
        };
        write("ours/lib.rs", "pub mod a;");
        write("ours/a.rs", "/// Does it.\npub fn a() { b() } fn b() {}");
        write("ours/tests/t.rs", "");
        assert!(prepared().unwrap_err().contains("library"));
        assert!(!folder.join("to").exists());
        STANDARD.iter().for_each(|name| write(&format!("library/{name}/src/lib.rs"), "no Rust )"));
        for _ in 0..2 {
            prepared().unwrap();
        }
        let copy = |file: &str| fs::read_to_string(folder.join("to").join(file));
        assert_eq!(copy("crates/ours/a.rs").unwrap(), "\npub fn a(){}");
        assert!(copy("crates/ours/tests/t.rs").is_err());
        assert_eq!(copy("std/core/src/lib.rs").unwrap(), "no Rust )");
        assert!(copy("std/std/src/lib.rs").unwrap().contains("hash_map"));
        let index = Index::open(&folder.join("to/docs")).unwrap();
        let word = Word::at("ours::a::a(", 11).unwrap();
        let shown = index.inspect(&word, None, "", &|_| None).unwrap();
        assert_eq!(shown.plain, "ours::a::a\n\npub fn a()\n\nDoes it.");
        assert!(shown.html.contains("<strong>ours::a::a</strong>"), "{}", shown.html);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
        fs::remove_dir_all(&folder).unwrap();
    }
}
