//! The texts of files that may be larger than the memory.

mod column;
mod source;

use super::header::{names_of, place_of};
use super::separator;
use super::separator::{announced, given_separator};
use super::table::{CsvOptions, least};
use crate::error::Result;
use column::Column;
use source::Source;
use std::io::Read;

/// The texts of a file or a pipe of any size, in UTF-8, one after the other: its lines, or a column of a
/// CSV file. No more of it than one text and a block is held in memory. After an error there are no more
/// texts.
///
/// ```
/// use unit8::{CsvOptions, TextStream};
/// # use unit8::Result;
/// let file = "id;review\n1;\"Good;\nreally\"\n2;Bad\n".as_bytes();
/// let texts = TextStream::column(file, "my file", "review", &CsvOptions::default())?;
/// assert_eq!(texts.collect::<Result<Vec<_>>>()?, ["Good;\nreally", "Bad"]);
/// # Result::Ok(())
/// ```
#[derive(Debug)]
pub struct TextStream {
    source: Source,
    texts: Texts,
    notes: Vec<String>,
}

/// Where the texts are in what is read.
#[derive(Debug)]
enum Texts {
    Lines,
    Column(Column),
    None,
}

impl TextStream {
    /// The lines, without their ends (a line feed, or a carriage return and one). An empty line is an
    /// empty text. `name` stands in messages. Each line is an [`Error::File`](crate::Error::File) with
    /// its number if it can't be read, is not UTF-8, or larger than 64 MB.
    pub fn lines(input: impl Read + Send + 'static, name: &str) -> TextStream {
        let source = Source::new(Box::new(input), name);
        TextStream { source, texts: Texts::Lines, notes: Vec::new() }
    }

    /// A column of a CSV file, as [`Reviews::from_csv_with`](super::Reviews::from_csv_with) reads it,
    /// but for its encoding, which must be UTF-8, and what only the whole file can tell. The first row
    /// decides whether all begin with a number that has no name in the header. A text of several lines
    /// that may be rows which a stray quote joins is a text, even where it would be an error there,
    /// where the labels are known: [`take_notes`](Self::take_notes) has both. Of the options,
    /// `separator`, `quotes` and `header`
    /// count here. Missing texts are texts, too. A text is there as soon as its row is; a file without
    /// a header is first read up to 64 KB, unless the separator is given. Each text is an error as in [`lines`](Self::lines),
    /// also if its row has a quote that is not closed, or too many or too few fields.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if there is no such column, or what is read first is no CSV
    /// file in UTF-8, [`Error::Argument`](crate::Error::Argument) for a separator that can't be used.
    pub fn column(
        input: impl Read + Send + 'static,
        name: &str,
        column: &str,
        options: &CsvOptions,
    ) -> Result<TextStream> {
        let (header, quotes) = (options.header, options.quotes);
        let mut source = Source::new(Box::new(input), name);
        let begin = source.first_record(quotes && options.separator.is_none())?;
        let announced = announced(begin);
        let separator = match options.separator.or(announced) {
            Some(given) => given_separator(given)?,
            None if header => separator::by_names(begin, quotes, &[column]),
            None => separator::by_shape(source.first_block()?, quotes, least(&[column]))
                .map_err(|fault| source.refuse(&fault))?,
        };
        if announced.is_some() {
            source.line()?;
        }
        let found = source.record((separator, quotes), header, |first| {
            let names = names_of(&first, header);
            Ok((place_of(column, &names, header)?, names.len()))
        })?;
        let (place, columns) = found.ok_or_else(|| source.refuse("the file is empty"))?;
        let column = Column::new(column, (separator, quotes), (place, columns), header);
        Ok(TextStream { source, texts: Texts::Column(column), notes: Vec::new() })
    }

    /// What has been found out about the file since this was called last, a sentence each.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}

impl Iterator for TextStream {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        let next = match &mut self.texts {
            Texts::Lines => self.source.line(),
            Texts::Column(column) => {
                self.source.record(column.csv(), true, |row| column.text(row, &mut self.notes))
            }
            Texts::None => Ok(None),
        };
        if next.is_err() {
            self.texts = Texts::None;
        }
        next.transpose()
    }
}

#[cfg(test)]
mod tests;
