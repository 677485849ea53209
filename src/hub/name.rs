//! Names of models on the hub.

use std::path::Path;

/// The branch that is meant where none is given.
const MAIN: &str = "main";
/// Where the lessons save their models.
const LOGS: &str = "logs";

/// A model of the hub, and which state of it: `owner/name` or `owner/name@revision`.
#[derive(Clone, Copy)]
pub struct Name<'a> {
    pub repository: &'a str,
    /// A branch, a tag or a commit.
    pub revision: &'a str,
    /// Whether the revision was given.
    pub is_pinned: bool,
}

impl<'a> Name<'a> {
    /// None of these leads out of the cache.
    pub fn parse(text: &'a str) -> Option<Name<'a>> {
        let (repository, given) = match text.split_once('@') {
            Some((repository, revision)) => (repository, Some(revision)),
            None => (text, None),
        };
        let revision = given.unwrap_or(MAIN);
        (is_repository(repository) && is_revision(revision)).then_some(Name {
            repository,
            revision,
            is_pinned: given.is_some(),
        })
    }

    /// A name without a revision that more likely is that of a folder: its first part is one.
    pub fn is_like_folder(&self) -> bool {
        let owner = self.repository.split_once('/').map(|(owner, _)| owner);
        let is_folder = |owner: &str| owner == LOGS || Path::new(owner).is_dir();
        !self.is_pinned && owner.is_some_and(is_folder)
    }

    /// Whether the revision is a whole commit, which never changes.
    pub fn is_commit(&self) -> bool {
        self.revision.len() == 40
            && self.revision.chars().all(|char| matches!(char, '0'..='9' | 'a'..='f'))
    }

    /// The revision as a part of an address.
    pub fn quoted_revision(&self) -> String {
        let quoted = |byte: u8| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        };
        self.revision.bytes().map(quoted).collect()
    }
}

fn is_repository(name: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
            && part.chars().all(|char| char.is_ascii_alphanumeric() || "-_.".contains(char))
    };
    let parts = name.split_once('/').map_or([name, name], |(owner, name)| [owner, name]);
    parts.into_iter().all(part) && !name.contains("--") && !name.contains("..")
}

/// What git allows: `refs/pr/1` is one.
fn is_revision(revision: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    revision.split('/').all(part)
        && !revision.contains("..")
        && !revision.ends_with('.')
        && revision.len() < 200
        && !revision.contains(|char: char| {
            char.is_control() || char.is_whitespace() || "~^:?*[\\@{".contains(char)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_behind_an_at() {
        let name = Name::parse("ada/bert@refs/pr/1").unwrap();
        assert_eq!((name.repository, name.revision), ("ada/bert", "refs/pr/1"));
        assert_eq!(name.quoted_revision(), "refs%2Fpr%2F1");
        assert!(!name.is_commit() && !Name::parse("gpt2@1234abc").unwrap().is_commit());
        assert!(Name::parse(&format!("gpt2@{}", "0123456789".repeat(4))).unwrap().is_commit());
        assert_eq!(Name::parse("gpt2").unwrap().revision, "main");
        for wrong in ["a@", "@a", "a@../b", "a@b/../c", "a@/b", "a@b/", "a@.b", "a@b c", "a@b@c"] {
            assert!(Name::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_folder_is_no_owner() {
        let like_folder = |name| Name::parse(name).unwrap().is_like_folder();
        assert!(like_folder("logs/modle") && like_folder("src/modle"));
        assert!(!like_folder("logs/modle@main") && !like_folder("ada/bert") && !like_folder("src"));
    }
}
