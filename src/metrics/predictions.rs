//! What a model says about each example.

use crate::dataset::are_names;
use crate::display::{Html, Show, table};

/// What a model says about each example.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// The probability of each class, f32, shape (examples, classes): the softmax of the logits.
    pub probabilities: Vec<Vec<f32>>,
    /// What each class is called; its number, if it has no name.
    pub class_names: Vec<String>,
}

impl Predictions {
    /// The most probable class of each example; of equals, the first.
    pub fn classes(&self) -> Vec<i64> {
        self.probabilities.iter().map(|row| largest(row) as i64).collect()
    }

    /// The names of these classes.
    pub fn names(&self) -> Vec<String> {
        let name = |row: &Vec<f32>| self.class_names.get(largest(row)).cloned().unwrap_or_default();
        self.probabilities.iter().map(name).collect()
    }

    /// How sure the model is of each example's class: its probability, 0 to 1.
    pub fn confidences(&self) -> Vec<f32> {
        self.probabilities.iter().map(|row| row.get(largest(row)).copied().unwrap_or(0.0)).collect()
    }

    /// Shows the first twenty examples in the notebook: the probability of each class in percent, or,
    /// of more than ten classes, the most probable ones.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }

    /// The most probable classes of an example, "ham 97.3 %".
    fn most_probable(&self, row: &[f32]) -> Vec<String> {
        let mut classes: Vec<usize> = (0..row.len()).collect();
        classes.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        let name = |class: usize| self.class_names.get(class).map_or("", String::as_str);
        let first = classes.into_iter().take(3);
        first.map(|class| format!("{} {}", name(class), percent(row[class]))).collect()
    }
}

/// More columns than this are no table to be read.
const MOST_COLUMNS: usize = 10;

fn percent(probability: f32) -> String {
    format!("{:.1} %", 100.0 * probability)
}

impl Show for Predictions {
    fn to_html(&self) -> Html {
        let (names, named) = (&self.class_names, are_names(&self.class_names));
        let many = names.len() > MOST_COLUMNS;
        let header: Vec<String> = match many {
            true => ["most probable", "second", "third"].map(str::to_owned).into(),
            false if named => names.clone(),
            false => names.iter().map(|number| format!("class {number}")).collect(),
        };
        let header: Vec<&str> =
            ["example"].into_iter().chain(header.iter().map(String::as_str)).collect();
        let cells = |shares: &[f32]| match many {
            true => self.most_probable(shares),
            false => shares.iter().map(|&share| percent(share)).collect(),
        };
        let rows: Vec<Vec<String>> = (0..)
            .zip(self.probabilities.iter().take(20))
            .map(|(row, shares): (usize, _)| {
                [row.to_string()].into_iter().chain(cells(shares)).collect()
            })
            .collect();
        let caption = match self.probabilities.len() {
            1 => "probabilities of one example".to_owned(),
            examples => format!("probabilities of {examples} examples"),
        };
        table(&caption, &header, &rows)
    }
}

/// Where the largest of some numbers is, the first of several.
pub fn largest(row: &[f32]) -> usize {
    (0..row.len())
        .reduce(|best, class| if row[class] > row[best] { class } else { best })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::numbered;

    #[test]
    fn of_equally_probable_classes_the_first_is_predicted() {
        let probabilities = vec![vec![0.25, 0.375, 0.375]];
        let class_names = ["ham", "spam", "egg"].map(str::to_owned).into();
        let predictions = Predictions { probabilities, class_names };
        assert_eq!(predictions.classes(), [1]);
        assert_eq!(predictions.names(), ["spam"]);
        assert_eq!(predictions.confidences(), [0.375]);
    }

    #[test]
    fn the_table_has_the_names_or_numbers_of_the_classes() {
        let shown = |class_names: &[&str]| {
            let class_names = class_names.iter().map(|name| (*name).to_owned()).collect();
            let predictions = Predictions { probabilities: vec![vec![0.25, 0.75]], class_names };
            predictions.to_html().text().to_owned()
        };
        assert!(shown(&["ham", "spam"]).contains("\nexample  ham     spam\n"));
        assert!(shown(&["0", "1"]).contains("class 0  class 1"));
    }

    #[test]
    fn of_many_classes_the_most_probable_are_shown() {
        let probabilities = vec![(0..77).map(|class| class as f32 / 2926.0).collect()];
        let shown = Predictions { probabilities, class_names: numbered(77) }.to_html();
        assert!(shown.text().contains("76 2.6 %"), "{}", shown.text());
        assert!(!shown.text().contains("class 70"));
    }
}
