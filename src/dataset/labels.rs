//! Class numbers, and what the classes are called.

use super::check_labels;
use super::quote::list;
use crate::display::{Html, Show, table, thousands};
use crate::error::{Error, Result};
use std::collections::HashSet;
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
