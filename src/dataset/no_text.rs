//! Files that are no text, by their first bytes.

/// How files begin that are no text, and what to do with them.
const NO_TEXT: [(&[u8], &str); 14] = [
    (b"PK\x03\x04", "a zip archive or a table of Excel: unpack it, or save the table as CSV UTF-8"),
    (b"\xD0\xCF\x11\xE0", "a table of an older Excel: save it as CSV UTF-8"),
    (b"\x1F\x8B", "a gzip file: unpack it (gunzip)"),
    (b"7z\xBC\xAF", "a 7-Zip archive: unpack it"),
    (b"Rar!", "a RAR archive: unpack it"),
    (b"BZh", "a bzip2 file: unpack it (bunzip2)"),
    (b"\xFD7zXZ", "an xz file: unpack it (unxz)"),
    (b"\x28\xB5\x2F\xFD", "a zstd file: unpack it (unzstd)"),
    (
        b"PAR1",
        "a Parquet file: in Python, pandas.read_parquet(OLD).to_csv(NEW), or .to_json(NEW, \
         orient=\"records\", lines=True) if there are lists in it",
    ),
    (b"\xFF\xFF\xFF\xFF", "an Arrow file: in Python, datasets.load_from_disk(FOLDER).to_csv(NEW)"),
    (b"ARROW1", "a Feather or Arrow file: in Python, pandas.read_feather(OLD).to_csv(NEW)"),
    (b"\x80\x04\x95", "a pickle: in Python, pandas.read_pickle(OLD).to_csv(NEW)"),
    (b"%PDF-", "a PDF file: copy its table into a text file"),
    (b"{\\rtf", "a document of a word processor: save it as plain text"),
];

/// So many bytes tell a file that is no text.
pub const TELLING: usize = 6;

/// What to do with a file that is no text.
pub fn no_text(first_bytes: &[u8]) -> Option<&'static str> {
    let found = NO_TEXT.iter().find(|(start, _)| first_bytes.starts_with(start));
    found.map(|(_, remedy)| *remedy)
}
