//! An evaluation as a table.

use super::{ClassMetrics, Evaluation};
use crate::display::{Html, Show, table};

/// Of so many classes the whole confusion matrix is shown.
const MOST_COLUMNS: usize = 10;

impl Evaluation {
    /// Shows accuracy, loss, the confusion matrix, the metrics of each class and their means in the
    /// notebook. Of more than ten classes, instead of the matrix, what each is most often taken for.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }

    /// The last cells of a class's row: which classes its examples were taken for.
    fn taken_for(&self, class: usize) -> Vec<String> {
        let row = &self.confusion[class];
        if row.len() <= MOST_COLUMNS {
            return row.iter().map(usize::to_string).collect();
        }
        let others = (0..row.len()).filter(|&other| other != class && row[other] > 0);
        let most = others.reduce(|best, other| if row[other] > row[best] { other } else { best });
        vec![most.map_or(String::new(), |other| format!("{} ({})", self.name(other), row[other]))]
    }
}

impl Show for Evaluation {
    fn to_html(&self) -> Html {
        let names = self.names();
        let last: Vec<String> = match names.len() <= MOST_COLUMNS {
            true => names.iter().map(|name| format!("predicted {name}")).collect(),
            false => vec!["most often taken for".to_owned()],
        };
        let mut header = vec!["true class", "precision", "recall", "F1", "examples"];
        header.extend(last.iter().map(String::as_str));
        let mut rows: Vec<Vec<String>> =
            self.class_metrics().iter().map(ClassMetrics::cells).collect();
        for (class, row) in rows.iter_mut().enumerate() {
            row.extend(self.taken_for(class));
        }
        rows.extend([self.macro_avg(), self.weighted_avg()].iter().map(ClassMetrics::cells));
        let summary = format!(
            "accuracy {:.2} %, loss {:.4}, over {} examples",
            100.0 * self.accuracy,
            self.loss,
            self.labels.len(),
        );
        table(&summary, &header, &rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::evaluation::tests::{evaluation, sure};

    #[test]
    fn tables_have_the_names_of_the_classes() {
        let shown = |names: Vec<String>| {
            let mut evaluation = evaluation(&[0, 0, 1], &sure(&[0, 1, 1]), names.len());
            evaluation.predictions.class_names = names;
            evaluation.to_html().text().to_owned()
        };
        let few = shown(["ham", "spam"].map(str::to_owned).into());
        assert!(few.contains("predicted ham  predicted spam"), "{few}");
        assert!(few.contains("\nspam ") && few.contains("\nmacro average "), "{few}");
        let many = shown((0..77).map(|class| format!("class_{class}")).collect());
        assert!(!many.contains("predicted class_0") && many.contains("class_1 (1)"), "{many}");
    }

    #[test]
    fn names_that_a_notebook_has_changed_may_be_too_few() {
        let mut evaluation = evaluation(&[0, 1, 1], &sure(&[0, 1, 0]), 2);
        evaluation.predictions.class_names = vec!["ham".to_owned()];
        assert!(evaluation.to_html().text().contains("\n1 "), "{}", evaluation.to_html().text());
    }
}
