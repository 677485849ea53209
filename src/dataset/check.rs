//! What may be wrong with somebody's data before anything is learned from it.

use super::quote::quote;
use super::{CsvOptions, Reviews, Splits};
use crate::display::{Html, Show, table, thousands};
use crate::error::{Error, Result};
use polars::prelude::{BooleanChunked, NewChunkedArray};
use std::collections::{HashMap, HashSet};

/// What [`Reviews::check`] found. Rows are numbered from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct DataCheck {
    /// The rows without a text: nothing but spaces, or a word that stands for nothing, see
    /// [`CsvOptions::missing`].
    pub missing: Vec<usize>,
    /// The rows of each text that is there several times, in their order; capitals and spaces don't
    /// count.
    pub duplicates: Vec<Vec<usize>>,
    /// Those of `duplicates` that have different labels.
    pub conflicts: Vec<Vec<usize>>,
    /// What is shown.
    lines: Vec<[String; 3]>,
}

impl DataCheck {
    /// The rows that had better go: those without a text, and of each text that is there several
    /// times all but the first, or, if their labels differ, all, as nobody knows which is right. For
    /// [`Reviews::drop_rows`].
    pub fn surplus(&self) -> Vec<usize> {
        // Each is known by its first row.
        let conflicts: HashSet<Option<&usize>> =
            self.conflicts.iter().map(|rows| rows.first()).collect();
        let copies = self.duplicates.iter().flat_map(|rows| {
            let keeps_first = usize::from(!conflicts.contains(&rows.first()));
            rows.iter().skip(keeps_first)
        });
        let mut rows: Vec<usize> = self.missing.iter().chain(copies).copied().collect();
        rows.sort_unstable();
        rows
    }

    /// Shows what was found in the notebook, with an example of each.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Show for DataCheck {
    fn to_html(&self) -> Html {
        let lines: Vec<Vec<String>> = self.lines.iter().map(|line| line.to_vec()).collect();
        table("a check of the data", &["found", "number", "for example"], &lines)
    }
}

impl Reviews {
    /// Looks for what may be wrong with the data: texts that are missing or there several times, labels
    /// that contradict each other, classes that are rare, texts that are very short or long. Nothing
    /// is changed.
    ///
    /// ```
    /// # use unit8::{Result, Reviews};
    /// let texts = ["Where is my card?", "where is  my card?", "n/a"].map(str::to_owned);
    /// let reviews = Reviews::from_rows(texts.into(), vec![0, 1, 1])?;
    /// let check = reviews.check()?;
    /// assert_eq!((check.missing, check.conflicts), (vec![2], vec![vec![0, 1]]));
    /// # Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// As [`Reviews::texts`] and [`Reviews::labels`] or [`Reviews::multi_labels`].
    pub fn check(&self) -> Result<DataCheck> {
        let (texts, labels) = (self.texts()?, self.label_sets()?);
        let nothing = CsvOptions::default().missing;
        let is_missing = |text: &str| text.is_empty() || nothing.iter().any(|word| word == text);
        let mut missing = Vec::new();
        let mut rows_of: HashMap<String, Vec<usize>> = HashMap::new();
        for (row, text) in texts.iter().enumerate() {
            match is_missing(text.trim()) {
                true => missing.push(row),
                false => rows_of.entry(folded(text)).or_default().push(row),
            }
        }
        let mut duplicates: Vec<Vec<usize>> =
            rows_of.into_values().filter(|rows| rows.len() > 1).collect();
        duplicates.sort_unstable();
        let differ = |rows: &&Vec<usize>| rows.iter().any(|row| labels[*row] != labels[rows[0]]);
        let conflicts = duplicates.iter().filter(differ).cloned().collect();
        let mut check = DataCheck { missing, duplicates, conflicts, lines: Vec::new() };
        check.lines = self.lines(&check, &texts)?;
        Ok(check)
    }

    /// The classes of each row: one, or, where a text may have several labels, any number.
    fn label_sets(&self) -> Result<Vec<Vec<i64>>> {
        if !self.is_multi_label() {
            return Ok(self.labels()?.into_iter().map(|label| vec![label]).collect());
        }
        let set = |row: &Vec<bool>| {
            (0..).zip(row).filter(|(_, has)| **has).map(|(class, _)| class).collect()
        };
        Ok(self.multi_labels()?.rows().iter().map(set).collect())
    }

    /// What a check shows: found, number, for example.
    fn lines(&self, check: &DataCheck, texts: &[String]) -> Result<Vec<[String; 3]>> {
        let copies = |groups: &[Vec<usize>]| groups.iter().map(|rows| rows.len() - 1).sum();
        let to_the_letter = |rows: &Vec<usize>| {
            let distinct: HashSet<&String> = rows.iter().map(|row| &texts[*row]).collect();
            rows.len() - distinct.len()
        };
        let example = |groups: &[Vec<usize>]| {
            let show = |rows: &Vec<usize>| {
                format!("rows {} and {}: {}", rows[0], rows[1], quote(&texts[rows[0]]))
            };
            groups.first().map_or(String::new(), show)
        };
        let line = |found: &str, number: usize, example: String| {
            [found.to_owned(), thousands(number), example]
        };
        let missing = check.missing.first().map_or(String::new(), |row| format!("row {row}"));
        let mut lines = vec![
            line("texts", texts.len(), String::new()),
            line("missing texts", check.missing.len(), missing),
            line(
                "copies of an earlier text, but for capitals and spaces",
                copies(&check.duplicates),
                example(&check.duplicates),
            ),
            line(
                "of these, copies to the letter",
                check.duplicates.iter().map(to_the_letter).sum(),
                String::new(),
            ),
            line(
                "texts with several different labels",
                check.conflicts.len(),
                example(&check.conflicts),
            ),
            line("classes", self.class_names.len(), String::new()),
        ];
        let counts = self.class_counts()?;
        let mut classes: Vec<usize> = (0..counts.len()).collect();
        classes.sort_by_key(|class| counts[*class]);
        for (found, class) in
            [("texts of the rarest class", classes.first()), ("of the largest", classes.last())]
        {
            let name = |class: &usize| self.class_names[*class].clone();
            lines.extend(class.map(|class| line(found, counts[*class], name(class))));
        }
        let words = |row: usize| texts[row].split_whitespace().count();
        let mut rows: Vec<usize> = (0..texts.len()).collect();
        rows.sort_by_cached_key(|row| words(*row));
        for (found, row) in [
            ("words of the shortest text", rows.first()),
            ("of the median", rows.get(rows.len() / 2)),
            ("of the longest", rows.last()),
        ] {
            let text = |row: &usize| format!("row {row}: {}", quote(&texts[*row]));
            lines.extend(row.map(|row| line(found, words(*row), text(row))));
        }
        Ok(lines)
    }

    /// The same without the rows of these numbers, from 0, in whatever order; a number may be there
    /// twice.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such row, [`Error::Data`] if no row is left.
    pub fn drop_rows(&self, rows: &[usize]) -> Result<Reviews> {
        if let Some(row) = rows.iter().find(|row| **row >= self.len()) {
            let remedy = format!("there are {} reviews, numbered from 0", self.len());
            return Err(Error::argument("rows", row, remedy));
        }
        let mut keep = vec![true; self.len()];
        rows.iter().for_each(|row| keep[*row] = false);
        if !keep.contains(&true) {
            return Err(Error::Data("no review would be left".to_owned()));
        }
        let frame = self.frame.filter(&BooleanChunked::from_slice("keep".into(), &keep))?;
        Ok(Reviews { frame, class_names: self.class_names.clone() })
    }
}

/// What [`Splits::overlaps`] found: texts that a model has seen before it is judged by them.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlaps {
    /// The rows of val whose texts are in train, too.
    pub val: Vec<usize>,
    /// The rows of test whose texts are in train or val, too.
    pub test: Vec<usize>,
    lines: Vec<Vec<String>>,
}

impl Overlaps {
    /// Shows how many there are in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Show for Overlaps {
    fn to_html(&self) -> Html {
        let header = ["split", "reviews", "in an earlier split, too", "for example"];
        table("texts in two splits", &header, &self.lines)
    }
}

impl Splits {
    /// Looks for texts that are in two of the three parts, which makes a model look better than it is;
    /// capitals and spaces don't count. [`Reviews::check`] finds them before the split.
    ///
    /// # Errors
    /// As [`Reviews::texts`].
    pub fn overlaps(&self) -> Result<Overlaps> {
        let mut seen: HashSet<String> = HashSet::new();
        let (mut found, mut lines) = (Vec::new(), Vec::new());
        for (name, reviews) in self.named() {
            let texts = reviews.texts()?;
            let keys: Vec<String> = texts.iter().map(|text| folded(text)).collect();
            let rows: Vec<usize> =
                (0..keys.len()).filter(|row| seen.contains(&keys[*row])).collect();
            let example = rows.first().map(|row| format!("row {row}: {}", quote(&texts[*row])));
            let numbers = [texts.len(), rows.len()].map(thousands);
            let cells = [name.to_owned()].into_iter().chain(numbers);
            lines.push(cells.chain([example.unwrap_or_default()]).collect());
            found.push(rows);
            seen.extend(keys.into_iter().filter(|key| !key.is_empty()));
        }
        let test = found.pop().unwrap_or_default();
        Ok(Overlaps { val: found.pop().unwrap_or_default(), test, lines })
    }
}

/// A text without what makes no difference: capitals, and how many spaces of which kind there are.
fn folded(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reviews(rows: &[(&str, i64)]) -> Reviews {
        let (texts, labels): (_, Vec<i64>) =
            rows.iter().map(|&(text, label)| (text.to_owned(), label)).unzip();
        Reviews::from_rows(texts, labels).unwrap()
    }

    #[test]
    fn a_check_finds_what_is_missing_twice_or_contradicts_itself() {
        let check = reviews(&[
            ("Where is my card?", 0),
            ("", 0),
            ("It broke.", 1),
            ("where is\u{a0} my\nCARD?", 0),
            ("It broke.", 1),
            (" NA ", 1),
            ("it broke. ", 2),
            ("ÄRGER", 2),
            ("ärger", 2),
            ("It broke", 2),
        ])
        .check()
        .unwrap();
        assert_eq!(check.missing, [1, 5]);
        assert_eq!(check.duplicates, [vec![0, 3], vec![2, 4, 6], vec![7, 8]]);
        assert_eq!(check.conflicts, [[2, 4, 6]]);
        assert_eq!(check.surplus(), [1, 2, 3, 4, 5, 6, 8]);
        let shown = check.to_html();
        let numbers: Vec<&str> = check.lines.iter().map(|line| line[1].as_str()).collect();
        assert_eq!(numbers, ["10", "2", "4", "1", "1", "3", "3", "4", "0", "2", "4"]);
        assert!(shown.text().contains("rows 2 and 4: \"It broke.\""), "{}", shown.text());
    }

    #[test]
    fn sets_of_labels_contradict_each_other_where_they_differ() {
        let folder = crate::files::test_folder("check-sets");
        let path = folder.join("mine.csv");
        std::fs::write(&path, "text,a,b\nx,1,1\ny,0,0\nX,1,1\ny,0,1\n").unwrap();
        let options = CsvOptions::default();
        let check =
            Reviews::from_csv_multi_label(&path, "text", &["a", "b"], &options).unwrap().check();
        let check = check.unwrap();
        assert_eq!(
            (check.duplicates, check.conflicts),
            (vec![vec![0, 2], vec![1, 3]], vec![vec![1, 3]])
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn good_data_have_nothing_to_drop() {
        let good = reviews(&[("a", 0), ("b", 1)]);
        let check = good.check().unwrap();
        assert!(check.surplus().is_empty() && check.duplicates.is_empty());
        assert!(good.drop_rows(&check.surplus()).unwrap().frame.equals(&good.frame));
    }

    #[test]
    fn rows_are_dropped_with_all_their_columns() {
        let all = reviews(&[("a", 0), ("b", 1), ("c", 2), ("d", 0)]);
        let some = all.drop_rows(&[3, 1, 3]).unwrap();
        assert_eq!(
            (some.texts().unwrap(), some.class_names),
            (vec!["a".to_owned(), "c".to_owned()], all.class_names.clone())
        );
        let error = all.drop_rows(&[0, 4]).unwrap_err().to_string();
        assert_eq!(error, "rows = 4: there are 4 reviews, numbered from 0");
        assert!(all.drop_rows(&[0, 1, 2, 3]).unwrap_err().to_string().contains("no review"));
    }

    #[test]
    fn texts_in_two_splits_are_found() {
        let splits = Splits {
            train: reviews(&[("a", 0), ("b", 1), ("", 0)]),
            val: reviews(&[("B ", 1), ("c", 0), ("", 1)]),
            test: reviews(&[("d", 0), ("C", 0), ("a", 1)]),
        };
        let overlaps = splits.overlaps().unwrap();
        assert_eq!((overlaps.val.clone(), overlaps.test.clone()), (vec![0], vec![1, 2]));
        let shown = overlaps.to_html();
        assert!(shown.text().contains("test   3        2"), "{}", shown.text());
    }
}
