//! Texts that have any number of labels at once.

use super::classes::MAX_CLASSES;
use super::quote::list;
use crate::display::{Html, Show, table, thousands};
use crate::error::{Error, Result};
use std::collections::HashSet;

/// The labels of each text where it may have any number of them, none included: a row of booleans,
/// one for each class. In scikit-learn: a multilabel indicator matrix.
///
/// ```
/// use unit8::MultiLabels;
///
/// let labels = MultiLabels::new(vec![vec![true, false], vec![false, false]], ["sport", "politics"])?;
/// assert_eq!(labels.names(0), ["sport"]);
/// assert!(labels.names(1).is_empty());
/// # unit8::Result::Ok(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiLabels {
    rows: Vec<Vec<bool>>,
    class_names: Vec<String>,
}

impl MultiLabels {
    /// Puts rows, shape (texts, classes), and the names of the classes together.
    ///
    /// # Errors
    /// [`Error::Data`] if there are no classes or more than a thousand, with the row if it is longer
    /// or shorter than there are classes, or if two classes have one name or one has an empty name.
    pub fn new<S: Into<String>>(
        rows: Vec<Vec<bool>>,
        class_names: impl IntoIterator<Item = S>,
    ) -> Result<MultiLabels> {
        let class_names: Vec<String> = class_names.into_iter().map(Into::into).collect();
        let classes = class_names.len();
        if !(1..=MAX_CLASSES as usize).contains(&classes) {
            return Err(Error::Data(format!("{classes} classes: take 1 to {MAX_CLASSES}")));
        }
        let mut seen = HashSet::new();
        if let Some(name) =
            class_names.iter().find(|name| name.is_empty() || !seen.insert(name.as_str()))
        {
            let which = if name.is_empty() { "a class has" } else { "two classes have" };
            return Err(Error::Data(format!(
                "{which} the name {name:?}: give each one of its own"
            )));
        }
        match rows.iter().position(|row| row.len() != classes) {
            None => Ok(MultiLabels { rows, class_names }),
            Some(at) => Err(Error::Data(format!(
                "row {at} (from 0) has {} values, and there are {classes} classes ({}): each row has \
                 one for each class",
                rows[at].len(),
                list(&class_names)
            ))),
        }
    }

    /// Whether each text has each label, shape (texts, classes).
    pub fn rows(&self) -> &[Vec<bool>] {
        &self.rows
    }

    /// The labels of these rows, in this order: for a choice or an order of one's own, as
    /// [`Labels::select_rows`](super::Labels::select_rows).
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such row.
    pub fn select_rows(&self, rows: &[usize]) -> Result<MultiLabels> {
        let labels = |&row: &usize| {
            self.rows.get(row).cloned().ok_or_else(|| {
                let count = thousands(self.len());
                Error::argument("rows", row, format!("there are {count} texts, numbered from 0"))
            })
        };
        let rows = rows.iter().map(labels).collect::<Result<_>>()?;
        Ok(MultiLabels { rows, class_names: self.class_names.clone() })
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What class 0, 1, 2, ... is called.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The names of the labels that a text has; none where there is no such row.
    pub fn names(&self, row: usize) -> Vec<String> {
        let row = self.rows.get(row).into_iter().flatten();
        let has = row.zip(&self.class_names).filter(|(has, _)| **has);
        has.map(|(_, name)| name.clone()).collect()
    }

    /// How many texts have each label: element c counts those with class c.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.class_names.len()];
        for row in &self.rows {
            row.iter().zip(&mut counts).for_each(|(has, count)| *count += usize::from(*has));
        }
        counts
    }

    /// How many texts have no label.
    pub fn without_label(&self) -> usize {
        self.rows.iter().filter(|row| !row.contains(&true)).count()
    }

    /// Shows how many texts have each label in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Show for MultiLabels {
    fn to_html(&self) -> Html {
        let counts = self.class_names.iter().zip(self.class_counts());
        let rows: Vec<Vec<String>> =
            counts.map(|(name, count)| vec![name.clone(), thousands(count)]).collect();
        let (all, without) = (thousands(self.len()), thousands(self.without_label()));
        let caption = format!("{all} texts, each with any number of labels; {without} have none");
        table(&caption, &["class", "texts"], &rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_names_fit_or_are_refused() {
        let labels =
            MultiLabels::new(vec![vec![true, true], vec![false; 2]], ["a", "<b>"]).unwrap();
        assert_eq!(
            (labels.names(0), labels.names(1), labels.names(9)),
            (vec!["a".to_owned(), "<b>".to_owned()], vec![], vec![])
        );
        assert_eq!((labels.class_counts(), labels.without_label()), (vec![1, 1], 1));
        let turned = labels.select_rows(&[1, 0, 0]).unwrap();
        assert_eq!(
            (turned.class_counts(), turned.class_names()),
            (vec![2, 2], labels.class_names())
        );
        assert!(
            labels.select_rows(&[2]).unwrap_err().to_string().starts_with("rows = 2: there are 2")
        );
        let shown = labels.to_html();
        assert!(shown.text().contains("2 texts") && !shown.html().contains("<b>"));
        let error =
            |rows, names: &[&str]| MultiLabels::new(rows, names.to_vec()).unwrap_err().to_string();
        let uneven = error(vec![vec![true], vec![true, false]], &["a"]);
        assert!(uneven.starts_with("row 1 (from 0) has 2 values, and there are 1 classes (a)"));
        assert!(error(vec![], &["a", "a"]).starts_with("two classes have the name \"a\""));
        assert!(error(vec![], &["a", ""]).starts_with("a class has the name \"\""));
        assert!(error(vec![vec![]], &[]).starts_with("0 classes"));
    }
}
