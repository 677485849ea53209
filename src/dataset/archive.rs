//! The archive of the Large Movie Review Dataset, read without unpacking its 100,000 files.

use crate::display::{Bar, thousands};
use crate::error::{Error, Result};
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;
use tar::{Archive, EntryType};

/// Where the reviews are, in the order of the course, and their labels.
const FOLDERS: [(&str, i64); 4] =
    [("test/pos", 1), ("test/neg", 0), ("train/pos", 1), ("train/neg", 0)];
/// How many reviews lie in each of the folders.
pub const PER_FOLDER: usize = 12_500;
/// The longest review has 14 KB. Whatever is larger than this is none.
const MAX_BYTES: u64 = 1 << 20;

/// Texts and labels, folder by folder, the files of each sorted by name.
pub fn read(path: &Path, per_folder: usize) -> Result<(Vec<String>, Vec<i64>)> {
    let refused = |message: String| {
        Error::file(path, format!("{message}: delete the file, and download it again"))
    };
    let unreadable = |error: std::io::Error| Error::file(path, error);
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    // Shares its position with the one that is read.
    let mut place = file.try_clone().map_err(unreadable)?;
    let mut bar = Bar::start("reading the archive");
    let mut archive = Archive::new(GzDecoder::new(BufReader::with_capacity(1 << 18, file)));
    let mut folders: [Vec<(String, String)>; 4] = Default::default();
    let broken = |error: std::io::Error| refused(format!("the archive is damaged ({error})"));
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        check(&name, entry.header().entry_type(), entry.size()).map_err(refused)?;
        if let Some((folder, file)) = review_of(&name) {
            let mut text = String::with_capacity(entry.size() as usize);
            entry.read_to_string(&mut text).map_err(|error| match error.kind() {
                std::io::ErrorKind::InvalidData => refused(format!("{name} is not UTF-8 text")),
                _ => broken(error),
            })?;
            folders[folder].push((file.to_owned(), text));
        }
        let at = place.stream_position().map_err(unreadable)?;
        bar.at(at as f64 / size as f64, String::new);
    }
    let (texts, labels) = gather(folders, per_folder).map_err(refused)?;
    bar.done(&format!("{} reviews", thousands(texts.len())));
    Ok((texts, labels))
}

/// Refuses what an honest copy does not have.
fn check(name: &str, kind: EntryType, size: u64) -> std::result::Result<(), String> {
    if name.starts_with('/') || name.split('/').any(|part| part == "..") {
        return Err(format!("entry {name:?} would leave its folder"));
    }
    if !matches!(kind, EntryType::Regular | EntryType::Directory) {
        return Err(format!("entry {name:?} is neither a file nor a folder"));
    }
    if review_of(name).is_some() && size > MAX_BYTES {
        return Err(format!("entry {name:?} has {size} bytes, which no review has"));
    }
    Ok(())
}

/// The number of the folder and the file name, if the entry is a labelled review.
fn review_of(name: &str) -> Option<(usize, &str)> {
    let name = name.strip_prefix("./").unwrap_or(name).strip_prefix("aclImdb/")?;
    let (folder, file) = name.rsplit_once('/')?;
    let number = FOLDERS.iter().position(|(known, _)| *known == folder)?;
    file.ends_with(".txt").then_some((number, file))
}

fn gather(
    folders: [Vec<(String, String)>; 4],
    per_folder: usize,
) -> std::result::Result<(Vec<String>, Vec<i64>), String> {
    let (mut texts, mut labels) = (Vec::new(), Vec::new());
    for (mut reviews, (folder, label)) in folders.into_iter().zip(FOLDERS) {
        if reviews.len() != per_folder {
            let found = reviews.len();
            return Err(format!("folder {folder} has {found} reviews instead of {per_folder}"));
        }
        reviews.sort_unstable();
        labels.extend(reviews.iter().map(|_| label));
        texts.extend(reviews.into_iter().map(|(_, text)| text));
    }
    Ok((texts, labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::test_folder;
    use flate2::{Compression, write::GzEncoder};
    use std::fs;
    use tar::{Builder, Header};

    const HONEST: [(&str, &[u8]); 8] = [
        ("aclImdb/README", b"not a review"),
        ("aclImdb/train/unsup/0_0.txt", b"without a label"),
        ("aclImdb/train/neg/10_2.txt", b"dull"),
        ("aclImdb/train/neg/2_1.txt", b"bad"),
        ("aclImdb/train/pos/0_9.txt", b"good"),
        ("aclImdb/test/neg/0_3.txt", b"poor"),
        ("aclImdb/test/pos/1_10.txt", "sch\u{f6}n".as_bytes()),
        ("aclImdb/test/pos/0_8.txt", b"fine"),
    ];

    /// Packs the entries, then lets `change` add one more, and reads the archive.
    fn read_packed(
        entries: &[(&str, &[u8])],
        per_folder: usize,
        change: impl FnOnce(&mut Builder<GzEncoder<Vec<u8>>>),
    ) -> Result<(Vec<String>, Vec<i64>)> {
        let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, contents) in entries {
            add(&mut builder, name, EntryType::Regular, contents);
        }
        change(&mut builder);
        read_bytes(&builder.into_inner().unwrap().finish().unwrap(), per_folder)
    }

    /// An entry with any name: the crate's own functions refuse to write a dishonest one.
    fn add(builder: &mut Builder<GzEncoder<Vec<u8>>>, name: &str, kind: EntryType, data: &[u8]) {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(data.len() as u64);
        header.set_cksum();
        builder.append(&header, data).unwrap();
    }

    fn read_bytes(bytes: &[u8], per_folder: usize) -> Result<(Vec<String>, Vec<i64>)> {
        let folder = test_folder(&format!("archive-{:?}", std::thread::current().id()));
        let path = folder.join("aclImdb_v1.tar.gz");
        fs::write(&path, bytes).unwrap();
        let rows = read(&path, per_folder);
        fs::remove_dir_all(folder).unwrap();
        rows
    }

    #[test]
    fn reviews_come_in_the_order_of_the_course() {
        let mut entries = HONEST.to_vec();
        entries.push(("aclImdb/test/neg/1_1.txt", b"weak"));
        entries.push(("./aclImdb/train/pos/1_7.txt", b"great"));
        let (texts, labels) = read_packed(&entries, 2, |_| {}).unwrap();
        // Names are sorted as text: 10_2.txt comes before 2_1.txt.
        assert_eq!(texts, ["fine", "sch\u{f6}n", "poor", "weak", "good", "great", "dull", "bad"]);
        assert_eq!(labels, [1, 1, 0, 0, 1, 1, 0, 0]);
    }

    #[test]
    fn what_an_honest_archive_does_not_have_is_refused_by_name() {
        let large = vec![b'x'; MAX_BYTES as usize + 1];
        let faults: [(&str, EntryType, &[u8], &str); 5] = [
            ("aclImdb/../../evil.txt", EntryType::Regular, b"x", "would leave its folder"),
            ("/etc/evil.txt", EntryType::Regular, b"x", "would leave its folder"),
            ("aclImdb/test/pos/9_9.txt", EntryType::Symlink, b"", "neither a file nor a folder"),
            ("aclImdb/test/pos/9_9.txt", EntryType::Regular, &large, "which no review has"),
            ("aclImdb/test/pos/9_9.txt", EntryType::Regular, b"\xff\xfe", "is not UTF-8 text"),
        ];
        for (name, kind, data, complaint) in faults {
            let wrong = read_packed(&HONEST, 2, |builder| add(builder, name, kind, data));
            let error = wrong.unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(complaint), "{error}");
            assert!(error.contains("aclImdb_v1.tar.gz"), "{error}");
        }
    }

    #[test]
    fn a_missing_class_or_review_is_refused() {
        let error = read_packed(&HONEST, 2, |_| {}).unwrap_err().to_string();
        assert!(error.contains("folder test/neg has 1 reviews instead of 2"), "{error}");
        let error = read_packed(&HONEST[..6], 1, |_| {}).unwrap_err().to_string();
        assert!(error.contains("folder test/pos has 0 reviews instead of 1"), "{error}");
    }

    #[test]
    fn a_cut_archive_is_refused() {
        let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, contents) in HONEST {
            add(&mut builder, name, EntryType::Regular, contents);
        }
        let whole = builder.into_inner().unwrap().finish().unwrap();
        for length in [0, 5, 100, whole.len() / 2, whole.len() - 9] {
            let error = read_bytes(&whole[..length], 2).unwrap_err().to_string();
            assert!(error.contains("download it again"), "{length}: {error}");
        }
    }
}
