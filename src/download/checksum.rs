//! How a downloaded file is known to be the right one.

use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::io::{self, Read, Write};

/// A checksum in lowercase hexadecimal.
#[derive(Clone, Copy)]
pub enum Checksum<'a> {
    Sha256(&'a str),
    /// The name that git gives to the content of a file.
    GitBlob(&'a str),
}

impl<'a> Checksum<'a> {
    pub fn kind(self) -> &'static str {
        match self {
            Checksum::Sha256(_) => "SHA-256",
            Checksum::GitBlob(_) => "git SHA-1",
        }
    }

    pub fn expected(self) -> &'a str {
        match self {
            Checksum::Sha256(expected) | Checksum::GitBlob(expected) => expected,
        }
    }

    /// The checksum of this kind that the content has.
    pub fn of(self, content: &mut impl Read, size: u64) -> io::Result<String> {
        match self {
            Checksum::Sha256(_) => digest(Sha256::new(), content),
            Checksum::GitBlob(_) => {
                digest(Sha1::new_with_prefix(format!("blob {size}\0")), content)
            }
        }
    }
}

fn digest<D: Digest + Write>(mut hash: D, content: &mut impl Read) -> io::Result<String> {
    io::copy(content, &mut hash)?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf hello | git hash-object --stdin; printf hello | sha256sum
    #[test]
    fn checksums_are_those_of_git_and_sha256sum() {
        let git = Checksum::GitBlob("").of(&mut b"hello".as_slice(), 5).unwrap();
        assert_eq!(git, "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0");
        let sha256 = Checksum::Sha256("").of(&mut b"hello".as_slice(), 5).unwrap();
        assert_eq!(sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    }
}
