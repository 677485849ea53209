//! The texts of a column, row after row.

use crate::dataset::classes::whole;
use crate::dataset::header::{is_cut, row_names, uneven};
use crate::dataset::records::Record;
use crate::dataset::swallowed::may_be_rows;

/// Where the texts are in the rows.
#[derive(Debug)]
pub struct Column {
    name: String,
    separator: u8,
    quotes: bool,
    /// Which of the columns it is, and how many the first line has.
    place: usize,
    columns: usize,
    row_name: RowName,
    /// Whether a text that may be several rows has been noted.
    doubted: bool,
}

/// A number at the beginning of each row, without a name in the header, as R writes it.
#[derive(Clone, Copy, Debug)]
enum RowName {
    /// The first row tells.
    Unknown,
    Never,
    Last(i128),
}

impl Column {
    /// The second and third pair are the separator and whether quotes are more than letters, and which
    /// of how many columns it is.
    pub fn new(
        name: &str,
        (separator, quotes): (u8, bool),
        (place, columns): (usize, usize),
        header: bool,
    ) -> Column {
        let row_name = if header { RowName::Unknown } else { RowName::Never };
        Column {
            name: name.to_owned(),
            separator,
            quotes,
            place,
            columns,
            row_name,
            doubted: false,
        }
    }

    /// The separator, and whether quotes are more than letters.
    pub fn csv(&self) -> (u8, bool) {
        (self.separator, self.quotes)
    }

    /// The text of the next row.
    pub fn text(&mut self, mut row: Record, notes: &mut Vec<String>) -> Result<String, String> {
        let is_first = matches!(self.row_name, RowName::Unknown);
        self.row_name = self.name_of(&row)?;
        let unnamed = usize::from(matches!(self.row_name, RowName::Last(_)));
        let width = self.columns + unnamed;
        if row.fields.len() != width {
            return Err(uneven(&row, width));
        }
        let text = std::mem::take(&mut row.fields[self.place + unnamed]).into_owned();
        if is_first && unnamed > 0 {
            notes.push(row_names(&self.name, &text));
        }
        if !self.doubted && may_be_rows(&row, self.separator, width) {
            self.doubted = true;
            notes.push(format!(
                "line {}: a quote opens here and closes in line {}, and each line between looks like a \
                 row of its own, but is read as a part of one text: write a quote inside a quoted field \
                 twice; if quotes are letters like others here, set quotes: false in CsvOptions (other \
                 such texts are not noted)",
                row.line, row.last_line
            ));
        }
        Ok(text)
    }

    fn name_of(&self, row: &Record) -> Result<RowName, String> {
        let is_longer = row.fields.len() == self.columns + 1;
        let name = whole(&row.fields[0]).filter(|_| is_longer && !is_cut(row));
        let goes_on = row.fields.last().is_some_and(|last| !last.trim().is_empty());
        match (self.row_name, name) {
            (RowName::Unknown, Some(name)) if goes_on => Ok(RowName::Last(name)),
            (RowName::Last(last), Some(name)) if name != last => Ok(RowName::Last(name)),
            (RowName::Last(_), _) => Err(format!(
                "line {} has {} fields and should have {}, first a number of its own, as the rows before \
                 it have; the header has {}: each column needs a name there, and a text that holds the \
                 separator must stand in quotes",
                row.line,
                row.fields.len(),
                self.columns + 1,
                self.columns
            )),
            _ => Ok(RowName::Never),
        }
    }
}
