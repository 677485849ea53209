//! The columns of a CSV file.

use super::decode::{self, Encoding};
use super::header::{have_names, names_of, place_of, row_names, uneven};
use super::records::{Record, Records};
use super::separator::{self, announced, given_separator};
use super::swallowed::Suspects;
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
pub const MISSING: [&str; 18] = [
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
    let (text, encoding) = decode::read(path, Some(options.encoding.as_deref()))?;
    let announced = announced(&text);
    let given = options.separator.or(announced).map(given_separator).transpose()?;
    let refused = |fault: String| Error::file(path, fault);
    let separator = match given {
        Some(separator) => separator,
        None if options.header => separator::by_names(&text, options.quotes, names),
        None => separator::by_shape(&text, options.quotes, least(names)).map_err(refused)?,
    };
    let mut notes = Vec::new();
    if options.separator.is_none() && separator != b',' {
        notes.push(format!("separator {}", separator::name(separator)));
    }
    if encoding != Encoding::Utf8 {
        notes.push(format!("encoding {}", encoding.name()));
    }
    let records = || Records::new(&text, separator, options.quotes).skip(announced.iter().len());
    let shape = Shape {
        separator,
        header: options.header,
        unnamed: usize::from(options.header && have_names(records())),
    };
    let mut table = rows(records(), names, optional, &shape).map_err(refused)?;
    if shape.unnamed > 0 {
        notes.push(row_names(names[0], &table.columns[0][0]));
    }
    notes.append(&mut table.notes);
    table.notes = notes;
    Ok(table)
}

/// How many columns a file without a header must have for these numbers.
pub fn least(numbers: &[&str]) -> usize {
    let last = numbers.iter().filter_map(|number| number.parse::<usize>().ok()).max();
    last.map_or(2, |last| last.saturating_add(1).max(2))
}

/// How a file is laid out.
struct Shape {
    separator: u8,
    header: bool,
    /// How many fields at the beginning of each row have no name in the header.
    unnamed: usize,
}

fn rows<'a>(
    records: impl Iterator<Item = std::result::Result<Record<'a>, String>>,
    names: &[&str],
    optional: Option<&str>,
    &Shape { separator, header, unnamed }: &Shape,
) -> std::result::Result<Table<Vec<Vec<String>>>, String> {
    let mut records = records.peekable();
    let first = match records.peek() {
        None => return Err("the file is empty".to_owned()),
        Some(Err(fault)) => return Err(fault.clone()),
        Some(Ok(first)) => names_of(first, header),
    };
    let places: Vec<usize> = names
        .iter()
        .map(|name| Ok(place_of(name, &first, header)? + unnamed))
        .collect::<std::result::Result<_, String>>()?;
    let optional = optional.and_then(|name| place_of(name, &first, header).ok());
    let optional = optional.map(|place| place + unnamed);
    let width = first.len() + unnamed;
    let mut suspects = Suspects::new(separator, width, places.last().copied().unwrap_or_default());
    let mut table = Table {
        columns: vec![Vec::new(); names.len()],
        optional: optional.map(|_| Vec::new()),
        lines: Vec::new(),
        notes: Vec::new(),
    };
    for record in records.skip(usize::from(header)) {
        let mut record = record?;
        if record.fields.len() != width {
            return Err(uneven(&record, width));
        }
        let is = |(name, place): (&&str, &usize)| record.fields[*place].trim() == name.trim();
        if header && names.iter().zip(&places).all(is) {
            return Err(format!(
                "line {} repeats the header, as files have it that were put one behind the other: \
                 delete the line",
                record.line
            ));
        }
        suspects.add(&record);
        let columns = table.columns.iter_mut().chain(&mut table.optional);
        for (column, &place) in columns.zip(places.iter().chain(&optional)) {
            column.push(std::mem::take(&mut record.fields[place]).into_owned());
        }
        table.lines.push(record.line);
    }
    if table.lines.is_empty() {
        return Err("there are no reviews below the header".to_owned());
    }
    table.notes.extend(suspects.judge()?);
    Ok(table)
}
