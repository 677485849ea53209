//! Class numbers, and what the classes are called.

use super::check_labels;
use super::quote::list;
use crate::display::{Html, Show, table, thousands};
use crate::error::{Error, Result};
use std::collections::{BTreeSet, HashSet};
use std::ops::Deref;

/// The class of each example, 0, 1, 2, ..., with the names of the classes where they are known. It
/// is used like the slice of its numbers: `labels[row]`, `labels.iter()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    numbers: Vec<i64>,
    class_names: Vec<String>,
}

impl Labels {
    /// The same with these names, that of class 0 first: as many as there are classes, also those
    /// that no example has.
    ///
    /// ```
    /// use unit8::Labels;
    ///
    /// let labels = Labels::from(vec![1, 0, 0]).called(["ham", "spam"]);
    /// assert_eq!(labels, [1, 0, 0]);
    /// assert_eq!(labels.class_names(), ["ham", "spam"]);
    /// ```
    pub fn called<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Labels {
        Labels { class_names: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// The labels of these rows, in this order, with the names of all classes: for a choice or an
    /// order of one's own, as [`CountMatrix::select_rows`](crate::CountMatrix::select_rows).
    ///
    /// ```
    /// use unit8::Labels;
    ///
    /// let labels = Labels::from(vec![1, 0, 0]).called(["ham", "spam"]).select_rows(&[2, 1])?;
    /// assert_eq!(labels, [0, 0]);
    /// assert_eq!(labels.class_names(), ["ham", "spam"]);
    /// # unit8::Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such row.
    pub fn select_rows(&self, rows: &[usize]) -> Result<Labels> {
        let label = |&row: &usize| {
            self.numbers.get(row).copied().ok_or_else(|| {
                let count = thousands(self.len());
                Error::argument("rows", row, format!("there are {count} labels, numbered from 0"))
            })
        };
        let numbers = rows.iter().map(label).collect::<Result<_>>()?;
        Ok(Labels { numbers, class_names: self.class_names() })
    }

    /// What class 0, 1, 2, ... is called: the names that were given, else the numbers.
    pub fn class_names(&self) -> Vec<String> {
        if !self.class_names.is_empty() {
            return self.class_names.clone();
        }
        let largest = self.iter().max().filter(|_| check_labels(self).is_ok());
        numbered(largest.map_or(0, |label| *label as usize + 1))
    }

    /// # Errors
    /// [`Error::Data`] if a label is no class number or has no name, or two classes have one name.
    pub(crate) fn check(&self) -> Result<()> {
        check_labels(self)?;
        let names = &self.class_names;
        let nameless = self.iter().find(|label| **label >= names.len() as i64);
        if let Some(label) = nameless.filter(|_| !names.is_empty()) {
            return Err(Error::Data(format!(
                "label {label}, but there are names for the classes 0 to {} only ({}): name all \
                 classes, in the order of their numbers",
                names.len() - 1,
                list(names)
            )));
        }
        let mut seen = HashSet::new();
        match names.iter().find(|name| !seen.insert(*name)) {
            None => Ok(()),
            Some(name) => Err(Error::Data(format!(
                "two classes are called {name:?}: give each a name of its own"
            ))),
        }
    }

    /// What is to be said of labels without names that leave out class numbers, as those do that
    /// count from 1. One class alone is no data to train on, and may be any.
    pub(crate) fn gap(&self) -> Option<String> {
        let used: BTreeSet<i64> = self.iter().copied().collect();
        let classes = used.last()? + 1;
        if !self.class_names.is_empty() || used.len() == 1 || used.len() as i64 == classes {
            return None;
        }
        let labels = list(used.iter().map(i64::to_string));
        Some(format!(
            "the labels {labels} are taken for class numbers, which count from 0: {classes} classes, \
             {} of them without an example. Number them from 0 without a gap if that is not meant; \
             Reviews::from_frame does so, and keeps your numbers as names",
            classes - used.len() as i64
        ))
    }

    /// Shows how many examples each class has in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Show for Labels {
    fn to_html(&self) -> Html {
        if let Err(error) = self.check() {
            return error.to_string().to_html();
        }
        let names = self.class_names();
        let mut counts = vec![0; names.len()];
        self.iter().for_each(|&label| counts[label as usize] += 1);
        let row = |(label, (name, count)): (usize, (String, usize))| {
            vec![label.to_string(), name, thousands(count)]
        };
        let rows: Vec<Vec<String>> = names.into_iter().zip(counts).enumerate().map(row).collect();
        table(&format!("{} labels", thousands(self.len())), &["label", "class", "examples"], &rows)
    }
}

impl Deref for Labels {
    type Target = [i64];

    fn deref(&self) -> &[i64] {
        &self.numbers
    }
}

impl From<Vec<i64>> for Labels {
    fn from(numbers: Vec<i64>) -> Labels {
        Labels { numbers, class_names: Vec::new() }
    }
}

impl IntoIterator for Labels {
    type Item = i64;
    type IntoIter = std::vec::IntoIter<i64>;

    fn into_iter(self) -> Self::IntoIter {
        self.numbers.into_iter()
    }
}

impl<'a> IntoIterator for &'a Labels {
    type Item = &'a i64;
    type IntoIter = std::slice::Iter<'a, i64>;

    fn into_iter(self) -> Self::IntoIter {
        self.numbers.iter()
    }
}

impl PartialEq<[i64]> for Labels {
    fn eq(&self, other: &[i64]) -> bool {
        self.numbers == other
    }
}

impl PartialEq<&[i64]> for Labels {
    fn eq(&self, other: &&[i64]) -> bool {
        self.numbers == *other
    }
}

impl<const N: usize> PartialEq<[i64; N]> for Labels {
    fn eq(&self, other: &[i64; N]) -> bool {
        self.numbers == other
    }
}

impl PartialEq<Vec<i64>> for Labels {
    fn eq(&self, other: &Vec<i64>) -> bool {
        self.numbers == *other
    }
}

/// The names of so many classes that have only numbers.
pub(crate) fn numbered(classes: usize) -> Vec<String> {
    (0..classes).map(|class| class.to_string()).collect()
}

/// Whether these say more than the numbers of the classes.
pub(crate) fn are_names(names: &[String]) -> bool {
    names.iter().enumerate().any(|(class, name)| *name != class.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_their_numbers() {
        let labels = Labels::from(vec![1, 0, 2]);
        assert_eq!(labels, [1, 0, 2]);
        assert_eq!(labels, vec![1, 0, 2]);
        assert_ne!(labels, [1, 0][..]);
        assert_eq!((labels[2], labels.len(), labels.iter().max()), (2, 3, Some(&2)));
        assert_eq!((&labels).into_iter().sum::<i64>(), labels.clone().into_iter().sum::<i64>());
        assert_eq!(labels.class_names(), ["0", "1", "2"]);
        assert!(Labels::default().class_names().is_empty());
        assert!(Labels::from(vec![-7]).class_names().is_empty());
        assert!(Labels::from(vec![i64::MAX]).class_names().is_empty());
    }

    #[test]
    fn names_that_do_not_fit_are_refused() {
        let error = |numbers: Vec<i64>, names: &[&str]| {
            let labels = Labels::from(numbers).called(names.to_vec());
            labels.check().unwrap_err().to_string()
        };
        let few = error(vec![0, 2], &["ham", "spam"]);
        assert!(few.starts_with("label 2, but there are names for the classes 0 to 1"), "{few}");
        assert!(few.contains("(ham, spam)"), "{few}");
        let twice = error(vec![0], &["ham", "egg", "ham"]);
        assert_eq!(twice, "two classes are called \"ham\": give each a name of its own");
        assert!(error(vec![-1], &["ham"]).starts_with("label -1"));
        assert!(Labels::from(vec![0, 0]).called(["ham", "spam"]).check().is_ok());
    }

    #[test]
    fn rows_of_labels_keep_the_names_of_all_classes() {
        let labels = Labels::from(vec![2, 0, 1]).called(["ham", "spam", "egg"]);
        let some = labels.select_rows(&[1, 2, 1]).unwrap();
        assert_eq!(some, [0, 1, 0]);
        assert_eq!(some.class_names(), labels.class_names());
        // Numbers are names, too: the largest class may be in no row.
        assert_eq!(Labels::from(vec![2, 0]).select_rows(&[1]).unwrap().class_names().len(), 3);
        assert!(labels.select_rows(&[]).unwrap().is_empty());
        let error = labels.select_rows(&[0, 3]).unwrap_err().to_string();
        assert_eq!(error, "rows = 3: there are 3 labels, numbered from 0");
    }

    #[test]
    fn class_numbers_that_are_left_out_are_said() {
        let stars = Labels::from(vec![5, 1, 2, 3, 4, 1]);
        let said = stars.gap().unwrap();
        assert!(said.starts_with("the labels 1, 2, 3, 4, 5 are taken for"), "{said}");
        assert!(said.contains("6 classes, 1 of them without an example"), "{said}");
        assert!(Labels::from(vec![0, 4]).gap().unwrap().contains("5 classes, 3 of them"));
        for fine in [vec![], vec![1], vec![0, 0], vec![2, 1, 0]] {
            assert_eq!(Labels::from(fine).gap(), None);
        }
        assert_eq!(stars.called(["none", "1", "2", "3", "4", "5"]).gap(), None);
    }

    #[test]
    fn labels_show_their_classes() {
        let labels = Labels::from(vec![1, 0, 1]).called(["ham", "spam", "<b>"]);
        let shown = labels.to_html();
        assert!(shown.text().contains("1      spam   2"), "{}", shown.text());
        assert!(!shown.html().contains("<b>"));
        assert!(Labels::from(vec![-5]).to_html().text().contains("label -5"));
    }

    #[test]
    fn numbers_are_no_names() {
        assert!(!are_names(&numbered(3)) && !are_names(&[]));
        assert!(are_names(&["1".to_owned(), "2".to_owned()]));
    }
}
