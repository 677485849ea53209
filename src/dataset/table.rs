//! The columns of a CSV file.

use super::classes::whole;
use super::decode::{self, Encoding};
use super::quote::{list, quote};
use super::records::{Record, Records};
use super::separator;
use super::swallowed::Suspects;
use crate::error::{Error, Result};
use std::collections::HashSet;
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

/// The separator in a first line "sep=;", which some programs write for Excel.
pub fn announced(text: &str) -> Option<char> {
    let mut rest = text.strip_prefix("sep=")?.chars();
    rest.next().filter(|_| matches!(rest.next(), Some('\n' | '\r')))
}

pub fn given_separator(separator: char) -> Result<u8> {
    match u8::try_from(separator) {
        Ok(byte) if byte.is_ascii() && !b"\"\n\r".contains(&byte) => Ok(byte),
        _ => {
            let remedy = "take one ASCII character, such as ',', ';', '\\t' or '|'";
            Err(Error::argument("separator", format!("{separator:?}"), remedy))
        }
    }
}

/// How a file is laid out.
struct Shape {
    separator: u8,
    header: bool,
    /// How many fields at the beginning of each row have no name in the header.
    unnamed: usize,
}

/// Whether each row begins with a number of its own that has no name in the header, as R writes row
/// names. A separator at the end of each row makes rows longer, too.
fn have_names<'a>(records: impl Iterator<Item = std::result::Result<Record<'a>, String>>) -> bool {
    let mut records = records.map_while(std::result::Result::ok);
    let Some(header) = records.next() else { return false };
    // A column of numbers that has a name is none of row names: a text is cut by a comma of its own.
    let first = header.fields[0].trim().to_lowercase();
    if ["", "id", "index", "row", "number", "no", "nr"].contains(&first.as_str()) {
        return false;
    }
    let (mut names, mut goes_on) = (HashSet::new(), false);
    for Record { fields, .. } in records {
        let is_new = whole(&fields[0]).is_some_and(|name| names.insert(name));
        if fields.len() != header.fields.len() + 1 || !is_new {
            return false;
        }
        goes_on |= fields.last().is_some_and(|last| !last.trim().is_empty());
    }
    goes_on
}

/// What is said of a file whose header has no name for the first column.
pub fn row_names(column: &str, first: &str) -> String {
    format!(
        "each row has a field more than the header, a number: taken for the row's name, so that the \
         first row has {} for {}",
        quote(first),
        quote(column)
    )
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

/// The names of the columns, without the spaces around them.
pub fn names_of(first: &Record, header: bool) -> Vec<String> {
    let fields = first.fields.iter().enumerate();
    fields.map(|(at, name)| if header { name.trim().to_owned() } else { at.to_string() }).collect()
}

pub fn place_of(
    name: &str,
    columns: &[String],
    header: bool,
) -> std::result::Result<usize, String> {
    let places: Vec<usize> =
        (0..columns.len()).filter(|&place| columns[place] == name.trim()).collect();
    match places[..] {
        [place] => Ok(place),
        [] if columns[0].starts_with('{') => {
            Err("the first line is no header but JSON: Reviews::from_json_lines reads it"
                .to_owned())
        }
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

pub fn uneven(record: &Record, expected: usize) -> String {
    let (line, found) = (record.line, record.fields.len());
    let is_blank = record.fields.last().is_some_and(|last| last.trim().is_empty());
    let remedy = match found {
        _ if record.last_line > line => {
            "a quote inside a quoted field is written twice; if quotes are letters like others here, set \
             quotes: false in CsvOptions"
        }
        _ if found == expected + 1 && is_blank => {
            "if each line ends in a separator, let the first line end in one, too"
        }
        _ if found > expected => {
            "a text that holds the separator must stand in quotes, and each column needs a name in the \
             first line"
        }
        _ => "a text that holds a line break must stand in quotes",
    };
    let place = match record.last_line {
        last if last > line => format!("a quote makes one row of the lines {line} to {last}, with"),
        _ => format!("line {line} has"),
    };
    let fields = if found == 1 { "field" } else { "fields" };
    format!("{place} {found} {fields}, the first line has {expected}: {remedy}")
}
