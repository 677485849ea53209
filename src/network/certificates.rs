//! Whom we believe: the certificates of the system and those that variables name.

use crate::environment::Environment;
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

/// A file with more bytes than this has other things in it.
const LARGEST: u64 = 1 << 24;

/// The variables that name more: of requests, of curl, of OpenSSL.
const FILES: [&str; 3] = ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"];
const FOLDER: &str = "SSL_CERT_DIR";

/// Where Linux systems have all of theirs in one file: Debian, Fedora, openSUSE, Alpine.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// All of them; those that are built in, if there are none.
///
/// # Errors
/// [`Error::Argument`] if a variable names a file that can't be read or has no certificate.
pub fn certificates(environment: &Environment) -> Result<RootCerts> {
    let mut found = Certificates::default();
    let _ = SYSTEM.iter().find(|file| found.add_file(Path::new(file)).is_ok_and(|count| count > 0));
    for name in FILES.into_iter().chain([FOLDER]) {
        if let Some(path) = environment.path(name) {
            found.add_named(name, &path)?;
        }
    }
    let all = found.all;
    Ok(if all.is_empty() { RootCerts::WebPki } else { RootCerts::new_with_certs(&all) })
}

/// Mostly, several names lead to the same files.
#[derive(Default)]
struct Certificates {
    all: Vec<Certificate<'static>>,
    /// How many there were in the files that have been read.
    counts: BTreeMap<PathBuf, usize>,
}

impl Certificates {
    /// Adds those in the file or folder that a variable names.
    fn add_named(&mut self, variable: &'static str, path: &Path) -> Result<()> {
        let wrong = |what: String| {
            let remedy = format!("{what}: name a file with PEM certificates, or unset it");
            Error::argument(variable, path.display(), remedy)
        };
        let parts: Vec<PathBuf> = match variable {
            // OpenSSL takes several folders, and those that are there.
            FOLDER => {
                let all: Vec<PathBuf> = std::env::split_paths(path).collect();
                let there = all.iter().filter(|part| part.exists()).cloned().collect::<Vec<_>>();
                if there.is_empty() { all } else { there }
            }
            _ => vec![path.to_owned()],
        };
        let mut count = 0;
        for part in parts {
            let more = if part.is_dir() { self.add_folder(&part) } else { self.add_file(&part) };
            count += more.map_err(|error| wrong(format!("can't be read ({error})")))?;
        }
        if count == 0 { Err(wrong("has no certificate".to_owned())) } else { Ok(()) }
    }

    /// Adds those of all files that have some. How many it has.
    fn add_folder(&mut self, folder: &Path) -> io::Result<usize> {
        let files = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        let files = files.filter(|file| {
            file.metadata().is_ok_and(|about| about.is_file() && about.len() <= LARGEST)
        });
        Ok(files.map(|file| self.add_file(&file).unwrap_or_default()).sum())
    }

    /// Adds those of a file, which may have other things in it. How many it has.
    fn add_file(&mut self, path: &Path) -> io::Result<usize> {
        let path = path.canonicalize()?;
        if let Some(count) = self.counts.get(&path) {
            return Ok(*count);
        }
        let text = fs::read(&path)?;
        let before = self.all.len();
        self.all.extend(parse_pem(&text).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        }));
        let count = self.all.len() - before;
        self.counts.insert(path, count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::test_folder;

    #[test]
    fn a_variable_without_certificates_is_named() {
        let folder = test_folder("certificates");
        fs::write(folder.join("empty.pem"), "no certificate\n").unwrap();
        fs::write(folder.join("cut.pem"), "-----BEGIN CERTIFICATE-----\nMIIB").unwrap();
        for variable in [FILES[0], FILES[1], FILES[2], FOLDER] {
            for (name, what) in [
                ("missing.pem", "can't be read (No such file"),
                ("empty.pem", "has no certificate"),
                ("cut.pem", "has no certificate"),
                ("", "has no certificate"),
            ] {
                let path = folder.join(name);
                let variables = [(variable, path.to_str().unwrap())];
                let error = certificates(&Environment::from(&variables[..])).err().unwrap();
                let message = error.to_string();
                assert!(message.starts_with(&format!("{variable} = /")), "{message}");
                assert!(message.contains(what) && message.contains("or unset it"), "{message}");
            }
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
