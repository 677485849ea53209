//! The columns of a CSV file.

use super::decode::{self, Encoding};
use super::quote::{list, quote};
use super::records::{Record, Records};
use super::separator;
use crate::error::{Error, Result};
use std::path::Path;

/// How a CSV file is to be read, and what becomes of its labels.
#[derive(Clone, Debug, PartialEq)]
pub struct CsvOptions {
    /// The ASCII character between the fields; `None`: a comma, a semicolon, a tab or `|`,
    /// whichever makes the columns that are asked for.
    pub separator: Option<char>,
    /// Whether a field may stand in quotes; `false`: quotes are letters like others, as in many
    /// files with tabs.
    pub quotes: bool,
    /// The encoding: "utf-8", "utf-16", "utf-16le", "utf-16be", "windows-1252" ("cp1252") or
    /// "latin1" ("iso-8859-1"). A byte order mark of the file decides before it, and without either
    /// it is UTF-8.
    pub encoding: Option<String>,
    /// Whether the first line names the columns; `false`: their names are "0", "1", ...
    pub header: bool,
    /// What stands for a missing value, besides an empty field: by default what pandas takes for
    /// one ("NA", "null", "None" and their like). Such a label is an error; such a text stays as it
    /// is, and how many there are is printed.
    pub missing: Vec<String>,
    /// What stands between the names in a column of several labels, `sport;politics`: for
    /// [`from_csv_multi_label`](super::Reviews::from_csv_multi_label). An empty field there is a text
    /// without a label.
    pub label_separator: Option<char>,
    /// Whether rows without a text or a label are left out, and their number printed.
    pub drop_missing: bool,
    /// The classes in the order of their numbers, and no others. If all labels of the file are
    /// numbers and none of these names is, see [`with_class_names`](super::Reviews::with_class_names). `None`:
    /// see [`Reviews::from_csv`](super::Reviews::from_csv).
    pub class_names: Option<Vec<String>>,
}

/// `pandas.read_csv`, parameter `na_values`.
const MISSING: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>",
    "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
];

impl Default for CsvOptions {
    fn default() -> CsvOptions {
        CsvOptions {
            separator: None,
            quotes: true,
            encoding: None,
            header: true,
            missing: MISSING.map(str::to_owned).into(),
            label_separator: None,
            drop_missing: false,
            class_names: None,
        }
    }
}

/// What a file has in some of its columns.
pub struct Table<C> {
    /// The columns that were asked for.
    pub columns: C,
    /// One more column, if the file has it.
    pub optional: Option<Vec<String>>,
    /// The line in which each row begins, from 1.
    pub lines: Vec<usize>,
    /// What was found out about the file.
    pub notes: Vec<String>,
}

/// The columns of these names, and the optional one.
pub fn read<const N: usize>(
    path: &Path,
    names: [&str; N],
    optional: Option<&str>,
    options: &CsvOptions,
) -> Result<Table<[Vec<String>; N]>> {
    let Table { columns, optional, lines, notes } = read_all(path, &names, optional, options)?;
    let mut columns = columns.into_iter();
    let columns = std::array::from_fn(|_| columns.next().unwrap_or_default());
    Ok(Table { columns, optional, lines, notes })
}

/// The same of any number of columns.
pub fn read_all(
    path: &Path,
    names: &[&str],
    optional: Option<&str>,
    options: &CsvOptions,
) -> Result<Table<Vec<Vec<String>>>> {
    let (text, encoding) = decode::read(path, options.encoding.as_deref())?;
    let announced = announced(&text);
    let given = options.separator.or(announced).map(given_separator).transpose()?;
    let refused = |fault: String| Error::file(path, fault);
    let separator = match given {
        Some(separator) => separator,
        None if options.header => separator::by_names(&text, options.quotes, names),
        None => {
            let last = names.iter().filter_map(|name| name.parse::<usize>().ok()).max();
            let least = last.map_or(2, |last| last.saturating_add(1).max(2));
            separator::by_shape(&text, options.quotes, least).map_err(refused)?
        }
    };
    let mut notes = Vec::new();
    if options.separator.is_none() && separator != b',' {
        notes.push(format!("separator {}", separator::name(separator)));
    }
    if encoding != Encoding::Utf8 {
        notes.push(format!("encoding {}", encoding.name()));
    }
    let records = Records::new(&text, separator, options.quotes).skip(announced.iter().len());
    let mut table = rows(records, names, optional, options.header).map_err(refused)?;
    table.notes = notes;
    Ok(table)
}

/// The separator in a first line "sep=;", which some programs write for Excel.
fn announced(text: &str) -> Option<char> {
    let mut rest = text.strip_prefix("sep=")?.chars();
    rest.next().filter(|_| matches!(rest.next(), Some('\n' | '\r')))
}

fn given_separator(separator: char) -> Result<u8> {
    match u8::try_from(separator) {
        Ok(byte) if byte.is_ascii() && !b"\"\n\r".contains(&byte) => Ok(byte),
        _ => {
            let remedy = "take one ASCII character, such as ',', ';', '\\t' or '|'";
            Err(Error::argument("separator", format!("{separator:?}"), remedy))
        }
    }
}

fn rows<'a>(
    records: impl Iterator<Item = std::result::Result<Record<'a>, String>>,
    names: &[&str],
    optional: Option<&str>,
    header: bool,
) -> std::result::Result<Table<Vec<Vec<String>>>, String> {
    let mut records = records.peekable();
    let first = match records.peek() {
        None => return Err("the file is empty".to_owned()),
        Some(Err(fault)) => return Err(fault.clone()),
        Some(Ok(first)) => names_of(first, header),
    };
    let places: Vec<usize> = names
        .iter()
        .map(|name| place_of(name, &first, header))
        .collect::<std::result::Result<_, _>>()?;
    let optional = optional.and_then(|name| place_of(name, &first, header).ok());
    let mut table = Table {
        columns: vec![Vec::new(); names.len()],
        optional: optional.map(|_| Vec::new()),
        lines: Vec::new(),
        notes: Vec::new(),
    };
    for record in records.skip(usize::from(header)) {
        let mut record = record?;
        if record.fields.len() != first.len() {
            return Err(uneven(&record, first.len()));
        }
        let columns = table.columns.iter_mut().chain(&mut table.optional);
        for (column, &place) in columns.zip(places.iter().chain(&optional)) {
            column.push(std::mem::take(&mut record.fields[place]).into_owned());
        }
        table.lines.push(record.line);
    }
    if table.lines.is_empty() {
        return Err("there are no reviews below the header".to_owned());
    }
    Ok(table)
}

/// The names of the columns, without the spaces around them.
fn names_of(first: &Record, header: bool) -> Vec<String> {
    let fields = first.fields.iter().enumerate();
    fields.map(|(at, name)| if header { name.trim().to_owned() } else { at.to_string() }).collect()
}

fn place_of(name: &str, columns: &[String], header: bool) -> std::result::Result<usize, String> {
    let places: Vec<usize> =
        (0..columns.len()).filter(|&place| columns[place] == name.trim()).collect();
    match places[..] {
        [place] => Ok(place),
        [] if header => Err(format!(
            "no column {}; there are {}. If that is a row already, the file has no header line: \
             set header: false in CsvOptions, and its columns are \"0\", \"1\", ...",
            quote(name),
            list(columns)
        )),
        [] => {
            Err(format!("no column {}; without a header there are {}", quote(name), list(columns)))
        }
        _ => Err(format!(
            "{} columns are called {}: give each a name of its own",
            places.len(),
            quote(name)
        )),
    }
}

fn uneven(record: &Record, expected: usize) -> String {
    let (line, found) = (record.line, record.fields.len());
    let remedy = if found > expected {
        "a text that holds the separator must stand in quotes"
    } else {
        "a text that holds a line break must stand in quotes"
    };
    let fields = if found == 1 { "field" } else { "fields" };
    format!("line {line} has {found} {fields}, the first line has {expected}: {remedy}")
}
