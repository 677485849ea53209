//! How a downloaded file is known to be the right one.

use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// What is known of a content beforehand.
#[derive(Clone, Copy)]
pub enum Checksum<'a> {
    /// Its SHA-256.
    Sha256(&'a str),
    /// What a server calls it. The hub takes a SHA-256 or what git calls it, a mirror anything.
    Tag(&'a str),
}

/// What a file's checksum says about it.
#[derive(PartialEq)]
pub enum Verdict {
    Right,
    /// It has another one, of this kind.
    Wrong(&'static str, String),
    /// Nothing: the tag is not of a kind that we know.
    Unknown,
}

impl<'a> Checksum<'a> {
    pub fn expected(self) -> &'a str {
        match self {
            Checksum::Sha256(expected) | Checksum::Tag(expected) => expected,
        }
    }

    pub fn verdict(self, path: &Path) -> io::Result<Verdict> {
        let expected = self.expected();
        let is_hex = expected.chars().all(|char| char.is_ascii_hexdigit());
        let (kind, found) = match expected.len() {
            64 if is_hex => ("SHA-256", sha256(&mut File::open(path)?)?),
            40 if is_hex => ("git SHA-1", git_blob(path)?),
            _ => return Ok(Verdict::Unknown),
        };
        Ok(match found.eq_ignore_ascii_case(expected) {
            true => Verdict::Right,
            false => Verdict::Wrong(kind, found),
        })
    }
}

/// The name that git gives to the content of a file.
pub fn git_blob(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    digest(Sha1::new_with_prefix(format!("blob {size}\0")), &mut file)
}

pub fn sha256(content: &mut impl Read) -> io::Result<String> {
    digest(Sha256::new(), content)
}

fn digest<D: Digest + Write>(mut hash: D, content: &mut impl Read) -> io::Result<String> {
    io::copy(content, &mut hash)?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::test_folder;

    // printf hello | git hash-object --stdin; printf hello | sha256sum
    #[test]
    fn checksums_are_those_of_git_and_sha256sum() {
        let folder = test_folder("checksums");
        let path = folder.join("hello");
        std::fs::write(&path, "hello").unwrap();
        let git = "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0";
        let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        let verdict = |checksum: Checksum<'_>| checksum.verdict(&path).unwrap();
        assert!(verdict(Checksum::Tag(git)) == Verdict::Right);
        assert!(verdict(Checksum::Sha256(sha256)) == Verdict::Right);
        assert!(verdict(Checksum::Tag(&sha256.to_uppercase())) == Verdict::Right);
        assert!(verdict(Checksum::Tag("1-2")) == Verdict::Unknown);
        let wrong = Verdict::Wrong("git SHA-1", git.to_owned());
        assert!(verdict(Checksum::Tag(&git.replace('b', "c"))) == wrong);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
