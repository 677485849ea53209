//! The first line of a CSV file, which names the columns, and rows that do not agree with it.

use super::classes::whole;
use super::quote::{list, quote};
use super::records::Record;
use std::collections::HashSet;

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
        [] if header && let Some(separator) = between(name, columns) => Err(format!(
            "no column {}, but in the first line, {}: if {separator:?} stands between the columns, set \
             separator: Some({separator:?}) in CsvOptions",
            quote(name),
            quote(&columns[0])
        )),
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

/// What stands beside the name in a first line that no separator has cut.
fn between(name: &str, columns: &[String]) -> Option<char> {
    let [line] = columns else { return None };
    let (before, behind) = line.split_once(name.trim())?;
    let stands_between =
        |char: &char| char.is_ascii() && !char.is_alphanumeric() && !"_-\"'".contains(*char);
    behind.chars().next().or(before.chars().last()).filter(stands_between)
}

/// Whether each row begins with a number of its own that has no name in the header, as R writes row
/// names. A separator at the end of each row makes rows longer, too.
pub fn have_names<'a>(
    records: impl Iterator<Item = std::result::Result<Record<'a>, String>>,
) -> bool {
    let mut records = records.map_while(std::result::Result::ok);
    let Some(header) = records.next() else { return false };
    // A column of numbers that has a name is none of row names: a text is cut by a comma of its own.
    let first = header.fields[0].trim().to_lowercase();
    if ["", "index", "row", "number", "no", "nr"].contains(&first.as_str()) || first.ends_with("id")
    {
        return false;
    }
    let (mut names, mut goes_on, mut cut) = (HashSet::new(), false, 0);
    for record in records {
        cut += usize::from(is_cut(&record));
        let fields = &record.fields;
        let is_new = whole(&fields[0]).is_some_and(|name| names.insert(name));
        if fields.len() != header.fields.len() + 1 || !is_new {
            return false;
        }
        goes_on |= fields.last().is_some_and(|last| !last.trim().is_empty());
    }
    // Some texts may well begin with a space, but not all.
    goes_on && (cut < names.len() || names.len() == 1)
}

/// Whether a sentence with a comma of its own has become two fields: behind the comma stands a space.
pub fn is_cut(record: &Record) -> bool {
    record.fields.iter().skip(1).any(|field| field.starts_with(char::is_whitespace))
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
        _ => {
            "a text that holds a line break must stand in quotes, and each row has all separators, also \
             where its last columns are empty"
        }
    };
    let place = match record.last_line {
        last if last > line => format!("a quote makes one row of the lines {line} to {last}, with"),
        _ => format!("line {line} has"),
    };
    let fields = if found == 1 { "field" } else { "fields" };
    format!("{place} {found} {fields}, the first line has {expected}: {remedy}")
}
