//! What customers ask a bank, in 77 classes.

use super::{CsvOptions, Reviews, imdb, readers};
use crate::display::thousands;
use crate::download::{Checksum, Download};
use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::network::Client;
use std::path::{Path, PathBuf};

const TRAIN: Download = Download {
    url: "https://raw.githubusercontent.com/PolyAI-LDN/task-specific-datasets/master/banking_data/train.csv",
    location: None,
    size: Some(839_073),
    checksum: Checksum::Sha256("b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b"),
    token: None,
};
const TEST: Download = Download {
    url: "https://raw.githubusercontent.com/PolyAI-LDN/task-specific-datasets/master/banking_data/test.csv",
    location: None,
    size: Some(239_961),
    checksum: Checksum::Sha256("d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d"),
    token: None,
};

/// All questions, train before test: from the folder, or from the network into it.
pub fn full(folder: &Path) -> Result<Reviews> {
    let folder = folder.join("banking77");
    let mut train = read(&TRAIN, &folder.join("train.csv"))?;
    let (test, _) = read(&TEST, &folder.join("test.csv"))?.numbered_by(&train.class_names)?;
    train.frame.vstack_mut(&test.frame)?;
    Ok(train)
}

fn read(download: &Download, path: &Path) -> Result<Reviews> {
    if !path.is_file() {
        download.fetch(&Client::new(&Environment::of_process())?, path)?;
    }
    // Somebody may have put another one there.
    download.verify(path)?;
    // What is found out about a file that is known need not be said.
    let (reviews, _) = readers::csv(path, "text", "category", &CsvOptions::default())?;
    Ok(reviews)
}

/// All questions if this folder has them or they can be downloaded, else film snippets.
pub fn full_or_installed(folder: Result<PathBuf>) -> Result<Reviews> {
    let reason = match folder.and_then(|folder| full(&folder)) {
        Ok(questions) => {
            let (count, classes) = (thousands(questions.len()), questions.class_names.len());
            println!("banking77: {count} questions to a bank in {classes} classes");
            return Ok(questions);
        }
        Err(stopped @ Error::Stopped(_)) => return Err(stopped),
        Err(error) => error,
    };
    let snippets = imdb::package("rotten_tomatoes")?;
    let count = thousands(snippets.len());
    println!("not banking77, but the {count} installed film snippets in 2 classes ({reason})");
    Ok(snippets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::test_folder;
    use std::fs;

    #[test]
    fn a_wrong_file_is_named_and_the_installed_snippets_step_in() {
        let folder = test_folder("banking77");
        fs::create_dir_all(folder.join("banking77")).unwrap();
        fs::write(folder.join("banking77/train.csv"), "text,category\nHello?,greeting\n").unwrap();
        let error = full(&folder).unwrap_err().to_string();
        assert!(error.contains("train.csv") && error.contains("bytes with SHA-256"), "{error}");
        let reviews = full_or_installed(Ok(folder.clone())).unwrap();
        assert_eq!(reviews.class_counts().unwrap(), [4_265, 4_265]);
        assert_eq!(reviews.class_names, imdb::CLASS_NAMES);
        fs::remove_dir_all(folder).unwrap();
    }
}
