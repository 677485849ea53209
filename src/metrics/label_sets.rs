//! What a model says about texts that may have several labels.

use crate::display::{Html, Show, table, thousands};
use crate::error::{Error, Result};

/// What a model says about each text that may have several labels.
#[derive(Clone, Debug, PartialEq)]
pub struct MultiLabelPredictions {
    /// The probability of each label, f32, shape (texts, classes): the sigmoid of its logit. Those of
    /// a text don't add up to 1.
    pub probabilities: Vec<Vec<f32>>,
    /// What each class is called; its number, if it has no name.
    pub class_names: Vec<String>,
    /// A text gets the labels whose probability is this or more.
    pub threshold: f32,
}

impl MultiLabelPredictions {
    pub(crate) fn new(probabilities: Vec<Vec<f32>>, class_names: Vec<String>) -> Self {
        MultiLabelPredictions { probabilities, class_names, threshold: 0.5 }
    }

    /// The same probabilities with another threshold, 0 to 1.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is none.
    pub fn with_threshold(&self, threshold: f32) -> Result<MultiLabelPredictions> {
        if !(0.0..=1.0).contains(&threshold) {
            let remedy = "take a probability, 0 to 1; the more, the fewer labels";
            return Err(Error::argument("threshold", threshold, remedy));
        }
        Ok(MultiLabelPredictions { threshold, ..self.clone() })
    }

    /// The names of the labels that each text gets, in the order of the classes; it may be none.
    pub fn names(&self) -> Vec<Vec<String>> {
        let name = |class: usize| self.class_names.get(class).cloned().unwrap_or_default();
        let names =
            |row: Vec<bool>| (0..).zip(row).filter(|(_, has)| *has).map(|(c, _)| name(c)).collect();
        self.rows().map(names).collect()
    }

    /// Whether each text gets each label.
    pub(super) fn rows(&self) -> impl Iterator<Item = Vec<bool>> {
        let threshold = self.threshold;
        self.probabilities
            .iter()
            .map(move |row| row.iter().map(|probability| *probability >= threshold).collect())
    }

    /// Shows the first twenty texts in the notebook: the labels that each gets, and the probability of
    /// each class in percent, or, of more than eight classes, those of its labels alone.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

/// More columns than this are no table to be read.
const MOST_COLUMNS: usize = 8;

fn percent(probability: f32) -> String {
    format!("{:.1} %", 100.0 * probability)
}

impl Show for MultiLabelPredictions {
    fn to_html(&self) -> Html {
        let many = self.class_names.len() > MOST_COLUMNS;
        let classes = if many { &[] } else { &self.class_names[..] };
        let mut header = vec!["example", "labels"];
        header.extend(classes.iter().map(String::as_str));
        let rows: Vec<Vec<String>> = (0..)
            .zip(self.names().into_iter().zip(self.rows()).zip(&self.probabilities).take(20))
            .map(|(row, ((names, has), shares)): (usize, _)| {
                let of_labels = || shares.iter().zip(has).filter(|(_, has)| *has);
                let labels: Vec<String> = match many {
                    false => names,
                    true => names
                        .into_iter()
                        .zip(of_labels())
                        .map(|(name, (share, _))| format!("{name} {}", percent(*share)))
                        .collect(),
                };
                let shares = shares.iter().take(classes.len()).map(|share| percent(*share));
                [row.to_string(), labels.join(", ")].into_iter().chain(shares).collect()
            })
            .collect();
        let examples = match self.probabilities.len() {
            1 => "one example".to_owned(),
            examples => format!("{} examples", thousands(examples)),
        };
        let caption = format!("labels of {examples}: probability {} or more", self.threshold);
        table(&caption, &header, &rows)
    }
}
