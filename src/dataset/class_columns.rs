//! The columns of the classes in the frame of reviews with several labels.

use super::cells::{self, Cell, Cells, Source};
use super::classes;
use super::quote::{list, quote};
use super::{MultiLabels, Reviews, frame};
use crate::error::{Error, Result};
use polars::prelude::{Column, DataFrame};

/// The columns that reviews have anyway, or get by a split.
const TAKEN: [&str; 3] = ["text", "label", "index"];

impl Reviews {
    /// The labels of texts that may have several, in the order of the rows, with the names of the
    /// classes.
    ///
    /// # Errors
    /// [`Error::Data`] if each text has one class ([`labels`](Self::labels) gives it), or the frame was
    /// changed and lacks a class, or with the row if something else than 0 and 1 stands there.
    pub fn multi_labels(&self) -> Result<MultiLabels> {
        if !self.is_multi_label() {
            return Err(Error::Data(format!(
                "the frame has not a column for each of the classes {}: take labels() where each text \
                 has one class, and from_csv_multi_label or its like for texts with several labels",
                list(&self.class_names)
            )));
        }
        let names = self.class_names.iter().map(String::as_str);
        let columns = names.map(|name| flags(&self.frame, name)).collect::<Result<_>>()?;
        let source = Source { refuse: &frame::row, lists: "put one of them there" };
        Ok(cells::labels(columns, None, &source)?.0)
    }

    /// Whether a text may have several labels.
    pub(super) fn is_multi_label(&self) -> bool {
        let has = |name: &str| self.frame.column(name).is_ok();
        let names = &self.class_names;
        !has("label") && !names.is_empty() && names.iter().all(|name| has(name))
    }

    /// The same with a column for each of these classes.
    pub(super) fn with_multi_labels(&self, labels: &MultiLabels) -> Result<Reviews> {
        let mut frame = self.frame.clone();
        for name in ["label"].into_iter().chain(self.class_names.iter().map(String::as_str)) {
            let _ = frame.drop_in_place(name);
        }
        let columns = frame.get_column_names();
        let is_taken =
            |name: &String| TAKEN.contains(&name.as_str()) || columns.iter().any(|c| *c == name);
        if let Some(name) = labels.class_names().iter().find(|name| is_taken(name)) {
            return Err(Error::Data(format!(
                "a class is called {}, as another column of the reviews is: rename one of them",
                quote(name)
            )));
        }
        for (class, name) in labels.class_names().iter().enumerate() {
            let values: Vec<i64> = labels.rows().iter().map(|row| row[class].into()).collect();
            frame.with_column(Column::new(name.into(), values))?;
        }
        Ok(Reviews { frame, class_names: labels.class_names().to_vec() })
    }

    /// [`with_class_names`](Self::with_class_names) where a text may have several labels.
    pub(super) fn with_classes(&self, names: &[String]) -> Result<(Reviews, Vec<String>)> {
        let labels = self.multi_labels()?;
        // A class that no text has needs no name.
        let counts = labels.class_counts();
        let used: Vec<usize> = (0..counts.len()).filter(|class| counts[*class] > 0).collect();
        let known: Vec<String> =
            used.iter().map(|class| labels.class_names()[*class].clone()).collect();
        let first = |class: usize| labels.rows().iter().position(|row| row[used[class]]);
        let refuse = |class, fault| frame::row(first(class).unwrap_or_default(), fault);
        let classes = classes::by_names(&known, names, refuse)?;
        let mut rows = vec![vec![false; names.len()]; labels.len()];
        for (row, old) in rows.iter_mut().zip(labels.rows()) {
            for (class, place) in used.iter().zip(&classes.labels) {
                row[*place as usize] |= old[*class];
            }
        }
        let reviews = self.with_multi_labels(&MultiLabels::new(rows, names)?)?;
        Ok((reviews, classes.note.into_iter().collect()))
    }
}

/// A column of 0 and 1.
pub fn flags<'a>(table: &DataFrame, name: &'a str) -> Result<Cells<'a>> {
    let values = frame::labels(frame::column(table, name)?)?;
    Ok(Cells { name, cells: values.into_iter().map(Cell::One).collect() })
}
